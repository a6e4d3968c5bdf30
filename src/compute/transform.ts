import { WebspexError } from '../core/errors.ts';
import type { Backend, RunOptions } from './backend.ts';
import { type BufferSpec, bufferLength, type Program, type Step } from './program.ts';
import { STAMP_COLUMNS } from './stamp.ts';

/** log2 of the numbers that a workgroup holds. */
const TILE_BITS = 12;
/** Stages of a pass over numbers at a distance: sixteen neighbours of a tile, or more, are read together. */
const MOST_STRIDED = 8;
/** Fewer would leave registers empty. */
const LEAST_STRIDED = 4;
/** Widths in a program are multiples of it. */
const WIDTH_BITS = 3;
/** Results come home in stamped rows of so many numbers. */
const HOME_BITS = 6;
/** Rows are indexed by 32-bit words, and a program of one this long takes half a gigabyte. */
export const MOST_BITS = 24;

/** The stages of one pass over all numbers. */
export interface TransformPass {
  readonly first: number;
  readonly stages: number;
}

/**
 * The passes of a transform of 2^bits numbers, in the order of radix 2: as many stages as a workgroup's memory holds, then up to eight a pass
 * over numbers at a distance, none less than four. One up to 2^12, two up to 2^20, three up to 2^24.
 */
export function transformPasses(bits: number): TransformPass[] {
  if (bits <= TILE_BITS) return [{ first: 0, stages: bits }];
  const passes = Math.ceil((bits - TILE_BITS) / MOST_STRIDED);
  const strided = Math.max(bits - TILE_BITS, passes * LEAST_STRIDED);
  const out = [{ first: 0, stages: bits - strided }];
  for (let p = 0, first = bits - strided; p < passes; p++) {
    const stages = Math.ceil((bits - first) / (passes - p));
    out.push({ first, stages });
    first += stages;
  }
  return out;
}

/** Transforms rows of one length on a backend. */
export interface RowTransform {
  /** Numbers of a row: a power of two. */
  readonly size: number;
  readonly mostRows: number;
  /**
   * The unnormalised Walsh–Hadamard transform of each row, out[k] = Σ_m (−1)^⟨k,m⟩ in[m], in new memory.
   * @throws usage where there are no whole rows or too many, non-finite, device-lost, aborted.
   */
  run(rows: Float32Array, options?: Pick<RunOptions, 'signal'>): Promise<Float32Array>;
  destroy(): void;
}

/**
 * Prepares a transform of up to `mostRows` rows of `size` numbers on a backend. Sums are float32, each rounded once and formed in the order of
 * radix 2, so that WebAssembly and a GPU that rounds as IEEE 754 has it give the same bits (`reference`: float64, rounded at the end).
 *
 * Numbers go to the device and come back in each run: on a GPU that costs more than the transform itself, which WebAssembly does at about a
 * millisecond for 2^20 numbers. It is for batches of many millions; smaller ones are quicker in `fwht`.
 * @throws usage where the size is no power of two up to 2^24; out-of-memory where a row, or all of them, are beyond the device's limits.
 */
export async function createRowTransform(backend: Backend, size: number, mostRows: number): Promise<RowTransform> {
  const bits = Math.log2(size);
  if (!Number.isInteger(bits) || bits < 0 || bits > MOST_BITS)
    throw new WebspexError('usage', `transform: expected rows of a power of two up to 2^${MOST_BITS} numbers, got ${size}; pad them`);
  if (!Number.isInteger(mostRows) || mostRows < 1)
    throw new WebspexError('usage', `transform: expected at least 1 row, got ${mostRows}; pass the most rows of a run`);
  const columns = 2 ** Math.max(bits, WIDTH_BITS);
  const program = transformProgram(bits, Math.ceil((mostRows * size) / columns));
  checkLimits(backend, program, size, mostRows);
  const executable = await backend.prepare(program, new Map());
  const home = homeColumns(columns);
  return {
    size,
    mostRows,
    async run(rows, { signal } = {}) {
      const count = rows.length / size;
      if (!Number.isInteger(count) || count < 1 || count > mostRows)
        throw new WebspexError(
          'usage',
          `transform: expected 1 to ${mostRows} rows of ${size} numbers, got ${rows.length} numbers; pass whole rows`,
        );
      const tokens = Math.ceil(rows.length / columns);
      const input = rows.length === tokens * columns ? rows : padded(rows, tokens * columns);
      const counts = { tokens, tableRows: 0, sequences: (tokens * columns) / home };
      const nameRow = (row: number) => `row ${Math.floor((row * home) / size)}`;
      const out = await executable.run({ input }, counts, { signal, nameRow });
      return out.length === rows.length ? out : out.slice(0, rows.length);
    },
    destroy: () => executable.destroy(),
  };
}

/**
 * The transforms of all rows of `size` numbers on a backend, prepared for this one call, in as many runs as its buffers ask for.
 * @throws as `createRowTransform` and its runs.
 */
export async function transformRows(
  backend: Backend,
  rows: Float32Array,
  size: number,
  options: Pick<RunOptions, 'signal'> = {},
): Promise<Float32Array> {
  // What comes home takes most: (2^HOME_BITS + STAMP_COLUMNS) words for 2^HOME_BITS numbers, or 10 for 8.
  const fitting = Math.floor((backend.limits.bufferBytes * 8) / (10 * 4 * size));
  const all = Math.max(1, Math.ceil(rows.length / size));
  const transform = await createRowTransform(backend, size, Math.max(1, Math.min(all, fitting)));
  try {
    if (rows.length <= transform.mostRows * size) return await transform.run(rows, options);
    const out = new Float32Array(rows.length);
    const step = transform.mostRows * size;
    for (let at = 0; at < rows.length; at += step) out.set(await transform.run(rows.subarray(at, at + step), options), at);
    return out;
  } finally {
    transform.destroy();
  }
}

/** Rows of 2^bits numbers, several to a row of the program where they are short; `finish` brings them home in pieces. */
export function transformProgram(bits: number, rows: number): Program {
  const columns = 2 ** Math.max(bits, WIDTH_BITS);
  const home = homeColumns(columns);
  const passes = transformPasses(bits);
  const names = ['input', ...passes.map((_, p) => (p % 2 ? 'odd' : 'even'))];
  const scratch = [...new Set(names.slice(1))].map(
    (name): BufferSpec => ({ name, kind: 'scratch', type: 'f32', rows: 'tokens', columns, single: true }),
  );
  const last = names[passes.length];
  return {
    buffers: [
      { name: 'input', kind: 'input', type: 'f32', rows: 'tokens', columns },
      ...scratch,
      { name: 'home', kind: 'output', type: 'u32', rows: 'sequences', columns: home + STAMP_COLUMNS },
    ],
    steps: [
      ...passes.map(
        ({ first, stages }, p): Step => ({
          kernel: 'fwht',
          rows: 'tokens',
          bindings: { input: names[p], output: names[p + 1] },
          constants: { STAGES: stages, STRIDED: Number(first > 0) },
          params: { columns, first },
        }),
      ),
      {
        kernel: 'finish',
        rows: 'sequences',
        bindings: { hidden: last, logits: last, output: 'home' },
        constants: { WIDTH: 0, LABELS: home },
        params: { hiddenStride: 0, logitStride: home },
      },
    ],
    capacity: { tokens: rows, tableRows: 0, sequences: (rows * columns) / home },
  };
}

/** Numbers of a row that comes home, of which `columns` are a multiple. */
function homeColumns(columns: number): number {
  return Math.min(columns, 2 ** HOME_BITS);
}

function padded(rows: Float32Array, length: number): Float32Array {
  const out = new Float32Array(length);
  out.set(rows);
  return out;
}

function checkLimits({ limits, info }: Backend, program: Program, size: number, mostRows: number): void {
  const largest = 4 * Math.max(...program.buffers.map((spec) => bufferLength(spec, program.capacity)));
  if (largest > limits.bufferBytes)
    throw new WebspexError(
      'out-of-memory',
      `transform: expected at most ${limits.bufferBytes} bytes in a buffer of ${info.adapter}, got ${largest} for ${mostRows} rows of ${size} numbers; pass fewer rows at a time`,
    );
}
