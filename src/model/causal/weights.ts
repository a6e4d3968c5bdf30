import { panelIndex } from '../../compute/panels.ts';
import { padWidth } from '../../compute/program.ts';
import type { DecoderArchitecture, DecoderNames } from './architecture.ts';
import { type DecoderSizes, paddedDecoder, stretches } from './decoder.ts';

/** Gives the named tensor as float32, checked to have this shape. */
export type TakeTensor = (name: string, shape: readonly number[]) => Float32Array;

/** What the stored tensors of a model are like, beyond its sizes. */
export interface Storage {
  readonly names: DecoderNames;
  readonly inputsFirst: DecoderArchitecture['inputsFirst'];
  readonly bias: { readonly qkv: boolean; readonly projection: boolean; readonly mlp: boolean };
  /** Rotations turn column i of a head with column i + half of it, or with its neighbour. */
  readonly pairing: 'halves' | 'neighbours';
}

/** Where the rows (inputs) and columns (outputs) of a linear map go among the padded ones, and what its outputs are multiplied by. */
interface Placement {
  readonly to: string;
  readonly K: number;
  readonly input?: (k: number) => number;
  readonly output?: (n: number) => number;
  readonly scale?: number;
  readonly biasScale?: number;
}

/** Some outputs of a stored map: `outputs` of `all` from `first` on, over `inputs`. */
interface Stored {
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
  readonly inputs: number;
  readonly all: number;
  readonly first: number;
  readonly outputs: number;
}

/**
 * The weight buffers of `decoderProgram`: inputs first, in panels, padded with zeros, Q, K and V side by side, 1/√(head size) multiplied
 * into Q (or into its norm), heads reordered so that rotations turn column i with column i + half, the head in stretches of the vocabulary.
 * `head` is (vocabulary, width).
 */
export function decoderWeights(sizes: DecoderSizes, storage: Storage, take: TakeTensor, head: Float32Array): Map<string, Float32Array> {
  const { names, inputsFirst, bias } = storage;
  const { width, heads, keyHeads, headSize, hidden } = sizes;
  const padded = paddedDecoder(sizes);
  const out = new Map<string, Float32Array>();

  const room = (name: string, K: number, columns: number) => {
    out.set(`${name}.weight`, new Float32Array(K * columns));
    out.set(`${name}.bias`, new Float32Array(columns));
  };
  const stored = (name: string, inputs: number, outputs: number, biased: boolean): Stored => ({
    weight: take(`${name}.weight`, inputsFirst ? [inputs, outputs] : [outputs, inputs]),
    bias: biased ? take(`${name}.bias`, [outputs]) : null,
    inputs,
    all: outputs,
    first: 0,
    outputs,
  });
  const place = (from: Stored, { to, K, input, output, scale = 1, biasScale = scale }: Placement) => {
    const weights = out.get(`${to}.weight`) as Float32Array;
    const biases = out.get(`${to}.bias`) as Float32Array;
    const { weight, inputs, all, first, outputs } = from;
    for (let n = 0; n < outputs; n++) {
      const column = output ? output(n) : n;
      for (let k = 0; k < inputs; k++) {
        const at = inputsFirst ? k * all + first + n : (first + n) * inputs + k;
        weights[panelIndex(K, input ? input(k) : k, column)] = weight[at] * scale;
      }
      if (from.bias) biases[column] = from.bias[first + n] * biasScale;
    }
  };
  const norm = (name: string, from: string) => {
    const parts =
      sizes.norm === 'layer-norm'
        ? ([
            ['gamma', 'weight'],
            ['beta', 'bias'],
          ] as const)
        : ([['gamma', 'weight']] as const);
    for (const [part, tensor] of parts) {
      const values = new Float32Array(padded.width);
      values.set(take(`${from}.${tensor}`, [width]));
      out.set(`${name}.${part}`, values);
    }
  };

  const plain = (c: number) => Math.floor(c / headSize) * padded.headWidth + (c % headSize);
  const turned = sizes.rotary ? pairedColumn(sizes, storage.pairing) : plain;
  const scale = 1 / Math.sqrt(headSize);
  for (let layer = 0; layer < sizes.layers; layer++) {
    const from = names.layer(layer);
    const [queries, keys] = [heads * headSize, keyHeads * headSize];
    room(`${layer}.qkv`, padded.width, padded.attention + 2 * padded.keys);
    const parts = qkvParts(from.qkv, [queries, keys, keys], (name, outputs) => stored(name, width, outputs, bias.qkv));
    const qkv = { to: `${layer}.qkv`, K: padded.width };
    // 1/√(head size) is lost in a norm, so a model that has one there gets it in the norm's gamma.
    place(parts[0], { ...qkv, output: turned, scale: from.headNorm ? 1 : scale });
    // A bias of K that is not turned adds the same to all scores of a query, which softmax does not see: left out, it costs no digits.
    place(parts[1], { ...qkv, output: (n) => padded.attention + turned(n), biasScale: sizes.rotary ? 1 : 0 });
    place(parts[2], { ...qkv, output: (n) => padded.attention + padded.keys + plain(n) });
    if (from.headNorm) {
      const gamma = new Float32Array(padded.attention + padded.keys);
      const [query, key] = [take(`${from.headNorm.query}.weight`, [headSize]), take(`${from.headNorm.key}.weight`, [headSize])];
      for (let c = 0; c < queries; c++) gamma[turned(c)] = query[c % headSize] * scale;
      for (let c = 0; c < keys; c++) gamma[padded.attention + turned(c)] = key[c % headSize];
      out.set(`${layer}.headNorm.gamma`, gamma);
    }
    norm(`${layer}.attentionNorm`, from.attentionNorm);
    room(`${layer}.projection`, padded.attention, padded.width);
    place(stored(from.projection, queries, width, bias.projection), { to: `${layer}.projection`, K: padded.attention, input: plain });
    norm(`${layer}.mlpNorm`, from.mlpNorm);
    room(`${layer}.up`, padded.width, sizes.gated ? 2 * padded.hidden : padded.hidden);
    const up = { to: `${layer}.up`, K: padded.width };
    if (from.gate !== null) place(stored(from.gate, width, hidden, bias.mlp), up);
    place(stored(from.up, width, hidden, bias.mlp), { ...up, output: (n) => (sizes.gated ? padded.hidden + n : n) });
    room(`${layer}.down`, padded.hidden, padded.width);
    place(stored(from.down, hidden, width, bias.mlp), { to: `${layer}.down`, K: padded.hidden });
  }
  norm('norm', names.norm);
  tokenHead(head, sizes).forEach((values, name) => {
    out.set(name, values);
  });
  return out;
}

function qkvParts(from: DecoderNamesQkv, outputs: readonly number[], stored: (name: string, outputs: number) => Stored): readonly Stored[] {
  if (typeof from !== 'string') return [from.query, from.key, from.value].map((name, i) => stored(name, outputs[i]));
  const whole = stored(
    from,
    outputs.reduce((a, b) => a + b, 0),
  );
  return outputs.map((count, i) => ({ ...whole, first: outputs.slice(0, i).reduce((a, b) => a + b, 0), outputs: count }));
}

type DecoderNamesQkv = ReturnType<DecoderNames['layer']>['qkv'];

/** Where column c of all heads goes so that the two columns a rotation turns are half a padded head apart. */
function pairedColumn({ headSize }: DecoderSizes, pairing: Storage['pairing']): (c: number) => number {
  const width = padWidth(headSize);
  return (c) => {
    const [head, i] = [Math.floor(c / headSize), c % headSize];
    const [pair, second] = pairing === 'halves' ? [i % (headSize / 2), i >= headSize / 2] : [i >> 1, i % 2 === 1];
    return head * width + pair + (second ? width / 2 : 0);
  };
}

/** The weights of `tokenScores` from (vocabulary, width), and a bias for each token where there are some. */
export function tokenHead(
  head: Float32Array,
  { vocabulary, width }: Pick<DecoderSizes, 'vocabulary' | 'width'>,
  bias?: Float32Array,
): Map<string, Float32Array> {
  const K = padWidth(width);
  const out = new Map<string, Float32Array>();
  stretches(vocabulary).forEach(({ first, count }, i) => {
    const weight = new Float32Array(K * padWidth(count));
    const biases = new Float32Array(padWidth(count));
    for (let n = 0; n < count; n++) for (let k = 0; k < width; k++) weight[panelIndex(K, k, n)] = head[(first + n) * width + k];
    if (bias) biases.set(bias.subarray(first, first + count));
    out.set(`head.${i}.weight`, weight);
    out.set(`head.${i}.bias`, biases);
  });
  return out;
}
