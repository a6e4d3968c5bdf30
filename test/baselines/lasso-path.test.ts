import { describe, expect, it } from 'vitest';
import { keysOf } from '../../src/baselines/banzhaf.ts';
import { lasso } from '../../src/baselines/lasso.ts';
import { designOf, startPath, stepPath } from '../../src/baselines/lasso-path.ts';
import { polynomialBasis } from '../../src/baselines/polynomial.ts';
import { isPresent, type Masks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { evaluateSpectrum } from '../../src/spectrum/spectrum.ts';

/** Coordinate descent over every column until none moves by more than 1e-12. */
function plainDescent(columns: readonly Float64Array[], rows: readonly number[], y: Float64Array, lambda: number, c: Float64Array): void {
  const residual = y.slice();
  for (const [k, column] of columns.entries()) for (const r of rows) residual[r] -= c[k] * column[r];
  for (let moved = 1; moved > 1e-12; ) {
    moved = 0;
    for (const [k, column] of columns.entries()) {
      const z = c[k] + rows.reduce((sum, r) => sum + column[r] * residual[r], 0) / rows.length;
      const change = Math.sign(z) * Math.max(0, Math.abs(z) - lambda) - c[k];
      c[k] += change;
      for (const r of rows) residual[r] -= change * column[r];
      moved = Math.max(moved, Math.abs(change));
    }
  }
}

function charactersOf(masks: Masks, sets: readonly (readonly number[])[]): Float64Array[] {
  return sets.map((set) =>
    Float64Array.from({ length: masks.count }, (_, r) => set.reduce((sign, i) => (isPresent(masks, r, i) ? -sign : sign), 1)),
  );
}

/** Few players count, and pairs of them, beside noise. */
function planted(masks: Masks, seed: number): Float64Array {
  const random = createRandom(seed);
  const on = (r: number, i: number) => Number(isPresent(masks, r, i));
  return Float64Array.from(
    { length: masks.count },
    (_, r) => 2 * on(r, 1) - on(r, 3) + 3 * on(r, 0) * on(r, 4) + 1.5 * on(r, 2) + random.normal(),
  );
}

describe('the path of penalties', () => {
  it.each([
    ['fewer columns than rows', 9, 2, 130, { from: 0, to: 0 }],
    ['more columns than rows, some rows left out', 70, 1, 62, { from: 10, to: 22 }],
    ['pairs of players, the first rows left out', 12, 2, 70, { from: 0, to: 14 }],
  ] as const)('%s: descents over few columns end where plain ones over all do', (_, n, order, count, unseen) => {
    const masks = pairedMasks(n, count, 3);
    const values = planted(masks, 8);
    const sets = polynomialBasis(n, order).sets.slice(1);
    const design = designOf(masks, keysOf(n, sets));
    const path = startPath(design, values, unseen, 1e-13);
    const rows = Array.from(values.keys()).filter((r) => r < unseen.from || r >= unseen.to);
    const mean = rows.reduce((sum, r) => sum + values[r] / rows.length, 0);
    const columns = charactersOf(masks, sets);
    const c = new Float64Array(sets.length);
    expect(path.mean).toBeCloseTo(mean, 12);
    let live = 0;
    for (let step = 0, lambda = path.lambda; step < 25; step++, lambda *= 0.9) {
      stepPath(design, path, lambda);
      plainDescent(
        columns,
        rows,
        values.map((v) => v - mean),
        lambda,
        c,
      );
      for (const [k, v] of c.entries()) expect(Math.abs(path.c[k] - v)).toBeLessThan(1e-8);
      live = c.filter((v) => v !== 0).length;
    }
    expect(live).toBeGreaterThan(4);
    // The residual is known at the rows left out too.
    const error = Math.max(
      ...values.map((v, r) => Math.abs(v - mean - columns.reduce((sum, column, k) => sum + c[k] * column[r], 0) - path.residual[r])),
    );
    expect(error).toBeLessThan(1e-7);
  });

  it('finds again a column that the strong rule left out', () => {
    const masks = pairedMasks(30, 60, 5);
    const values = planted(masks, 9);
    const sets = polynomialBasis(30, 1).sets.slice(1);
    const design = designOf(masks, keysOf(30, sets));
    const path = startPath(design, values, { from: 0, to: 0 }, 1e-13);
    const misled = startPath(design, values, { from: 0, to: 0 }, 1e-13);
    for (let step = 1; step < 15; step++) {
      const lambda = 0.8 * path.lambda;
      // Correlations of 0 keep nothing new: all that comes in does so by the optimality conditions.
      misled.correlations.fill(0);
      for (const each of [path, misled]) stepPath(design, each, lambda);
      expect(path.c.some((v) => v !== 0)).toBe(true);
      for (const [k, v] of path.c.entries()) expect(Math.abs(misled.c[k] - v)).toBeLessThan(1e-8);
    }
  });

  it('reaches thousands of players through few columns', async () => {
    const n = 3000;
    const masks = pairedMasks(n, 400, 4);
    const values = planted(masks, 11);
    const sets = polynomialBasis(n, 1).sets.slice(1);
    let asked = 0;
    const whole = designOf(masks, keysOf(n, sets));
    const seen = new Set<number>();
    const design = {
      ...whole,
      column: (k: number) => {
        asked++;
        seen.add(k);
        return whole.column(k);
      },
    };
    const path = startPath(design, values, { from: 0, to: 0 }, 1e-4);
    const top = path.lambda;
    for (let step = 0; step < 10; step++) stepPath(design, path, top * 0.93 ** step);
    expect(asked).toBeGreaterThan(0);
    expect(seen.size).toBeLessThan(n / 10);
    const { spectrum } = await lasso(masks, values, { seed: 1, order: 1 });
    const predicted = evaluateSpectrum(spectrum, masks);
    const strongest = Array.from(spectrum.coefficients.keys())
      .slice(1)
      .sort((a, b) => Math.abs(spectrum.coefficients[b]) - Math.abs(spectrum.coefficients[a]));
    expect(spectrum.coefficients.length).toBeLessThan(n / 10);
    expect(predicted.every(Number.isFinite)).toBe(true);
    const words = spectrum.keys.length / spectrum.coefficients.length;
    // Players 0, 1, 2 and 4 are in the four largest effects: .75, 1, .75 and .75.
    for (const k of strongest.slice(0, 2)) expect([0, 1, 2, 4]).toContain(31 - Math.clz32(spectrum.keys[k * words]));
  });
});
