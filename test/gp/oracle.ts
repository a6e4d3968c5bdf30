import type { Masks } from '../../src/core/masks.ts';
import { forEachSubset, signs } from './support.ts';

/** Hyper-parameters by their names, as numerics §10 writes them. */
export interface Named {
  readonly c: readonly number[];
  readonly product: number;
  readonly noise: number;
  readonly single: number;
  readonly local: number;
}

/** θ read by the letter: μ, u, then logarithms; τ = 0.8, c ≤ 6. */
export function named(theta: Float64Array, n: number): Named {
  const at = (k: number) => Math.exp(theta[n + k]);
  return {
    c: Array.from({ length: n }, (_, i) => Math.min(6, Math.exp(theta[0] + 0.8 * theta[1 + i]))),
    product: at(1),
    noise: at(2),
    single: at(3),
    local: at(4),
  };
}

/** Prior variance of the coefficient of every frequency: product kernel, single players, local pairs at most 6 apart, constant 10. */
export function priorVariances({ c, product, single, local }: Named): Map<string, number> {
  const n = c.length;
  const rho = c.map((v) => Math.tanh(v / 2));
  const scale = product / rho.reduce((p, r) => p * (1 + r), 1);
  const out = new Map<string, number>();
  forEachSubset(n, (members) => {
    let v = members.reduce((p, i) => p * rho[i], scale);
    if (members.length === 0) v += 10;
    if (members.length === 1) v += single * c[members[0]];
    if (members.length === 2) {
      const apart = members[1] - members[0];
      if (apart <= 6) v += local * Math.exp(-(apart - 1) / 2) * c[members[0]] * c[members[1]];
    }
    out.set(members.join(), v);
  });
  return out;
}

/** The characters of every frequency on every mask: rows in the order of `priorVariances`. */
export function characters(masks: Masks): number[][] {
  const z = signs(masks);
  const out: number[][] = [];
  forEachSubset(masks.n, (members) => {
    out.push(z.map((row) => members.reduce((p, i) => p * row[i], 1)));
  });
  return out;
}

/** The kernel matrix as a sum over all 2ⁿ frequencies, noise on its diagonal. */
export function denseKernel(masks: Masks, theta: Float64Array): number[][] {
  const hyper = named(theta, masks.n);
  const variances = [...priorVariances(hyper).values()];
  const chi = characters(masks);
  return Array.from({ length: masks.count }, (_, r) =>
    Array.from(
      { length: masks.count },
      (_, s) => variances.reduce((sum, v, k) => sum + v * chi[k][r] * chi[k][s], 0) + (r === s ? hyper.noise : 0),
    ),
  );
}

/** Inverse and log-determinant by Gauss–Jordan elimination. */
export function invertDense(matrix: readonly (readonly number[])[]): { inverse: number[][]; logDeterminant: number } {
  const n = matrix.length;
  const a = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  let logDeterminant = 0;
  for (let k = 0; k < n; k++) {
    const pivot = a[k][k];
    logDeterminant += Math.log(pivot);
    for (let j = 0; j < 2 * n; j++) a[k][j] /= pivot;
    for (let i = 0; i < n; i++) {
      if (i === k || a[i][k] === 0) continue;
      const factor = a[i][k];
      for (let j = 0; j < 2 * n; j++) a[i][j] -= factor * a[k][j];
    }
  }
  return { inverse: a.map((row) => row.slice(n)), logDeterminant };
}
