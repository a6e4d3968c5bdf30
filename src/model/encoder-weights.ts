import { panelIndex } from '../compute/panels.ts';
import { padWidth, type Weights } from '../compute/program.ts';
import type { BodyNames, TensorNames } from './architectures/architecture.ts';
import type { WeightTypes } from './causal/decoder.ts';
import { commonType, emptyPanels, fillPanels, matrixOf, type Placement, type StoredMatrix, type WeightType } from './causal/stored.ts';
import { type EncoderSizes, paddedSizes } from './encoder.ts';
import type { Chunk } from './planner.ts';

/** Gives the named tensor as float32, checked to have this shape; each may be taken once. */
export type TakeTensor = (name: string, shape: readonly number[]) => Float32Array;
/** Gives the named matrix as it is stored, checked to have so many rows and columns. */
export type TakeMatrix = (name: string, rows: number, columns: number) => StoredMatrix;

/** The tensors of an encoder by name; each may be taken once. All throw bad-file naming the tensor. */
export interface EncoderTensors {
  readonly take: TakeTensor;
  /** Default made of `take`. */
  readonly matrix?: TakeMatrix;
  /** A matrix that has been read once, and that holds on to nothing else of its file; default made of `take`. */
  readonly table?: TakeMatrix;
}

function takeSingle(take: TakeTensor): TakeMatrix {
  return (name, rows, columns) => matrixOf(take(name, [rows, columns]), rows, columns);
}

/** The same tensors for a program whose matrices are float32; tables stay as they are stored. */
export function expanded<T extends Required<EncoderTensors>>(tensors: T): T {
  const single =
    (take: TakeMatrix): TakeMatrix =>
    (name, rows, columns) => ({ ...take(name, rows, columns), type: 'f32' });
  return { ...tensors, matrix: single(tensors.matrix), table: single(tensors.table) };
}

/** Tables that stay on the CPU: only the rows of a chunk are ever summed. Row-major (entries, width), unpadded. */
export interface Embeddings {
  readonly width: number;
  /** At the precision that its file has it in. */
  readonly word: StoredMatrix;
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
  { take, table = takeSingle(take) }: EncoderTensors,
): Embeddings {
  return {
    width: embeddingWidth,
    word: table(names.word, tables.vocabulary, embeddingWidth),
    position: take(names.position, [tables.positions, embeddingWidth]),
    type: names.type === null ? null : take(names.type, [tables.types, embeddingWidth]),
  };
}

/** Sums at hand for the next chunk, as most of its (token, position) pairs were in the one before: by pair, where the row lies. */
interface Sums {
  readonly at: Map<number, number>;
  rows: Float32Array;
}

/** About 12 MB of a width of 384. */
const MOST_SUMS = 8192;
const FIRST_SUMS = 512;
const sumsOf = new WeakMap<Embeddings, Sums>();

/** Word + type 0 + position for each row of a chunk's table: (tableRows, padded width), in float32 as the model was trained. */
export function embeddingSums(embeddings: Embeddings, { counts, tableTokens, tablePositions }: Chunk): Float32Array {
  const stride = padWidth(embeddings.width);
  const out = new Float32Array(counts.tableRows * stride);
  let kept = sumsOf.get(embeddings);
  if (!kept) {
    kept = { at: new Map(), rows: new Float32Array(FIRST_SUMS * stride) };
    sumsOf.set(embeddings, kept);
  }
  for (let r = 0; r < counts.tableRows; r++) {
    const pair = tableTokens[r] * 0x200000 + tablePositions[r];
    let at = kept.at.get(pair);
    if (at === undefined) {
      at = place(kept, pair, stride);
      sumInto(kept.rows.subarray(at, at + embeddings.width), embeddings, tableTokens[r], tablePositions[r]);
    }
    out.set(kept.rows.subarray(at, at + stride), r * stride);
  }
  return out;
}

/** Room for another row; where there is none left, all others go. */
function place(kept: Sums, pair: number, stride: number): number {
  if (kept.at.size === MOST_SUMS) kept.at.clear();
  const at = kept.at.size * stride;
  if (at === kept.rows.length) {
    const before = kept.rows;
    kept.rows = new Float32Array(2 * before.length);
    kept.rows.set(before);
  }
  kept.at.set(pair, at);
  return at;
}

function sumInto(out: Float32Array, { width, word, position, type }: Embeddings, token: number, place: number): void {
  const p = place * width;
  word.row(token, out);
  for (let c = 0; c < width; c++) {
    const typed = type === null ? out[c] : Math.fround(out[c] + type[c]);
    out[c] = typed + position[p + c];
  }
}

/** The weight buffers of a program by name, and how each is stored. */
export interface MadeWeights {
  readonly weights: Weights;
  readonly types: WeightTypes;
}

/** A stored linear map among those that make one of a program: where its outputs and inputs go, and whether its bias counts. */
interface Part extends Pick<Placement, 'input' | 'output'> {
  readonly from: string;
  readonly outputs: number;
  readonly inputs: number;
  readonly biased?: false;
}

/** Weight buffers by name, and what puts stored tensors into them. */
export function weightWriter({ take, matrix = takeSingle(take) }: EncoderTensors) {
  const weights = new Map<string, Float32Array | Uint32Array>();
  const types = new Map<string, WeightType>();
  return {
    take,
    matrix,
    weights,
    made: (): MadeWeights => ({ weights, types: (buffer) => types.get(buffer) ?? 'f32' }),
    /** A linear map of (K, columns) and its bias out of stored ones, at the smallest precision that holds them all; zeros elsewhere. */
    linear(name: string, K: number, columns: number, parts: readonly Part[]): void {
      const stored = parts.map(({ from, outputs, inputs }) => matrix(`${from}.weight`, outputs, inputs));
      const type = commonType(stored.map((m, i) => (parts[i].input && (m.type === 'q8' || m.type === 'q4') ? 'f32' : m.type)));
      const panels = emptyPanels(type, K, columns);
      const biases = new Float32Array(columns);
      parts.forEach(({ from, outputs, input, output = (n) => n, biased = true }, i) => {
        fillPanels(panels, stored[i], { input, output });
        const bias = take(`${from}.bias`, [outputs]);
        if (biased) for (let n = 0; n < outputs; n++) biases[output(n)] = bias[n];
      });
      types.set(`${name}.weight`, type);
      weights.set(`${name}.weight`, panels.values);
      weights.set(`${name}.bias`, biases);
    },
    norm(name: string, from: string, count: number): void {
      for (const [part, tensor] of [
        ['gamma', 'weight'],
        ['beta', 'bias'],
      ] as const) {
        const values = new Float32Array(padWidth(count));
        values.set(take(`${from}.${tensor}`, [count]));
        weights.set(`${name}.${part}`, values);
      }
    },
    /** Other buffers, and those of them that are not of float32. */
    add(buffers: Weights, typeOf: WeightTypes = () => 'f32'): void {
      for (const [name, values] of buffers) {
        weights.set(name, values);
        types.set(name, typeOf(name));
      }
    },
  };
}

export type WeightWriter = ReturnType<typeof weightWriter>;

/**
 * The weight buffers of `encoderProgram` from the tensors of a model whose names are these: those of its body, and its classifier, padded
 * with zeros.
 */
export function encoderWeights(sizes: EncoderSizes, names: TensorNames, tensors: EncoderTensors): WeightWriter {
  const writer = weightWriter(tensors);
  writeBody(writer, sizes, names);
  const { width: K, labels } = paddedSizes(sizes);
  writer.linear('dense', K, K, [{ from: names.dense, outputs: sizes.width, inputs: sizes.width }]);
  writer.linear('classifier', K, labels, [{ from: names.classifier, outputs: sizes.labels, inputs: sizes.width }]);
  return writer;
}

/** The weights of embeddings and layers: Q, K and V side by side, and K without its bias. */
export function writeBody({ linear, norm }: WeightWriter, sizes: EncoderSizes, names: BodyNames): void {
  const padded = paddedSizes(sizes);
  const { width, hidden, embeddingWidth } = sizes;
  const headSize = width / sizes.heads;
  const inHeads = (c: number) => Math.floor(c / headSize) * padded.headWidth + (c % headSize);

  norm('embedding.norm', names.embeddingNorm, embeddingWidth);
  if (embeddingWidth !== width && names.embeddingProjection !== null)
    linear('embedding.projection', padded.embeddingWidth, padded.width, [
      { from: names.embeddingProjection, outputs: width, inputs: embeddingWidth },
    ]);
  for (let layer = 0; layer < sizes.layers; layer++) {
    const from = names.layer(layer);
    const part = (stored: string, place: number) => ({
      from: stored,
      outputs: width,
      inputs: width,
      output: (n: number) => place * padded.attention + inHeads(n),
    });
    linear(`${layer}.qkv`, padded.width, 3 * padded.attention, [
      part(from.query, 0),
      // K's bias adds the same to all scores of a query, which softmax does not see: left out, it costs float32 no digits.
      { ...part(from.key, 1), biased: false },
      part(from.value, 2),
    ]);
    const input = headSize === padded.headWidth ? undefined : inHeads;
    linear(`${layer}.projection`, padded.attention, padded.width, [{ from: from.projection, outputs: width, inputs: width, input }]);
    norm(`${layer}.attentionNorm`, from.attentionNorm, width);
    linear(`${layer}.up`, padded.width, padded.hidden, [{ from: from.up, outputs: hidden, inputs: width }]);
    linear(`${layer}.down`, padded.hidden, padded.width, [{ from: from.down, outputs: width, inputs: hidden }]);
    norm(`${layer}.outputNorm`, from.outputNorm, width);
  }
}

/** The sizes of an encoder whose head lets the first token's row through as it is. */
export function withoutHead(sizes: EncoderSizes): EncoderSizes {
  return { ...sizes, labels: sizes.width, headActivation: 'none' };
}

/** Puts the identity in the place of both maps of the head; `sizes` are those `withoutHead` gave. */
export function leaveOutHead(sizes: EncoderSizes, { add }: WeightWriter): void {
  const { width } = paddedSizes(sizes);
  const identity = new Float32Array(width * width);
  for (let c = 0; c < sizes.width; c++) identity[panelIndex(width, c, c)] = 1;
  for (const name of ['dense', 'classifier'])
    add(
      new Map([
        [`${name}.weight`, identity],
        [`${name}.bias`, new Float32Array(width)],
      ]),
    );
}
