import { describe, expect, it } from 'vitest';
import { symmetricEigen } from '../../src/core/eigen.ts';
import { createRandom } from '../../src/core/random.ts';

/** Of matrices with entries of about 1 and up to 40 rows, in float64. */
const CLOSE = 1e-11;

function randomSymmetric(k: number, seed: number): Float64Array {
  const random = createRandom(seed);
  const a = new Float64Array(k * k);
  for (let i = 0; i < k; i++) for (let j = 0; j <= i; j++) a[i * k + j] = a[j * k + i] = random.normal();
  return a;
}

async function check(a: Float64Array, k: number) {
  const { values, vectors } = await symmetricEigen(a, k);
  for (let i = 0; i < k; i++)
    for (let j = 0; j < k; j++) {
      let product = 0;
      let again = 0;
      for (let e = 0; e < k; e++) {
        product += vectors[i * k + e] * vectors[j * k + e];
        again += values[e] * vectors[e * k + i] * vectors[e * k + j];
      }
      expect(Math.abs(product - Number(i === j))).toBeLessThan(CLOSE);
      expect(Math.abs(again - a[i * k + j])).toBeLessThan(CLOSE * Math.max(1, k));
    }
  return values;
}

describe('eigenvalues of a symmetric matrix', () => {
  it.each([1, 2, 3, 17, 40])('with orthonormal vectors make the matrix again: %i rows', async (k) => {
    await check(randomSymmetric(k, k), k);
  });

  it('come out where they repeat, where some are 0 and where the matrix is diagonal already', async () => {
    const k = 6;
    const v = randomSymmetric(k, 9).subarray(0, k);
    const low = Float64Array.from({ length: k * k }, (_, q) => v[Math.floor(q / k)] * v[q % k]);
    const values = await check(low, k);
    expect(values.filter((x) => Math.abs(x) < CLOSE)).toHaveLength(k - 1);
    await check(
      Float64Array.from({ length: 16 }, (_, q) => (q % 5 === 0 ? 3 : 0)),
      4,
    );
    await check(new Float64Array(9), 3);
  });

  it('leave the matrix that was given as it was', async () => {
    const a = randomSymmetric(5, 3);
    const before = a.slice();
    await symmetricEigen(a, 5);
    expect(a).toEqual(before);
  });
});
