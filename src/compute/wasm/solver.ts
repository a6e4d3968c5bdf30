import { bytesOf } from './base64.ts';
import { plain } from './solvers/index.ts?kernels';

/** What the solvers' kernels export; addresses are bytes. */
export interface SolverKernels {
  largestOf(count: number, residual: number): number;
  packRows(count: number, residual: number, scale: number, unit: number, rows: number, weights: number): number;
  histogram(words: number, count: number, groups: number, rows: number, weights: number, from: number, to: number, out: number): void;
  subtract(players: number, whole: number, part: number): void;
  bestSplit(players: number, histogram: number, g: number, whole: number, unit: number, minLeaf: number): number;
  bestGain(): number;
  partition(words: number, shift: number, from: number, to: number, rows: number, weights: number, spare: number): number;
  correlate(words: number, count: number, groups: number, weights: number, out: number, nibbles: number): void;
  factorRows(a: number, size: number, i0: number): number;
  inverseRows(l: number, size: number, i0: number, work: number): void;
  productRows(work: number, size: number, i0: number, out: number): void;
  fwht32(data: number, count: number): void;
  fwht64(data: number, count: number): void;
  gram(columns: number, size: number, width: number, rows: number, out: number): void;
  settle(rows: number, from: number, to: number, residual: number, value: number): void;
}

/** The solvers' kernels over a memory of their own, whose first free byte is `at`. */
export interface Solver {
  readonly kernels: SolverKernels;
  readonly buffer: ArrayBuffer;
  readonly at: number;
}

const PAGE = 65_536;
/** What the kernels keep for themselves lies below. */
const OWN = 2 * PAGE;

/** Compiled at the first call; null where that is refused. */
let compiled: WebAssembly.Module | null | undefined;

function compileOnce(): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(bytesOf(plain));
  } catch {
    return null;
  }
}

/** The kernels with so many bytes of memory; null where WebAssembly with SIMD is missing or refused, or there is no such memory. */
export function openSolver(bytes: number): Solver | null {
  if (compiled === undefined) compiled = compileOnce();
  if (!compiled) return null;
  try {
    const pages = Math.ceil((OWN + bytes) / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
    return { kernels: exports as unknown as SolverKernels, buffer: memory.buffer, at: OWN };
  } catch {
    return null;
  }
}
