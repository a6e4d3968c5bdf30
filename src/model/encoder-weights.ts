import { panelIndex } from '../compute/panels.ts';
import { padWidth } from '../compute/program.ts';
import type { BodyNames, TensorNames } from './architectures/architecture.ts';
import { type EncoderSizes, paddedSizes } from './encoder.ts';
import type { Chunk } from './planner.ts';

/** Gives the named tensor as float32, checked to have this shape; each may be taken once. */
export type TakeTensor = (name: string, shape: readonly number[]) => Float32Array;

/** Tables that stay on the CPU: only the rows of a chunk are ever summed. Row-major (entries, width), unpadded. */
export interface Embeddings {
  readonly width: number;
  readonly word: Float32Array;
  readonly position: Float32Array;
  /** Null where the model knows no token types. */
  readonly type: Float32Array | null;
}

export interface TableSizes {
  readonly vocabulary: number;
  readonly positions: number;
  readonly types: number;
}

/** The embedding tables of an encoder. */
export function takeEmbeddings(
  { embeddingWidth }: Pick<EncoderSizes, 'embeddingWidth'>,
  tables: TableSizes,
  names: BodyNames,
  take: TakeTensor,
): Embeddings {
  return {
    width: embeddingWidth,
    word: take(names.word, [tables.vocabulary, embeddingWidth]),
    position: take(names.position, [tables.positions, embeddingWidth]),
    type: names.type === null ? null : take(names.type, [tables.types, embeddingWidth]),
  };
}

/** Word + type 0 + position for each row of a chunk's table: (tableRows, padded width), in float32 as the model was trained. */
export function embeddingSums({ width, word, position, type }: Embeddings, chunk: Chunk): Float32Array {
  const stride = padWidth(width);
  const rows = chunk.counts.tableRows;
  const out = new Float32Array(rows * stride);
  for (let r = 0; r < rows; r++) {
    const w = chunk.tableTokens[r] * width;
    const p = chunk.tablePositions[r] * width;
    for (let c = 0; c < width; c++) {
      const typed = type === null ? word[w + c] : Math.fround(word[w + c] + type[c]);
      out[r * stride + c] = typed + position[p + c];
    }
  }
  return out;
}

/** Where a linear map's rows (inputs) and columns (outputs) go among the padded ones, and what its outputs are multiplied by, biases apart where stated. */
interface Placement {
  readonly K: number;
  readonly input?: (k: number) => number;
  readonly output?: (n: number) => number;
  readonly scale?: number;
  readonly biasScale?: number;
}

/** Weight buffers by name, and what puts stored tensors into them. */
export function weightWriter(take: TakeTensor) {
  const out = new Map<string, Float32Array>();
  return {
    out,
    /** A linear map of zeros, (K, columns) and its bias. */
    room(name: string, K: number, columns: number): void {
      out.set(`${name}.weight`, new Float32Array(K * columns));
      out.set(`${name}.bias`, new Float32Array(columns));
    },
    /** A stored map of `inputs` to `outputs` into one that has room: transposed, in panels. */
    place(
      name: string,
      from: string,
      outputs: number,
      inputs: number,
      { K, input, output, scale = 1, biasScale = scale }: Placement,
    ): void {
      const weight = take(`${from}.weight`, [outputs, inputs]);
      const bias = take(`${from}.bias`, [outputs]);
      const [toWeight, toBias] = [out.get(`${name}.weight`), out.get(`${name}.bias`)];
      if (!toWeight || !toBias) return;
      for (let n = 0; n < outputs; n++) {
        const column = output ? output(n) : n;
        for (let k = 0; k < inputs; k++) toWeight[panelIndex(K, input ? input(k) : k, column)] = weight[n * inputs + k] * scale;
        toBias[column] = bias[n] * biasScale;
      }
    },
    norm(name: string, from: string, count: number): void {
      for (const [part, tensor] of [
        ['gamma', 'weight'],
        ['beta', 'bias'],
      ] as const) {
        const values = new Float32Array(padWidth(count));
        values.set(take(`${from}.${tensor}`, [count]));
        out.set(`${name}.${part}`, values);
      }
    },
  };
}

type WeightWriter = ReturnType<typeof weightWriter>;

/**
 * The weight buffers of `encoderProgram` from the tensors of a model whose names are these: those of its body, and its classifier, padded
 * with zeros.
 */
export function encoderWeights(sizes: EncoderSizes, names: TensorNames, take: TakeTensor): Map<string, Float32Array> {
  const writer = weightWriter(take);
  writeBody(writer, sizes, names);
  const padded = paddedSizes(sizes);
  writer.room('dense', padded.width, padded.width);
  writer.place('dense', names.dense, sizes.width, sizes.width, { K: padded.width });
  writer.room('classifier', padded.width, padded.labels);
  writer.place('classifier', names.classifier, sizes.labels, sizes.width, { K: padded.width });
  return writer.out;
}

/** The weights of embeddings and layers: Q, K and V side by side, 1/√(head width) multiplied into Q, and K without its bias. */
export function writeBody({ room, place, norm }: WeightWriter, sizes: EncoderSizes, names: BodyNames): void {
  const padded = paddedSizes(sizes);
  const { width, hidden } = sizes;
  const headSize = width / sizes.heads;
  const inHeads = (c: number) => Math.floor(c / headSize) * padded.headWidth + (c % headSize);

  norm('embedding.norm', names.embeddingNorm, sizes.embeddingWidth);
  if (sizes.embeddingWidth !== width && names.embeddingProjection !== null) {
    room('embedding.projection', padded.embeddingWidth, padded.width);
    place('embedding.projection', names.embeddingProjection, width, sizes.embeddingWidth, { K: padded.embeddingWidth });
  }
  for (let layer = 0; layer < sizes.layers; layer++) {
    const from = names.layer(layer);
    room(`${layer}.qkv`, padded.width, 3 * padded.attention);
    (['query', 'key', 'value'] as const).forEach((part, i) => {
      const output = (n: number) => i * padded.attention + inHeads(n);
      const scale = part === 'query' ? 1 / Math.sqrt(headSize) : 1;
      // K's bias adds the same to all scores of a query, which softmax does not see: left out, it costs float32 no digits.
      const biasScale = part === 'key' ? 0 : scale;
      place(`${layer}.qkv`, from[part], width, width, { K: padded.width, output, scale, biasScale });
    });
    room(`${layer}.projection`, padded.attention, padded.width);
    place(`${layer}.projection`, from.projection, width, width, { K: padded.attention, input: inHeads });
    norm(`${layer}.attentionNorm`, from.attentionNorm, width);
    room(`${layer}.up`, padded.width, padded.hidden);
    place(`${layer}.up`, from.up, hidden, width, { K: padded.width });
    room(`${layer}.down`, padded.hidden, padded.width);
    place(`${layer}.down`, from.down, width, hidden, { K: padded.hidden });
    norm(`${layer}.outputNorm`, from.outputNorm, width);
  }
}

/** The sizes of an encoder whose head lets the first token's row through as it is. */
export function withoutHead(sizes: EncoderSizes): EncoderSizes {
  return { ...sizes, labels: sizes.width, headActivation: 'none' };
}

/** Puts the identity in the place of both maps of the head; `sizes` are those `withoutHead` gave. */
export function leaveOutHead(sizes: EncoderSizes, weights: Map<string, Float32Array>): void {
  const { width } = paddedSizes(sizes);
  const identity = new Float32Array(width * width);
  for (let c = 0; c < sizes.width; c++) identity[panelIndex(width, c, c)] = 1;
  for (const name of ['dense', 'classifier']) {
    weights.set(`${name}.weight`, identity);
    weights.set(`${name}.bias`, new Float32Array(width));
  }
}
