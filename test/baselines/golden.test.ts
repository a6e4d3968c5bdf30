import { describe, expect, it } from 'vitest';
import { faithBanzhaf } from '../../src/baselines/banzhaf.ts';
import { faithShap, kernelshap } from '../../src/baselines/kernelshap.ts';
import { kernelshapIq } from '../../src/baselines/kernelshap-iq.ts';
import { lime } from '../../src/baselines/lime.ts';
import { polynomialBasis } from '../../src/baselines/polynomial.ts';
import { weightedRegression } from '../../src/baselines/weighted.ts';
import { allMasks } from '../../src/core/masks.ts';
import type { IndexName } from '../../src/spectrum/index-weights.ts';
import type { Decoder } from '../../src/spectrum/spectrum.ts';
import { golden, masksOf, placesOf, valuesOf } from './support.ts';

/** shapiq holds its constraints by weights of 1e8 rather than exactly, and both solve normal equations. */
const CONSTRAINED = 2e-6;
/** The same ridge problem through two factorisations in float64. */
const RIDGE = 1e-9;

const { n, table } = golden;

describe('on all masks, shapiq 1.4.1 gives the same values as', () => {
  const cases: [string, Decoder, IndexName, number][] = [
    ['kernelshap', kernelshap, 'SV', 1],
    ['faith-shap', faithShap, 'FSII', 2],
    ['faith-banzhaf', faithBanzhaf, 'FBII', 2],
    ['kernelshap-iq-2', kernelshapIq, 'k-SII', 2],
    ['kernelshap-iq-3', kernelshapIq, 'k-SII', 3],
  ];
  it.each(cases)('%s', async (name, decode, index, order) => {
    const fit = await decode(allMasks(n), table, { seed: 1, order });
    const got = valuesOf(fit, index, order);
    const expected = Object.entries(golden.full[name]).filter(([members]) => members !== '');
    expect(expected.length).toBe(got.size);
    for (const [members, value] of expected) expect(Math.abs((got.get(members) as number) - value), members).toBeLessThan(CONSTRAINED);
  });
});

describe('on a sample with shapiq’s own weights, the regression gives the same values as shapiq’s', () => {
  it.each(Object.keys(golden.sampled))('%s', async (name) => {
    const { order, masks: rows, weights, values } = golden.sampled[name];
    const masks = masksOf(rows);
    const basis = polynomialBasis(n, order);
    const inner = Array.from(rows.keys()).filter((r) => /0/.test(rows[r]) && /1/.test(rows[r]));
    const places = placesOf(masks);
    const columns = basis.contained(masks).map((sets) => sets.map((s) => s - 1));
    const { coefficients } = await weightedRegression({
      size: basis.sets.length - 1,
      columns: inner.map((r) => columns[r]),
      values: inner.map((r) => table[places[r]] - table[0]),
      weights: Float64Array.from(inner, (r) => weights[r]),
      missing: new Float64Array(inner.length),
      total: { columns: () => true, value: table[2 ** n - 1] - table[0] },
    });
    for (const [s, set] of basis.sets.entries())
      if (s > 0) expect(Math.abs(coefficients[s - 1] - values[set.join()]), set.join()).toBeLessThan(CONSTRAINED);
  });
});

it('lime 0.2.0.1 gives the same weights, when it draws each number of removed players equally often', async () => {
  const masks = masksOf(golden.lime.masks);
  const fit = await lime(
    masks,
    placesOf(masks).map((m) => table[m]),
    { seed: 1 },
  );
  const got = valuesOf(fit, 'Moebius', 1);
  golden.lime.weights.forEach((weight, i) => {
    expect(Math.abs((got.get(String(i)) as number) - weight)).toBeLessThan(RIDGE);
  });
});
