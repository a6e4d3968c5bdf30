import type { Masks } from '../core/masks.ts';
import { createRandom } from '../core/random.ts';
import { pairedMasks } from '../core/sample.ts';
import { rSquared } from '../spectrum/cross-validate.ts';
import { evaluateSpectrum, type Spectrum, spectrumFromTerms } from '../spectrum/spectrum.ts';
import { planSpex, spexQueries } from '../spex/plan.ts';
import { spex as decode } from '../spex/spex.ts';
import { type BenchContext, cpuRow, measure, type Row, rounded } from './harness.ts';

const RUNS = 3;
/** Masks that grade the decoded spectrum on the function before noise. */
const FRESH = 1000;

/** Frequencies of degree 1 to 5, ever smaller: the bins never come out empty, so that Chase decoding has all its work to do. */
function planted(n: number, terms: number): Spectrum {
  const random = createRandom(1, 9);
  return spectrumFromTerms(
    n,
    Array.from({ length: terms }, (_, k) => {
      const members = new Set(Array.from({ length: 1 + (k % 5) }, () => random.below(n)));
      return [[...members], random.normal() * 0.995 ** k] as const;
    }),
  );
}

async function row(context: BenchContext, n: number, b: number, terms: number): Promise<Row> {
  const plan = planSpex(n, { budget: spexQueries(n, b), seed: 1 });
  context.report(`decode: SPEX, ${n} players, ${plan.queries} queries`);
  const truth = planted(n, terms);
  const noise = createRandom(2, 9);
  const clean = (masks: Masks) => evaluateSpectrum(truth, masks);
  const values = clean(plan.masks).map((v) => v + noise.normal());
  const { cpu, last } = await measure(context, RUNS, () => decode(plan.masks, values, { plan, seed: 1 }));
  const fresh = pairedMasks(n, FRESH, 2);
  return cpuRow({
    id: `spex-${n}`,
    title: `SPEX, decoding ${n} players at b = ${b}, soft, with the refit`,
    times: cpu,
    unit: 'cpu-s',
    commit: context.commit,
    details: {
      planted: terms,
      queries: plan.queries,
      found: last.spectrum.coefficients.length,
      r2: rounded(rSquared(evaluateSpectrum(last.spectrum, fresh), clean(fresh))),
    },
  });
}

/** Bins, soft peeling and cross-validated refit through noise: of many frequencies, and of many players. */
export async function spexRows(context: BenchContext): Promise<Row[]> {
  return [await row(context, 128, 8, 1000), await row(context, 2000, 6, 100)];
}
