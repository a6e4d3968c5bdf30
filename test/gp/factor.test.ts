import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { halfLogDeterminant, padded, quadratic, solvedSquare, times } from '../../src/gp/factor.ts';
import { createMatrices } from '../../src/gp/matrices.ts';
import { BETWEEN, paced } from '../../src/gp/pace.ts';
import { invertDense } from './oracle.ts';
import { positiveDefinite } from './support.ts';

/** Condition numbers of some hundreds in float64. */
const CLOSE = 1e-10;
const pace = paced(undefined);

describe('factor and inverse', () => {
  it.each([1, 3, 4, 5, 18, 33])('of a %i × %i matrix agree with elimination', async (k) => {
    const size = padded(k);
    const a = positiveDefinite(k, size);
    const full = Array.from({ length: k }, (_, i) => Array.from({ length: k }, (_, j) => a[Math.max(i, j) * size + Math.min(i, j)]));
    const want = invertDense(full);
    const matrices = createMatrices(1, size);
    const [lower, inverse] = [matrices.lower[0], matrices.inverses[0]];
    lower.set(a);
    expect(await matrices.factorise(0, pace)).toBe(true);
    await matrices.invert(0, pace);
    expect(Math.abs(2 * halfLogDeterminant(lower, size) - want.logDeterminant)).toBeLessThan(CLOSE * k);
    for (let i = 0; i < k; i++)
      for (let j = 0; j < k; j++) expect(Math.abs(inverse[i * size + j] - want.inverse[i][j])).toBeLessThan(CLOSE);
    const v = Float64Array.from({ length: size }, (_, i) => (i < k ? Math.sin(i + 1) : 0));
    const moved = Array.from({ length: k }, (_, i) => want.inverse[i].reduce((sum, m, j) => sum + m * v[j], 0));
    const square = moved.reduce((sum, m, i) => sum + m * v[i], 0);
    for (let i = 0; i < k; i++) expect(Math.abs(times(inverse, v)[i] - moved[i])).toBeLessThan(CLOSE * k);
    expect(Math.abs(quadratic(inverse, v) - square)).toBeLessThan(CLOSE * k);
    expect(Math.abs(solvedSquare(lower, v) - square)).toBeLessThan(CLOSE * k);
    matrices.release();
  });

  it('answer false for a matrix that is not positive definite', async () => {
    const matrices = createMatrices(1, 12);
    matrices.lower[0].set(positiveDefinite(9, 12));
    matrices.lower[0][5 * 12 + 5] = -1;
    expect(await matrices.factorise(0, pace)).toBe(false);
  });

  it('keep to their own memory while others breathe', async () => {
    const [one, other] = [createMatrices(1, 16), createMatrices(1, 16)];
    one.lower[0].fill(1);
    other.lower[0].fill(2);
    expect(one.lower[0].every((v) => v === 1)).toBe(true);
    one.release();
    other.release();
  });
});

/** Multiply-adds of a row of tiles of 4 rows, of k columns on average half as many: what a core does in a few milliseconds. */
const mostAtOnce = (size: number) => 2 * size * size;

describe('work that breathes', () => {
  it.each([64, 512])('tells of all multiply-adds of a factor and an inverse of %i rows, a row of tiles at a time', async (size) => {
    const told: number[] = [];
    const matrices = createMatrices(1, size);
    const random = createRandom(3);
    for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) matrices.lower[0][i * size + j] = i === j ? size : random.uniform();
    const record = (work: number) => void told.push(work);
    await matrices.factorise(0, record);
    await matrices.invert(0, record);
    expect(Math.max(...told)).toBeLessThanOrEqual(mostAtOnce(size));
    // k³/6 for the factor, for the inverse of it and for their product.
    expect(told.reduce((a, b) => a + b, 0) / (size ** 3 / 2)).toBeGreaterThan(1 - 8 / size);
    matrices.release();
  });

  it('breathes after so much of it, and never sooner', async () => {
    let breaths = 0;
    const tell = paced(async () => void breaths++);
    for (let i = 0; i < 10; i++) await tell(BETWEEN / 4);
    expect(breaths).toBe(2);
    await tell(BETWEEN);
    expect(breaths).toBe(3);
  });
});
