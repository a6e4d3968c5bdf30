import { padWidth } from '../../compute/program.ts';
import { stretches } from '../token-scores.ts';
import type { DecoderArchitecture, DecoderNames } from './architecture.ts';
import { type DecoderSizes, paddedDecoder } from './decoder.ts';
import {
  commonType,
  emptyPanels,
  fillPanels,
  type Panels,
  type Placement,
  type StoredMatrix,
  scaledType,
  type WeightType,
} from './stored.ts';

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

/** Opens the named matrix of a linear map or a table, checked to have this shape: (rows, columns), or where `inputsFirst` the other way round. */
export type TakeMatrix = (name: string, rows: number, columns: number, inputsFirst: boolean) => StoredMatrix;

/** Where a stored map goes among the padded ones: see `fillPanels`; biases may have a scale of their own. */
interface Place extends Placement {
  readonly to: string;
  readonly biasScale?: number;
}

/** Some outputs of a stored map: `count` from `first` on. */
interface Stored {
  readonly weight: StoredMatrix;
  readonly bias: Float32Array | null;
  readonly first: number;
  readonly count: number;
}

/**
 * The weight buffers of `decoderProgram`: inputs first, in panels, padded with zeros, Q, K and V side by side, 1/√(head size) multiplied
 * into Q (or into its norm), heads reordered so that rotations turn column i with column i + half, the head in stretches of the vocabulary,
 * matrices of the types that `typeOf` gives. `head` is (vocabulary, width).
 */
export function decoderWeights(
  sizes: DecoderSizes,
  storage: Storage,
  typeOf: (buffer: string) => WeightType,
  take: TakeTensor,
  matrix: TakeMatrix,
  head: StoredMatrix,
): Map<string, Float32Array | Uint32Array> {
  const { names, inputsFirst, bias } = storage;
  const { width, heads, keyHeads, headSize, hidden } = sizes;
  const padded = paddedDecoder(sizes);
  const out = new Map<string, Float32Array | Uint32Array>();

  const rooms = new Map<string, Panels>();
  const room = (name: string, K: number, columns: number) => {
    const panels = emptyPanels(typeOf(`${name}.weight`), K, columns);
    rooms.set(name, panels);
    out.set(`${name}.weight`, panels.values);
    out.set(`${name}.bias`, new Float32Array(columns));
  };
  const stored = (name: string, inputs: number, outputs: number, biased: boolean): Stored => ({
    weight: matrix(`${name}.weight`, outputs, inputs, inputsFirst),
    bias: biased ? take(`${name}.bias`, [outputs]) : null,
    first: 0,
    count: outputs,
  });
  const place = ({ weight, bias: biases, first, count }: Stored, { to, output, input, scale = 1, biasScale = scale }: Place) => {
    fillPanels(rooms.get(to) as Panels, weight, { first, count, output, input, scale });
    const column = out.get(`${to}.bias`) as Float32Array;
    if (biases) for (let n = 0; n < count; n++) column[output ? output(n) : n] = biases[first + n] * biasScale;
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
    const qkv = { to: `${layer}.qkv` };
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
    place(stored(from.projection, queries, width, bias.projection), {
      to: `${layer}.projection`,
      input: headSize % 8 === 0 ? undefined : plain,
    });
    norm(`${layer}.mlpNorm`, from.mlpNorm);
    room(`${layer}.up`, padded.width, sizes.gated ? 2 * padded.hidden : padded.hidden);
    const up = { to: `${layer}.up` };
    if (from.gate !== null) place(stored(from.gate, width, hidden, bias.mlp), up);
    place(stored(from.up, width, hidden, bias.mlp), { ...up, output: (n) => (sizes.gated ? padded.hidden + n : n) });
    room(`${layer}.down`, padded.hidden, padded.width);
    place(stored(from.down, hidden, width, bias.mlp), { to: `${layer}.down` });
  }
  norm('norm', names.norm);
  tokenHead(head, sizes, typeOf).forEach((values, name) => {
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
  return outputs.map((count, i) => ({ ...whole, first: outputs.slice(0, i).reduce((a, b) => a + b, 0), count }));
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
  head: StoredMatrix,
  { vocabulary, width }: Pick<DecoderSizes, 'vocabulary' | 'width'>,
  typeOf: (buffer: string) => WeightType,
  bias?: Float32Array,
): Map<string, Float32Array | Uint32Array> {
  const out = new Map<string, Float32Array | Uint32Array>();
  stretches(vocabulary).forEach(({ first, count }, i) => {
    const panels = emptyPanels(typeOf(`head.${i}.weight`), padWidth(width), padWidth(count));
    fillPanels(panels, head, { first, count });
    const biases = new Float32Array(padWidth(count));
    if (bias) biases.set(bias.subarray(first, first + count));
    out.set(`head.${i}.weight`, panels.values);
    out.set(`head.${i}.bias`, biases);
  });
  return out;
}

/**
 * The types of the weight buffers of `decoderProgram`, the smallest that hold the same numbers as float32 would; `stored` gives the type of a
 * tensor, `head` that of the head.
 */
export function decoderTypes(
  sizes: DecoderSizes,
  { names }: Storage,
  stored: (tensor: string) => WeightType,
  head: WeightType,
): (buffer: string) => WeightType {
  const { headSize } = sizes;
  const out = new Map<string, WeightType>();
  const set = (buffer: string, types: readonly WeightType[]) => out.set(`${buffer}.weight`, commonType(types));
  const of = (name: string) => stored(`${name}.weight`);
  for (let layer = 0; layer < sizes.layers; layer++) {
    const { qkv, headNorm, projection, gate, up, down } = names.layer(layer);
    const scaled = (type: WeightType) => scaledType(type, headNorm ? 1 : 1 / Math.sqrt(headSize));
    set(`${layer}.qkv`, typeof qkv === 'string' ? [scaled(of(qkv)), of(qkv)] : [scaled(of(qkv.query)), of(qkv.key), of(qkv.value)]);
    // Padding between heads would fall within blocks of levels.
    const inHeads = of(projection);
    set(`${layer}.projection`, [headSize % 8 !== 0 && (inHeads === 'q8' || inHeads === 'q4') ? 'f32' : inHeads]);
    set(`${layer}.up`, gate === null ? [of(up)] : [of(gate), of(up)]);
    set(`${layer}.down`, [of(down)]);
  }
  stretches(sizes.vocabulary).forEach((_, i) => {
    set(`head.${i}`, [head]);
  });
  return (buffer) => out.get(buffer) ?? 'f32';
}
