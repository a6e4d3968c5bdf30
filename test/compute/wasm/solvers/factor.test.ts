import { describe, expect, it } from 'vitest';
import { openSolver } from '../../../../src/compute/wasm/solver.ts';
import { type Factoriser, padded, plainFactoriser, TILE } from '../../../../src/gp/factor.ts';
import { wasmFactoriser } from '../../../../src/gp/matrices.ts';
import { positiveDefinite } from '../../../gp/support.ts';

interface Room {
  readonly lower: Float64Array;
  readonly work: Float64Array;
  readonly inverse: Float64Array;
}

function run(factoriser: Factoriser, size: number, { lower, work, inverse }: Room): boolean {
  for (let i = 0; i < size; i += TILE) if (!factoriser.factorRows(lower, i)) return false;
  for (let i = 0; i < size; i += TILE) factoriser.inverseRows(lower, i, work);
  for (let i = 0; i < size; i += TILE) factoriser.productRows(work, i, inverse);
  return true;
}

function rooms(size: number): { wasm: Room; factoriser: Factoriser; plain: Room } {
  const area = size * size;
  const solver = openSolver(8 * 3 * area);
  if (!solver) throw new Error('no WebAssembly with SIMD');
  const room = (at: (k: number) => Float64Array): Room => ({ lower: at(0), work: at(1), inverse: at(2) });
  return {
    // What was there before must not matter.
    wasm: room((k) => new Float64Array(solver.buffer, solver.at + 8 * area * k, area).fill(7)),
    factoriser: wasmFactoriser(solver, size),
    plain: room(() => new Float64Array(area)),
  };
}

describe('factors and inverses in WASM', () => {
  it.each([1, 4, 7, 30, 61])('are those of plain TypeScript to the last bit: %i rows', (k) => {
    const size = padded(k);
    const { wasm, factoriser, plain } = rooms(size);
    for (const room of [wasm, plain]) room.lower.set(positiveDefinite(k, size));
    expect(run(factoriser, size, wasm)).toBe(true);
    expect(run(plainFactoriser(size), size, plain)).toBe(true);
    expect(wasm.inverse).toEqual(plain.inverse);
    for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) expect(wasm.lower[i * size + j]).toBe(plain.lower[i * size + j]);
  });

  it('end, both of them, at a pivot that is not positive', () => {
    const { wasm, factoriser, plain } = rooms(12);
    for (const room of [wasm, plain]) {
      room.lower.set(positiveDefinite(9, 12));
      room.lower[5 * 12 + 5] = -1;
    }
    expect(run(factoriser, 12, wasm)).toBe(false);
    expect(run(plainFactoriser(12), 12, plain)).toBe(false);
  });
});
