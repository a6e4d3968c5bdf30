import { describe, expect, it } from 'vitest';
import { isPresent, pickMasks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { fillBins, traceOf } from '../../src/spex/bins.ts';
import { crossValidatedLasso, type Normal, type Problem } from '../../src/spex/lasso.ts';
import { binProblem, rowProblem } from '../../src/spex/normal.ts';
import { planSpex } from '../../src/spex/plan.ts';
import { evaluateTerms, hierarchical, type Terms, withNoise } from '../spectrum/planted.ts';

/** Sums of some thousand numbers of about 1 in float64, relative to the number of rows. */
const ROUNDING = 1e-12;

const sum = (parts: readonly Normal[], of: (part: Normal) => ArrayLike<number>) =>
  parts.reduce(
    (total, part) => total.map((v, i) => v + of(part)[i]),
    Array.from({ length: of(parts[0]).length }, () => 0),
  );

/** A Gram matrix as a full square. */
function square({ pattern }: Problem, gram: ArrayLike<number>): number[][] {
  const { size, starts, columns } = pattern;
  const out = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (let k = 0; k < size; k++) for (let e = starts[k]; e < starts[k + 1]; e++) out[k][columns[e]] += gram[e];
  return out;
}

const partsOf = (problem: Problem) => Array.from({ length: problem.folds }, (_, f) => problem.part(f));

describe('the regression over bins', () => {
  it.each([
    [12, 3],
    [40, 4],
  ])('is the regression over all queries, written out: %i players, b = %i', (n, b) => {
    const plan = planSpex(n, { budget: 110 * 2 ** b, seed: 3 });
    expect(plan.b).toBe(b);
    const terms = hierarchical(n, 50, 2);
    const values = evaluateTerms(hierarchical(n, 90, 7), plan.masks);
    const problem = binProblem(
      terms.map(([members]) => traceOf(plan.code, plan.groups, b, members)),
      fillBins(plan, values),
    );
    const parts = partsOf(problem);
    const row = (r: number) => terms.map(([members]) => (members.filter((i) => isPresent(plan.masks, r, i)).length % 2 ? -1 : 1));
    const queries = Array.from(plan.rows);
    expect(parts.reduce((rows, part) => rows + part.rows, 0)).toBe(queries.length);
    const gram = square(
      problem,
      sum(parts, (p) => p.gram),
    );
    const moments = sum(parts, (p) => p.moments);
    const rows = queries.map(row);
    for (let k = 0; k < terms.length; k++) {
      expect(Math.abs(moments[k] - queries.reduce((s, r, q) => s + rows[q][k] * values[r], 0))).toBeLessThan(
        ROUNDING * 1e2 * queries.length,
      );
      for (let j = 0; j < terms.length; j++) expect(gram[k][j]).toBe(rows.reduce((s, x) => s + x[k] * x[j], 0));
    }
    const energy = queries.reduce((s, r) => s + values[r] ** 2, 0);
    expect(Math.abs(parts.reduce((s, p) => s + p.energy, 0) - energy)).toBeLessThan(ROUNDING * 1e2 * queries.length);
  });
});

describe('the cross-validated LASSO', () => {
  /** Noisy rows of a function whose terms are a fifth of the support offered. */
  function noisy() {
    const masks = pairedMasks(18, 300, 2);
    const offered: Terms = hierarchical(18, 80, 5);
    const values = withNoise(evaluateTerms(offered.slice(0, 16), masks), 0.5, createRandom(2));
    const keys = Uint32Array.from(offered, ([members]) => members.reduce((key, i) => key | (1 << i), 0));
    return { masks, offered, values, keys, problem: rowProblem(keys, masks, values, 1) };
  }

  it('meets the conditions of a minimum for some strength: equal correlation where a coefficient lives, less where it does not', async () => {
    const { masks, offered, values, problem } = noisy();
    const { beta } = await crossValidatedLasso(problem);
    const characters = offered.map((term) => evaluateTerms([[term[0], 1]], masks));
    const predicted = Float64Array.from(values, (_, r) => characters.reduce((s, column, k) => s + beta[k] * column[r], 0));
    const pull = characters.map((column) => column.reduce((s, x, r) => s + x * (values[r] - predicted[r]), 0) / masks.count);
    const alive = offered.map((_, k) => k).filter((k) => k > 0 && beta[k] !== 0);
    const strength = Math.abs(pull[alive[0]]);
    expect(alive.length).toBeGreaterThan(10);
    expect(alive.length).toBeLessThan(offered.length - 1);
    // Sweeps end at a thousandth of the strength.
    const slack = 0.02 * strength;
    for (const k of alive) expect(Math.abs(pull[k] - Math.sign(beta[k]) * strength)).toBeLessThan(slack);
    for (const [k, v] of pull.entries()) if (k > 0) expect(Math.abs(v)).toBeLessThan(strength + slack);
    expect(Math.abs(pull[0]), '∅ is not penalised').toBeLessThan(slack);
  });

  it('chooses a strength that no other one of a grid beats on the rows left out', async () => {
    const { masks, values, keys, problem } = noisy();
    const parts = partsOf(problem);
    const size = keys.length;
    /** Out-of-fold error of plain coordinate descent at one strength. */
    const errorAt = (strength: number) =>
      parts.reduce((total, part, fold) => {
        const others = parts.filter((_, f) => f !== fold);
        const gram = square(
          problem,
          sum(others, (p) => p.gram),
        );
        const moments = sum(others, (p) => p.moments);
        const rows = others.reduce((s, p) => s + p.rows, 0);
        const beta = new Array<number>(size).fill(0);
        for (let sweep = 0; sweep < 300; sweep++)
          for (let k = 0; k < size; k++) {
            const aim = moments[k] - gram[k].reduce((s, g, j) => s + (j === k ? 0 : g * beta[j]), 0);
            const limit = k === 0 ? 0 : strength * rows;
            beta[k] = (Math.sign(aim) * Math.max(0, Math.abs(aim) - limit)) / gram[k][k];
          }
        const own = square(problem, part.gram);
        return (
          total + part.energy + beta.reduce((s, c, k) => s + c * (own[k].reduce((t, g, j) => t + g * beta[j], 0) - 2 * part.moments[k]), 0)
        );
      }, 0);
    const { beta } = await crossValidatedLasso(problem);
    const predicted = evaluateTerms(
      Array.from(keys, (key, k) => [Array.from({ length: 18 }, (_, i) => i).filter((i) => (key >> i) & 1), beta[k]] as [number[], number]),
      masks,
    );
    const alive = beta.findIndex((c, k) => k > 0 && c !== 0);
    const column = evaluateTerms([[Array.from({ length: 18 }, (_, i) => i).filter((i) => (keys[alive] >> i) & 1), 1]], masks);
    const chosen = Math.abs(column.reduce((s, x, r) => s + x * (values[r] - predicted[r]), 0)) / masks.count;
    const best = Math.min(...Array.from({ length: 13 }, (_, i) => errorAt(chosen * 2 ** ((i - 6) / 2))));
    expect(errorAt(chosen)).toBeLessThan(1.005 * best);
  });

  it('leaves nothing but the mean of noise that no character explains', async () => {
    const masks = pairedMasks(18, 200, 3);
    const random = createRandom(1);
    const values = Float64Array.from({ length: 200 }, () => 4 + random.normal());
    const keys = Uint32Array.from({ length: 19 }, (_, k) => (k === 0 ? 0 : 1 << (k - 1)));
    const { beta } = await crossValidatedLasso(rowProblem(keys, masks, values, 1));
    expect(Math.abs(beta[0] - values.reduce((a, b) => a + b) / 200)).toBeLessThan(0.05);
    expect(beta.slice(1).reduce((s, c) => s + c * c, 0)).toBeLessThan(0.02);
    const none = await crossValidatedLasso(rowProblem(keys, pickMasks(masks, [0, 1]), [3, 3], 1));
    expect(Math.abs(none.beta[0] - 3)).toBeLessThan(1e-9);
  });
});
