import type { Backend } from '../../src/compute/backend.ts';
import { KERNELS, type KernelName, type KernelSignature } from '../../src/compute/kernels.ts';
import type { Packed } from '../../src/compute/packed.ts';
import type { BufferSpec, Program, Weights } from '../../src/compute/program.ts';
import { STAMP_COLUMNS } from '../../src/compute/stamp.ts';
import type { Random } from '../../src/core/random.ts';

/** A matrix given to a kernel; every row of it, row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array | Uint32Array;
  /** Given as a weight of this packing, its values words. */
  readonly packed?: Packed;
}

/** One kernel with everything bound to its slots, to be run alone. */
export interface KernelCase {
  readonly kernel: KernelName;
  readonly reads: Readonly<Record<string, Matrix>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  /** Rows computed, and columns of the whole output; whatever the kernel leaves alone comes back as 0. */
  readonly rows: number;
  readonly outputColumns: number;
}

/** Rows of output beyond those computed: they must come back untouched. */
const SPARE_ROWS = 3;

/** A program of the one step, and `finish` to carry its whole output home as if it were logits, spare rows too. */
function programOf({ kernel, reads, constants, params, rows, outputColumns }: KernelCase): Program {
  const signature: KernelSignature = KERNELS[kernel];
  const inputs = Object.entries(reads).map(
    ([name, m]): BufferSpec => ({
      name,
      kind: m.packed ? 'weight' : 'input',
      type: m.packed ?? (m.values instanceof Uint32Array ? 'u32' : 'f32'),
      rows: m.rows,
      columns: m.columns,
    }),
  );
  const bindings = Object.fromEntries([...Object.keys(reads).map((slot) => [slot, slot]), [signature.writes, 'result']]);
  return {
    buffers: [
      ...inputs,
      { name: 'result', kind: 'scratch', type: 'f32', rows: 'sequences', columns: outputColumns },
      { name: 'home', kind: 'output', type: 'u32', rows: 'sequences', columns: outputColumns + STAMP_COLUMNS },
    ],
    steps: [
      { kernel, rows: 'tokens', bindings, constants, params },
      {
        kernel: 'finish',
        rows: 'sequences',
        bindings: { hidden: 'result', logits: 'result', output: 'home' },
        constants: { WIDTH: outputColumns, LABELS: outputColumns },
        params: { hiddenStride: outputColumns, logitStride: outputColumns },
      },
    ],
    capacity: { tokens: rows, tableRows: 0, sequences: rows + SPARE_ROWS },
  };
}

/** The kernel's output (rows + SPARE_ROWS, outputColumns) on a backend; a number that is not finite is an error, as in any run. */
export async function runKernel(backend: Backend, given: KernelCase): Promise<Float32Array> {
  const program = programOf(given);
  const reads = Object.entries(given.reads);
  const weights: Weights = new Map(reads.filter(([, m]) => m.packed).map(([name, m]) => [name, m.values]));
  const executable = await backend.prepare(program, weights);
  try {
    const inputs = Object.fromEntries(reads.filter(([, m]) => !m.packed).map(([name, m]) => [name, m.values]));
    return await executable.run(inputs, program.capacity);
  } finally {
    executable.destroy();
  }
}

/** The computed rows of `want` (rows, columns), placed at `column` of an output that is 0 elsewhere, spare rows included. */
export function placed({ rows, outputColumns }: Pick<KernelCase, 'rows' | 'outputColumns'>, want: number[][], column = 0): number[] {
  const out = new Array<number>((rows + SPARE_ROWS) * outputColumns).fill(0);
  want.forEach((row, r) => {
    row.forEach((value, c) => {
      out[r * outputColumns + column + c] = value;
    });
  });
  return out;
}

/** The largest of |got − want| / (absolute + relative · |want|): at most 1 where all is within tolerance; lengths must agree. */
export function excess(got: ArrayLike<number>, want: ArrayLike<number>, absolute: number, relative: number): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < want.length; i++) {
    const off = Math.abs(got[i] - want[i]) / (absolute + relative * Math.abs(want[i]));
    most = off > most || Number.isNaN(off) ? off : most;
    if (Number.isNaN(most)) return Number.POSITIVE_INFINITY;
  }
  return most;
}

/** Normal numbers, rounded to float32. */
export function normals(random: Random, rows: number, columns: number, scale = 1): Matrix & { readonly values: Float32Array } {
  return { rows, columns, values: Float32Array.from({ length: rows * columns }, () => random.normal() * scale) };
}

/** A matrix from whole numbers. */
export function whole(rows: number, columns: number, values: readonly number[]): Matrix {
  return { rows, columns, values: Uint32Array.from(values) };
}

/** output = input · weight, eight columns, as logits, for at most so many rows. */
export const productProgram = (rows: number): Program => ({
  buffers: [
    { name: 'input', kind: 'input', type: 'f32', rows: 'sequences', columns: 8 },
    { name: 'weight', kind: 'weight', type: 'f32', rows: 8, columns: 8 },
    { name: 'bias', kind: 'weight', type: 'f32', rows: 1, columns: 8 },
    { name: 'result', kind: 'scratch', type: 'f32', rows: 'sequences', columns: 8 },
    { name: 'output', kind: 'output', type: 'u32', rows: 'sequences', columns: 10 },
  ],
  steps: [
    {
      kernel: 'matmul',
      rows: 'sequences',
      bindings: { input: 'input', weight: 'weight', bias: 'bias', output: 'result' },
      constants: { K: 8, ACTIVATION: 0, RESIDUAL: 0 },
      params: { columns: 8, weightColumn: 0, outputStride: 8, outputColumn: 0 },
    },
    {
      kernel: 'finish',
      rows: 'sequences',
      bindings: { hidden: 'result', logits: 'result', output: 'output' },
      constants: { WIDTH: 8, LABELS: 8 },
      params: { hiddenStride: 8, logitStride: 8 },
    },
  ],
  capacity: { tokens: 0, tableRows: 0, sequences: rows },
});
