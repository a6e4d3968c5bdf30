import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { stackWeights } from '../../src/spectrum/stack.ts';

const random = createRandom(6);
const noise = (rows: number, size: number) => Float64Array.from({ length: rows }, () => size * random.normal());
const oneFold = (rows: number) => new Uint8Array(rows);
const plus = (a: Float64Array, b: Float64Array) => a.map((v, r) => v + b[r]);

/** Squared error of a mean, and ten times the least variance times the squared distance from the centre. */
function costOf(weights: ArrayLike<number>, errors: readonly Float64Array[], centre: Float64Array): number {
  const rows = errors[0].length;
  const variance = Math.min(...errors.map((e) => e.reduce((sum, v) => sum + v * v, 0) / rows));
  let cost = 0;
  for (let r = 0; r < rows; r++) cost += errors.reduce((sum, e, k) => sum + weights[k] * e[r], 0) ** 2;
  return cost + 10 * variance * centre.reduce((sum, c, k) => sum + (weights[k] - c) ** 2, 0);
}

/** The minimum of `costOf` with sum 1 and no weight below 0, from the normal equations of every face. */
function leastOfFaces(errors: readonly Float64Array[], centre: Float64Array): number[] {
  const k = errors.length;
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, v, r) => sum + v * b[r], 0);
  const pull = (10 * Math.min(...errors.map((e) => dot(e, e)))) / errors[0].length;
  let best: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let face = 1; face < 2 ** k; face++) {
    const on = errors.map((_, i) => i).filter((i) => (face >> i) & 1);
    // Slopes equal on the face, and the sum 1.
    const system = on.map((i) => [...on.map((j) => dot(errors[i], errors[j]) + (i === j ? pull : 0)), -1, pull * centre[i]]);
    const solved = eliminate([...system, [...on.map(() => 1), 0, 1]]);
    const weights = new Array<number>(k).fill(0);
    for (const [a, i] of on.entries()) weights[i] = solved[a];
    const cost = costOf(weights, errors, centre);
    if (weights.every((w) => w >= 0) && cost < least) [least, best] = [cost, weights];
  }
  return best;
}

/** Gauss with pivots; the right-hand side is the last column. */
function eliminate(rows: number[][]): number[] {
  const size = rows.length;
  for (let c = 0; c < size; c++) {
    const p = rows.slice(c).reduce((most, row, i) => (Math.abs(row[c]) > Math.abs(rows[most][c]) ? c + i : most), c);
    [rows[c], rows[p]] = [rows[p], rows[c]];
    for (let r = 0; r < size; r++) if (r !== c) for (let d = size; d >= c; d--) rows[r][d] -= (rows[r][c] / rows[c][c]) * rows[c][d];
  }
  return rows.map((row, c) => row[size] / row[c]);
}

describe('stackWeights', () => {
  it('has the least cost of all weights on a grid of hundredths, by 20 draws of three predictors', () => {
    for (let draw = 0; draw < 20; draw++) {
      const shared = noise(40, 1);
      const errors = [0, 1, 2].map(() => plus(shared, noise(40, 0.3 + random.uniform())));
      const centre = draw % 2 === 0 ? Float64Array.of(0, 0, 1) : new Float64Array(3).fill(1 / 3);
      const found = stackWeights(errors, noise(40, 3), centre, oneFold(40));
      expect(found.every((w) => w === 0 || w >= 0.05)).toBe(true);
      expect(found.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      let least = Number.POSITIVE_INFINITY;
      let best: number[] = [];
      for (let a = 0; a <= 100; a++)
        for (let b = 0; a + b <= 100; b++) {
          const weights = [a / 100, b / 100, (100 - a - b) / 100];
          const cost = costOf(weights, errors, centre);
          if (cost < least) [least, best] = [cost, weights];
        }
      // A hundredth for the grid, and what weights below a twentieth are worth, which nothing gets.
      for (const [k, w] of found.entries()) expect(Math.abs(w - best[k])).toBeLessThan(0.06);
    }
  });

  it('is the least of all faces of the simplex, each solved by itself, of two to seven predictors alike, exact or useless', () => {
    for (let draw = 0; draw < 60; draw++) {
      const k = 2 + (draw % 6);
      const shared = noise(40, 1);
      const errors = Array.from({ length: k }, (_, i) => {
        if (draw % 5 === 4 && i === 1) return shared;
        return plus(shared, noise(40, draw % 7 === 6 ? 0.01 * (i + 1) : 0.2 + random.uniform()));
      });
      const centre = new Float64Array(k).fill(draw % 2 === 0 ? 1 / k : 0);
      if (draw % 2 === 1) centre[draw % k] = 1;
      const found = stackWeights(errors, noise(40, 3), centre, oneFold(40));
      const best = leastOfFaces(errors, centre).map((w) => (w < 0.05 ? 0 : w));
      const sum = best.reduce((a, b) => a + b, 0);
      for (const [i, w] of best.entries()) expect(found[i]).toBeCloseTo(w / sum, 7);
    }
  });

  it('ends with forty predictors, whose faces nobody could count', () => {
    const shared = noise(300, 1);
    const errors = Array.from({ length: 40 }, () => plus(shared, noise(300, 0.2 + random.uniform())));
    const centre = new Float64Array(40).fill(1 / 40);
    const found = stackWeights(errors, noise(300, 3), centre, oneFold(300));
    expect(found.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    const single = errors.map((_, k) => costOf(new Float64Array(40).fill(1, k, k + 1), errors, centre));
    expect(costOf(found, errors, centre)).toBeLessThan(Math.min(...single, costOf(centre, errors, centre)));
  });

  it('of predictors that are equally good and err independently, takes more of the favoured one, less so with more rows', () => {
    const favoured = Float64Array.of(1, 0);
    const few = [0, 1].map(() => noise(20, 1));
    const many = [0, 1].map(() => noise(2000, 1));
    const [ofFew] = stackWeights(few, noise(20, 3), favoured, oneFold(20));
    const [ofMany] = stackWeights(many, noise(2000, 3), favoured, oneFold(2000));
    expect(ofFew).toBeGreaterThan(0.55);
    expect(Math.abs(ofMany - 0.5)).toBeLessThan(0.05);
  });

  it('takes an exact one alone whoever is favoured, of two exact ones the favoured, and the centre where nothing varies', () => {
    const exact = new Float64Array(50);
    const y = noise(50, 2);
    expect([...stackWeights([noise(50, 1), exact], y, Float64Array.of(1, 0), oneFold(50))]).toEqual([0, 1]);
    const [bad, one, other] = stackWeights([noise(50, 1), exact, exact], y, Float64Array.of(0, 1, 0), oneFold(50));
    expect(bad).toBe(0);
    expect(other).toBe(0);
    expect(one).toBe(1);
    expect([...stackWeights([exact, exact], new Float64Array(50), Float64Array.of(0.5, 0.5), oneFold(50))]).toEqual([0.5, 0.5]);
    expect([...stackWeights([noise(50, 1)], y, Float64Array.of(1), oneFold(50))]).toEqual([1]);
  });

  it('takes what is exact in four folds of five and comes to nothing in one, which plain least squares mixes with the favoured one', () => {
    const folds = Uint8Array.from({ length: 500 }, (_, r) => r % 5);
    const favoured = noise(500, 1);
    const other = noise(500, 1.4).map((e, r) => (folds[r] === 0 ? e : 0));
    const weights = (of: ArrayLike<number>) => stackWeights([favoured, other], noise(500, 1), Float64Array.of(1, 0), of);
    expect(weights(oneFold(500))[0]).toBeGreaterThan(0.1);
    expect([...weights(folds)]).toEqual([0, 1]);
    // Folds that fare alike change little.
    const alike = [noise(500, 1), noise(500, 1)];
    const [one] = stackWeights(alike, noise(500, 1), Float64Array.of(1, 0), oneFold(500));
    expect(Math.abs(stackWeights(alike, noise(500, 1), Float64Array.of(1, 0), folds)[0] - one)).toBeLessThan(0.05);
  });

  it('does not depend on the unit of the values', () => {
    const errors = [noise(30, 1), noise(30, 1), noise(30, 2)];
    const y = noise(30, 3);
    const centre = Float64Array.of(0, 1, 0);
    const weights = stackWeights(errors, y, centre, oneFold(30));
    for (const unit of [1e-12, 1e9]) {
      const scaled = stackWeights(
        errors.map((e) => e.map((v) => unit * v)),
        y.map((v) => unit * v),
        centre,
        oneFold(30),
      );
      for (const [k, w] of scaled.entries()) expect(Math.abs(w - weights[k])).toBeLessThan(1e-9);
    }
  });
});
