import { describe, expect, it } from 'vitest';
import { breathingCholesky, cholesky, solveCholesky } from '../../src/core/linalg.ts';
import { createRandom } from '../../src/core/random.ts';
import { ridgePath } from '../../src/core/ridge-path.ts';

/** The relative residual that ends the path, times the condition numbers here. */
const CLOSE = 1e-6;

/** The normal matrix and moments of `rows` random ±1 rows of k columns, the first all ones. */
function normalOf(k: number, rows: number) {
  const random = createRandom(8);
  const x = Array.from({ length: rows }, () => Array.from({ length: k }, (_, i) => (i === 0 || random.below(2) ? 1 : -1)));
  const a = new Float64Array(k * k);
  const b = new Float64Array(k);
  for (const row of x) {
    const y = 3 + random.normal() + 2 * row[k - 1];
    for (let i = 0; i < k; i++) {
      b[i] += row[i] * y;
      for (let j = 0; j < k; j++) a[i * k + j] += row[i] * row[j];
    }
  }
  return { a, b };
}

describe('the ridge path', () => {
  it.each([
    ['equal weights', 30, 100, () => 1],
    ['weights of four sizes', 30, 100, (i: number) => 10 ** (i % 4)],
    ['more unknowns than rows', 40, 25, () => 1],
    ['∅ alone', 1, 10, () => 1],
  ])('is at every strength what Cholesky finds: %s', async (_, k, rows, weight) => {
    const { a, b } = normalOf(k, rows);
    const weights = Float64Array.from({ length: k }, (_, i) => (i === 0 ? 0 : weight(i)));
    const strengths = [30, 0.1, 1, 1000, 1e9];
    const path = await ridgePath(a, k, weights, strengths, b, { most: 500, tolerance: 1e-10 });
    for (const [s, strength] of strengths.entries()) {
      const normal = a.map((v, e) => v + (e % (k + 1) === 0 ? strength * weights[Math.floor(e / k)] : 0));
      const want = solveCholesky(cholesky(normal, k), k, b);
      for (let i = 0; i < k; i++) expect(Math.abs(path[s][i] - want[i])).toBeLessThan(CLOSE);
    }
  });

  it('lets an abort in between its steps', async () => {
    const { a, b } = normalOf(30, 100);
    const weights = new Float64Array(30).fill(1, 1);
    let breaths = 0;
    const breathe = async () => {
      if (++breaths === 3) throw new Error('stop');
    };
    await expect(ridgePath(a, 30, weights, [0.1, 1], b, { breathe })).rejects.toThrow('stop');
  });
});

describe('Cholesky with breaths', () => {
  it('is Cholesky, and lets an abort in after every row', async () => {
    const { a } = normalOf(30, 100);
    let breaths = 0;
    const breathe = async () => {
      breaths++;
    };
    expect(await breathingCholesky(a, 30, breathe)).toEqual(cholesky(a, 30));
    expect(breaths).toBe(30);
    const stop = async () => {
      throw new Error('stop');
    };
    await expect(breathingCholesky(a, 30, stop)).rejects.toThrow('stop');
  });
});
