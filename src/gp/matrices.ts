import { openSolver, type Solver } from '../compute/wasm/solver.ts';
import { type Factoriser, plainFactoriser, TILE } from './factor.ts';
import type { Pace } from './pace.ts';

/** Symmetric matrices of one padded size that become factors, and their inverses. */
export interface Matrices {
  readonly size: number;
  /** Lower triangles, which factors replace. */
  readonly lower: readonly Float64Array[];
  /** Both triangles. */
  readonly inverses: readonly Float64Array[];
  /** The Cholesky factor of matrix b in its place. False where it is not positive definite in float64: a line search takes a shorter step. */
  factorise(b: number, pace: Pace): Promise<boolean>;
  /** The inverse of matrix b from its factor. */
  invert(b: number, pace: Pace): Promise<void>;
  /** Gives the memory back: nothing here may be read any more. */
  release(): void;
}

/** Bytes of memory that are kept for the next time. */
const MOST_KEPT = 2 ** 26;

let kept: Solver | null = null;

/** Whoever has the memory has it alone, since others may have their turn while it breathes. */
function takeSolver(bytes: number): Solver | null {
  const found = kept;
  if (!found || found.buffer.byteLength - found.at < bytes) return openSolver(bytes);
  kept = null;
  return found;
}

function giveBack(solver: Solver): void {
  if (solver.buffer.byteLength <= MOST_KEPT) kept = solver;
}

/** Room for `count` matrices, in the memory of the kernels where there is WebAssembly; their numbers are not set. */
export function createMatrices(count: number, size: number): Matrices {
  const area = size * size;
  const solver = takeSolver(8 * area * (2 * count + 1));
  const room = (k: number) => (solver ? new Float64Array(solver.buffer, solver.at + 8 * area * k, area) : new Float64Array(area));
  const lower = Array.from({ length: count }, (_, b) => room(b));
  const inverses = Array.from({ length: count }, (_, b) => room(count + b));
  const work = room(2 * count);
  const factoriser = solver ? wasmFactoriser(solver, size) : plainFactoriser(size);
  return {
    size,
    lower,
    inverses,
    async factorise(b, pace) {
      for (let i0 = 0; i0 < size; i0 += TILE) {
        if (!factoriser.factorRows(lower[b], i0)) return false;
        const rest = pace((TILE * i0 * i0) / 2);
        if (rest) await rest;
      }
      return true;
    },
    async invert(b, pace) {
      for (let i0 = 0; i0 < size; i0 += TILE) {
        factoriser.inverseRows(lower[b], i0, work);
        const rest = pace((TILE * (size - i0) * (size - i0)) / 2);
        if (rest) await rest;
      }
      for (let i0 = 0; i0 < size; i0 += TILE) {
        factoriser.productRows(work, i0, inverses[b]);
        const rest = pace(TILE * i0 * (size - i0));
        if (rest) await rest;
      }
    },
    release() {
      if (solver) giveBack(solver);
    },
  };
}

/** The kernels over matrices in their own memory. */
export function wasmFactoriser({ kernels }: Solver, size: number): Factoriser {
  return {
    factorRows: (a, i0) => kernels.factorRows(a.byteOffset, size, i0) === 1,
    inverseRows: (l, i0, work) => kernels.inverseRows(l.byteOffset, size, i0, work.byteOffset),
    productRows: (work, i0, out) => kernels.productRows(work.byteOffset, size, i0, out.byteOffset),
  };
}
