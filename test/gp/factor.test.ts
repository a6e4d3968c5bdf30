import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { factorise, halfLogDeterminant, invert, padded } from '../../src/gp/factor.ts';
import { invertDense } from './oracle.ts';

/** Condition numbers of some hundreds in float64. */
const CLOSE = 1e-10;

function positiveDefinite(k: number, size: number): Float64Array {
  const random = createRandom(k);
  const root = Array.from({ length: k }, () => Array.from({ length: k }, () => random.normal()));
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++)
      out[i * size + j] = i < k ? root[i].reduce((s, v, p) => s + v * root[j][p], i === j ? 1 : 0) : i === j ? 1 : 0;
  return out;
}

describe('factor and inverse', () => {
  it.each([1, 3, 4, 5, 18, 33])('of a %i × %i matrix agree with elimination', (k) => {
    const size = padded(k);
    const a = positiveDefinite(k, size);
    const full = Array.from({ length: k }, (_, i) => Array.from({ length: k }, (_, j) => a[Math.max(i, j) * size + Math.min(i, j)]));
    const want = invertDense(full);
    expect(factorise(a, size)).toBe(true);
    const out = new Float64Array(size * size);
    invert(a, size, new Float64Array(size * size), out);
    expect(Math.abs(2 * halfLogDeterminant(a, size) - want.logDeterminant)).toBeLessThan(CLOSE * k);
    for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) expect(Math.abs(out[i * size + j] - want.inverse[i][j])).toBeLessThan(CLOSE);
  });

  it('answer false for a matrix that is not positive definite', () => {
    const a = positiveDefinite(9, 12);
    a[5 * 12 + 5] = -1;
    expect(factorise(a, 12)).toBe(false);
  });
});
