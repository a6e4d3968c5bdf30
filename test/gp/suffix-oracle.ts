import { isPresent, type Masks } from '../../src/core/masks.ts';
import { named, priorVariances } from './oracle.ts';
import { forEachSubset, signs } from './support.ts';

/** The two forms of numerics §12: δ and γ. */
const FORMS = [
  [0.6, 0.25],
  [0.2, 0.6],
] as const;

const rowsOf = (masks: Masks) =>
  Array.from({ length: masks.count }, (_, r) => Array.from({ length: masks.n }, (_, i) => (isPresent(masks, r, i) ? 1 : 0)));

/** B(δ, γ) of two texts by the letter: Σ over common words, each with the words kept after it and those that only one of the two has. */
export function formByTheLetter(x: readonly number[], y: readonly number[], [delta, gamma]: readonly [number, number]): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    if (!x[i] || !y[i]) continue;
    const after = (z: readonly number[]) => z.slice(i + 1).reduce((a, b) => a + b, 0);
    const apart = x.slice(i + 1).filter((v, j) => v !== y[i + 1 + j]).length;
    sum += Math.exp((-gamma * (after(x) + after(y))) / 2) * delta ** apart;
  }
  return (1 - Math.exp(-gamma)) * sum;
}

/** k(x, x') of every pair of masks, noise left out: the hierarchical prior as a sum over its 2ⁿ characters, and E·Σ a_k B_k. */
export function sequentialKernel(first: Masks, second: Masks, theta: Float64Array): number[][] {
  const { n } = first;
  const hyper = named(theta, n);
  const prior = [...priorVariances(hyper).values()];
  const members: number[][] = [];
  forEachSubset(n, (subset) => members.push(subset));
  const character = (z: readonly number[]) => members.map((subset) => subset.reduce((p, i) => p * z[i], 1));
  const [chi, other] = [signs(first).map(character), signs(second).map(character)];
  const [a, b] = [rowsOf(first), rowsOf(second)];
  return a.map((x, r) =>
    b.map((y, s) => {
      const differing = hyper.c.reduce((sum, c, i) => sum + (x[i] === y[i] ? 0 : c), 0);
      const endings = FORMS.reduce((sum, form, k) => sum + Math.exp(theta[n + 5 + k]) * formByTheLetter(x, y, form), 0);
      return prior.reduce((sum, v, k) => sum + v * chi[r][k] * other[s][k], 0) + Math.exp(-differing) * endings;
    }),
  );
}

/** The same with noise on the diagonal of fitting rows. */
export function noisyKernel(masks: Masks, theta: Float64Array): number[][] {
  const { noise } = named(theta, masks.n);
  return sequentialKernel(masks, masks, theta).map((row, r) => row.map((v, s) => (r === s ? v + noise : v)));
}
