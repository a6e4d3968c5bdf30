import type { Program } from '../../src/compute/program.ts';
import { createRandom } from '../../src/core/random.ts';
import { NAIVE_ACTIVATIONS } from './activations.ts';
import { type KernelCase, type Matrix, normals, placed, whole } from './support.ts';

/** A kernel to be run alone, and its whole output by the textbook. */
export interface Checked {
  readonly given: KernelCase;
  readonly want: number[];
}

export interface AttentionShape {
  readonly heads: number;
  readonly keyHeads: number;
  readonly width: number;
  /** Rows of each path, first token first. */
  readonly paths: readonly (readonly number[])[];
  /** Queries: a path and how many of its rows are seen. */
  readonly queries: readonly (readonly [path: number, seen: number])[];
}

/** Every row of every path that no path before it has: what a planner makes of sequences that begin alike. */
export function queriesOf(paths: readonly (readonly number[])[]): [number, number][] {
  const seen = new Set<number>();
  return paths.flatMap((path, p) =>
    path.flatMap((row, i): [number, number][] => {
      if (seen.has(row)) return [];
      seen.add(row);
      return [[p, i + 1]];
    }),
  );
}

/** Queries in a buffer of their own; keys and values side by side behind eight columns of rubbish. */
export function attentionCase({ heads, keyHeads, width, paths, queries }: AttentionShape): Checked {
  const [wide, keyWide] = [heads * width, keyHeads * width];
  const columns = 8 + 2 * keyWide;
  const query = normals(createRandom(wide), queries.length, wide);
  const keyValue = normals(createRandom(wide + 1), Math.max(...paths.flat()) + 1, columns);
  const starts = paths.map((_, p) => paths.slice(0, p).reduce((sum, path) => sum + path.length, 0));
  const want = queries.map(([p, seen], r) =>
    Array.from({ length: wide }, (_, c) => {
      const head = Math.floor(c / width);
      const shared = Math.floor(head / (heads / keyHeads)) * width;
      const rows = paths[p].slice(0, seen);
      const scores = rows.map((row) => {
        let score = 0;
        for (let d = 0; d < width; d++)
          score += query.values[r * wide + head * width + d] * keyValue.values[row * columns + 8 + shared + d];
        return score;
      });
      const top = Math.max(...scores);
      const weights = scores.map((s) => Math.exp(s - top));
      const sum = weights.reduce((a, b) => a + b, 0);
      return rows.reduce((v, row, i) => v + (weights[i] / sum) * keyValue.values[row * columns + 8 + keyWide + shared + (c % width)], 0);
    }),
  );
  const given: KernelCase = {
    kernel: 'causal-attention',
    reads: {
      query,
      keyValue,
      paths: whole(paths.flat().length, 1, paths.flat()),
      ranges: whole(
        queries.length,
        2,
        queries.flatMap(([p, seen]) => [starts[p], starts[p] + seen]),
      ),
    },
    constants: { HEADS: heads, KEY_HEADS: keyHeads, HEAD_WIDTH: width },
    params: { queryStride: wide, keyStride: columns, keyColumn: 8, valueColumn: 8 + keyWide, outputStride: wide + 8 },
    rows: queries.length,
    outputColumns: wide + 8,
  };
  return { given, want: placed(given, want) };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const onPaths = (heads: number, keyHeads: number, width: number, paths: readonly (readonly number[])[]): AttentionShape => ({
  heads,
  keyHeads,
  width,
  paths,
  queries: queriesOf(paths),
});

/** One token; packed sequences that share nothing; a tree of prefixes; paths on every side of sixteen keys; few rows of long paths. */
export const ATTENTION_SHAPES: readonly (AttentionShape & { readonly what: string })[] = [
  { what: 'one token', ...onPaths(1, 1, 8, [[0]]) },
  { what: 'sequences that share nothing', ...onPaths(2, 2, 16, [range(0, 5), range(5, 6), range(6, 15), range(15, 32)]) },
  {
    what: 'sequences that begin alike',
    ...onPaths(4, 2, 8, [range(0, 7), [0, 1, 2, 7, 8], [0, 1, 2, 7, 9, 10, 11], [0, 12, 13], [14, ...range(15, 34)]]),
  },
  { what: 'nine query heads for three key heads', ...onPaths(9, 3, 64, [range(0, 17), [...range(0, 11), ...range(17, 23)]]) },
  { what: 'one key head for all', ...onPaths(4, 1, 40, [range(0, 18)]) },
  {
    what: 'single rows of long paths',
    heads: 2,
    keyHeads: 1,
    width: 24,
    paths: [range(0, 150), [...range(0, 60), 150]],
    queries: [
      [0, 150],
      [0, 61],
      [1, 61],
      [1, 1],
    ],
  },
];

/** Rows of `width` numbers padded with zeros to `stride`, from a normal distribution around `offset`. */
export function rmsNormCase(rows: number, width: number, stride: number, epsilon: number, scale = 1): Checked {
  const random = createRandom(width);
  const input = normals(random, rows, stride, scale);
  for (let i = 0; i < input.values.length; i++) if (i % stride >= width) input.values[i] = 0;
  const gamma = normals(random, 1, stride);
  const given: KernelCase = {
    kernel: 'rms-norm',
    reads: { input, gamma },
    constants: { WIDTH: width, STRIDE: stride, EPSILON: epsilon },
    params: {},
    rows,
    outputColumns: stride,
  };
  const want = Array.from({ length: rows }, (_, r) => {
    const x = [...input.values.subarray(r * stride, r * stride + width)];
    const mean = x.reduce((a, b) => a + b * b, 0) / width;
    return x.map((v, c) => (v / Math.sqrt(mean + epsilon)) * gamma.values[c]);
  });
  return { given, want: placed(given, want) };
}

export interface RotateShape {
  readonly rows: number;
  readonly heads: number;
  /** Real columns of a head, and of its room. */
  readonly size: number;
  readonly width: number;
  readonly norm: boolean;
}

/** Heads behind eight columns of rubbish, turned by the angles position · base^(−2i / size) of RoPE; each half of a head padded with zeros. */
export function rotateCase({ rows, heads, size, width, norm }: RotateShape, scale = 1): Checked {
  const random = createRandom(rows + size);
  const columns = 8 + heads * width;
  const half = width / 2;
  const real = (c: number) => c % half < size / 2;
  const input = normals(random, rows, columns, scale);
  for (let i = 0; i < input.values.length; i++) {
    const c = i % columns;
    if (c >= 8 && !real((c - 8) % width)) input.values[i] = 0;
  }
  const positions = Array.from({ length: rows }, (_, r) => (r * 7) % 23);
  const angle = (p: number, i: number) => p * 10000 ** ((-2 * i) / size);
  const table = Float32Array.from({ length: 23 * width }, (_, k) => {
    const [p, c] = [Math.floor(k / width), k % width];
    return c < half ? Math.cos(angle(p, c)) : Math.sin(angle(p, c - half));
  });
  const gamma = normals(random, 1, 16 + heads * width);
  const epsilon = 1e-5;
  const given: KernelCase = {
    kernel: 'rotate-heads',
    reads: {
      input,
      position: whole(rows, 1, positions),
      rotations: { rows: 23, columns: width, values: table },
      ...(norm ? { gamma } : {}),
    },
    constants: { HEAD_WIDTH: width, HEAD_SIZE: size, NORM: norm ? 1 : 0, EPSILON: epsilon },
    params: { heads, inputStride: columns, inputColumn: 8, outputStride: columns, outputColumn: 8, gammaColumn: 16 },
    rows,
    outputColumns: columns,
  };
  const want = Array.from({ length: rows }, (_, r) =>
    Array.from({ length: heads * width }, (_, c) => {
      const [h, i] = [Math.floor(c / width), c % half];
      const at = (d: number) => input.values[r * columns + 8 + h * width + d];
      const mean = Array.from({ length: width }, (_, d) => at(d) ** 2).reduce((a, b) => a + b, 0) / size;
      const x = (d: number) => (norm ? (at(d) / Math.sqrt(mean + epsilon)) * gamma.values[16 + h * width + d] : at(d));
      const [cosine, sine] = [table[positions[r] * width + i], table[positions[r] * width + half + i]];
      return c % width < half ? x(i) * cosine - x(half + i) * sine : x(half + i) * cosine + x(i) * sine;
    }),
  );
  return { given, want: placed(given, want, 8) };
}

export const ROTATE_SHAPES: readonly RotateShape[] = [
  { rows: 1, heads: 1, size: 8, width: 8, norm: false },
  { rows: 70, heads: 3, size: 20, width: 24, norm: false },
  { rows: 5, heads: 2, size: 64, width: 64, norm: true },
  { rows: 9, heads: 2, size: 6, width: 8, norm: true },
];

/** activation(gate) · up beside it. */
export function gatedCase(rows: number, columns: number, activation: number): Checked {
  const stride = 2 * columns + 8;
  const input = normals(createRandom(columns), rows, stride, 3);
  const given: KernelCase = {
    kernel: 'gated-unit',
    reads: { input },
    constants: { ACTIVATION: activation },
    params: { columns, inputStride: stride, outputStride: columns + 8 },
    rows,
    outputColumns: columns + 8,
  };
  const want = Array.from({ length: rows }, (_, r) =>
    Array.from(
      { length: columns },
      (_, c) => NAIVE_ACTIVATIONS[activation](input.values[r * stride + c]) * input.values[r * stride + columns + c],
    ),
  );
  return { given, want: placed(given, want) };
}

/** Logits of a vocabulary in stretches of so many tokens, each a buffer of its own, through `token-scores` and home. */
export function scoresProgram(rows: number, stretches: readonly number[]): Program {
  const strides = stretches.map((columns) => Math.ceil(columns / 8) * 8);
  return {
    buffers: [
      ...stretches.map((_, s) => ({ name: `logits${s}`, kind: 'input', type: 'f32', rows: 'sequences', columns: strides[s] }) as const),
      { name: 'targets', kind: 'input', type: 'u32', rows: 'sequences', columns: 2 },
      { name: 'scores', kind: 'scratch', type: 'f32', rows: 'sequences', columns: 8 },
      { name: 'home', kind: 'output', type: 'u32', rows: 'sequences', columns: 10 },
    ],
    steps: [
      ...stretches.map(
        (columns, s) =>
          ({
            kernel: 'token-scores',
            rows: 'sequences',
            bindings: { logits: `logits${s}`, targets: 'targets', output: 'scores' },
            constants: {},
            params: { columns, logitStride: strides[s], firstToken: stretches.slice(0, s).reduce((a, b) => a + b, 0) },
          }) as const,
      ),
      {
        kernel: 'finish',
        rows: 'sequences',
        bindings: { hidden: 'scores', logits: 'scores', output: 'home' },
        constants: { WIDTH: 8, LABELS: 8 },
        params: { hiddenStride: 8, logitStride: 8 },
      },
    ],
    capacity: { tokens: 0, tableRows: 0, sequences: rows },
  };
}

/** Inputs of `scoresProgram`, and its output by the textbook. */
export function scoresCase(logits: Matrix, targets: readonly (readonly [number, number])[], stretches: readonly number[]) {
  const { rows, columns, values } = logits;
  const inputs: Record<string, Float32Array | Uint32Array> = { targets: Uint32Array.from(targets.flat()) };
  let first = 0;
  stretches.forEach((count, s) => {
    const stride = Math.ceil(count / 8) * 8;
    // What lies in the padding is no token, however high.
    const part = new Float32Array(rows * stride).fill(1e6);
    for (let r = 0; r < rows; r++) part.set(values.subarray(r * columns + first, r * columns + first + count), r * stride);
    inputs[`logits${s}`] = part;
    first += count;
  });
  const want = targets.flatMap(([a, b], r) => {
    const row = [...values.subarray(r * columns, (r + 1) * columns)];
    const highest = Math.max(...row);
    return [highest, row.reduce((sum, z) => sum + Math.exp(z - highest), 0), row[a], row[b], row.indexOf(highest), 0, 0, 0];
  });
  return { inputs, want };
}
