import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { spectrumOfTable } from '../../src/spectrum/fwht.ts';
import { type IndexName, interactionRows, toInteractions } from '../../src/spectrum/indices.ts';
import { spectrumFromTerms } from '../../src/spectrum/spectrum.ts';

/** Brute force and closed forms differ by float64 rounding of sums over 2⁷ values. */
const EXACT = 1e-11;
const N = 7;
const ALL = 2 ** N;

const random = createRandom(21);
const f = Float64Array.from({ length: ALL }, () => random.normal());
const bits = (m: number) => Array.from({ length: N }, (_, i) => i).filter((i) => (m >> i) & 1);
const size = (m: number) => bits(m).length;
const factorial = (k: number): number => (k < 2 ? 1 : k * factorial(k - 1));

/** Discrete derivative Δ_S f(T) = Σ_{L ⊆ S} (−1)^{|S|−|L|} f(T ∪ L). */
function derivative(s: number, t: number): number {
  let sum = 0;
  for (let l = s; ; l = (l - 1) & s) {
    sum += (-1) ** (size(s) - size(l)) * f[t | l];
    if (l === 0) return sum;
  }
}

/** Mean of the derivative over the coalitions outside S, weighted by p(|T|). */
function average(s: number, weight: (t: number) => number): number {
  let sum = 0;
  for (let t = 0; t < ALL; t++) if ((t & s) === 0) sum += weight(size(t)) * derivative(s, t);
  return sum;
}

const banzhaf = (s: number) => average(s, () => 2 ** -(N - size(s)));
const shapley = (s: number) => average(s, (t) => (factorial(t) * factorial(N - t - size(s))) / factorial(N - size(s) + 1));

function moebius(s: number): number {
  let sum = 0;
  for (let t = s; ; t = (t - 1) & s) {
    sum += (-1) ** (size(s) - size(t)) * f[t];
    if (t === 0) return sum;
  }
}

/** SII of the sets that hold S, by Bernoulli numbers (1, −½, 1/6). */
function aggregated(s: number, order: number): number {
  const bernoulli = [1, -1 / 2, 1 / 6];
  let sum = 0;
  for (let t = 0; t < ALL; t++) if ((t & s) === s && size(t) <= order) sum += bernoulli[size(t) - size(s)] * shapley(t);
  return sum;
}

/** Mean over all orders of the players of the derivative at those before S (top order), or the derivative at nobody. */
function taylor(s: number, order: number): number {
  if (size(s) < order) return derivative(s, 0);
  return average(s, (t) => ((order / N) * (factorial(t) * factorial(N - 1 - t))) / factorial(N - 1));
}

/** The polynomial of order ≤ ℓ nearest to f under uniform masks, by normal equations on 0/1 monomials. */
function leastSquares(order: number): Map<number, number> {
  const sets = Array.from({ length: ALL }, (_, m) => m).filter((m) => size(m) <= order);
  const k = sets.length;
  const a = sets.map((s) => [
    ...sets.map((t) => 2 ** -size(s | t)),
    Array.from(f).reduce((sum, v, m) => sum + ((m & s) === s ? v : 0), 0) / ALL,
  ]);
  for (let i = 0; i < k; i++) {
    const pivot = a.slice(i).reduce((best, row, j) => (Math.abs(row[i]) > Math.abs(a[best][i]) ? i + j : best), i);
    [a[i], a[pivot]] = [a[pivot], a[i]];
    for (let j = 0; j < k; j++) {
      if (j === i) continue;
      const factor = a[j][i] / a[i][i];
      for (let c = i; c <= k; c++) a[j][c] -= factor * a[i][c];
    }
  }
  return new Map(sets.map((s, i) => [s, a[i][k] / a[i][i]]));
}

const spectrum = spectrumOfTable(f, N);
const maskOf = (members: readonly number[]) => members.reduce((m, i) => m | (1 << i), 0);

describe('indices from a spectrum equal their definitions', () => {
  const fbii = leastSquares(3);
  const fourier = (s: number) => Array.from(f).reduce((sum, v, m) => sum + (size(m & s) % 2 ? -v : v), 0) / ALL;
  const cases: [IndexName, number, (s: number) => number][] = [
    ['BII', 3, banzhaf],
    ['SII', 3, shapley],
    ['Moebius', 4, moebius],
    ['FBII', 3, (s) => fbii.get(s) as number],
    ['k-SII', 3, (s) => aggregated(s, 3)],
    ['STII', 3, (s) => taylor(s, 3)],
    ['BV', 1, banzhaf],
    ['SV', 1, shapley],
    ['Fourier', 3, fourier],
  ];
  it.each(cases)('%s, order ≤ %i', (index, maxOrder, definition) => {
    const got = toInteractions(spectrum, { index, maxOrder });
    const sets = Array.from({ length: ALL }, (_, m) => m).filter((m) => size(m) >= 1 && size(m) <= maxOrder);
    expect(got.map((g) => maskOf(g.members)).sort((a, b) => a - b)).toEqual(sets);
    for (const { members, value } of got) expect(Math.abs(value - definition(maskOf(members)))).toBeLessThan(EXACT);
    const rows = interactionRows(spectrum, { index, maxOrder });
    for (const [i, row] of rows.entries()) {
      expect(row.members).toEqual(got[i].members);
      const value = row.terms.reduce((sum, k, j) => sum + row.weights[j] * spectrum.coefficients[k], 0);
      expect(Math.abs(value - got[i].value)).toBeLessThan(EXACT);
    }
  });

  it('Shapley values share out the whole', () => {
    const sum = toInteractions(spectrum, { index: 'SV', maxOrder: 1 }).reduce((s, i) => s + i.value, 0);
    expect(Math.abs(sum - (f[ALL - 1] - f[0]))).toBeLessThan(EXACT);
  });

  it('a conjunction of four has Shapley values ¼, Banzhaf values ⅛ and one Möbius coefficient', () => {
    const and = spectrumOfTable(
      Float64Array.from({ length: 64 }, (_, m) => ((m & 15) === 15 ? 1 : 0)),
      6,
    );
    const value = (index: IndexName, members: number[]) =>
      toInteractions(and, { index, maxOrder: 4 }).find((i) => i.members.join() === members.join())?.value ?? 0;
    expect(value('SV', [2])).toBeCloseTo(1 / 4, 12);
    expect(value('BV', [2])).toBeCloseTo(1 / 8, 12);
    expect(value('Moebius', [0, 1, 2, 3])).toBeCloseTo(1, 12);
    expect(value('Moebius', [0, 1])).toBeCloseTo(0, 12);
    expect(value('SV', [5])).toBe(0);
  });

  it('works beyond 32 players, and lists every single player', () => {
    const wide = spectrumFromTerms(1000, [
      [[], 3],
      [[5, 700], 0.5],
      [[5, 700, 999], 0.25],
    ]);
    const got = toInteractions(wide, { index: 'BII', maxOrder: 3 });
    expect(got.length).toBe(1002);
    expect(got.find((i) => i.members.join() === '5,700')?.value).toBe(2);
    expect(got.find((i) => i.members.join() === '5,700,999')?.value).toBe(-2);
  });
});
