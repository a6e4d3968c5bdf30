import { openSolver, type Solver } from '../compute/wasm/solver.ts';
import { columnWords, plainGram } from './gram.ts';

/** Pairs of words below which the memory costs more than it saves, and bytes of memory that are kept for the next time. */
const WORTH = 20_000;
const MOST_KEPT = 2 ** 26;

let kept: Solver | null = null;

/** A solver with room for so many bytes: nothing of it outlives the call that asks, so one serves all. */
function solverFor(bytes: number): Solver | null {
  if (kept && kept.buffer.byteLength - kept.at >= bytes) return kept;
  const opened = openSolver(bytes);
  if (bytes <= MOST_KEPT) kept = opened;
  return opened;
}

/** The Gram matrix by population counts in WebAssembly; null where there is none. */
export function wasmGram(columns: Uint32Array, count: number): Float64Array | null {
  const width = columnWords(count);
  const size = columns.length / width;
  const even = width + (width & 1);
  const columnsBytes = 8 * Math.ceil((4 * even * size) / 8);
  const solver = solverFor(columnsBytes + 8 * size * size);
  if (!solver) return null;
  const { kernels, buffer, at } = solver;
  const words = new Uint32Array(buffer, at, even * size);
  for (let k = 0; k < size; k++) {
    words.set(columns.subarray(k * width, (k + 1) * width), k * even);
    if (even > width) words[(k + 1) * even - 1] = 0;
  }
  kernels.gram(at, size, even >> 1, count, at + columnsBytes);
  return new Float64Array(buffer, at + columnsBytes, size * size).slice();
}

/** Gram matrix XᵀX of the characters of bit-packed columns: K × K, row-major, exact integers. */
export function parityGram(columns: Uint32Array, count: number): Float64Array {
  const size = columns.length / columnWords(count);
  return (size * columns.length > WORTH ? wasmGram(columns, count) : null) ?? plainGram(columns, count);
}
