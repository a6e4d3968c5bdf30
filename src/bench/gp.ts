import type { Masks } from '../core/masks.ts';
import { createRandom } from '../core/random.ts';
import { pairedMasks } from '../core/sample.ts';
import { gp as decode } from '../gp/gp.ts';
import { rSquared } from '../spectrum/cross-validate.ts';
import { evaluateSpectrum, type Fit, spectrumFromTerms } from '../spectrum/spectrum.ts';
import { type BenchContext, cpuRow, measure, type Row, rounded } from './harness.ts';

const PLAYERS = 64;
const RUNS = 3;
/** Fewer masks than this are no start: the search begins from nothing all the same. */
const LEAST_HALF = 192;
/** Masks that grade the spectrum. */
const FRESH = 1000;

/** Words of falling influence, pairs of neighbours and of strong words, and an output that saturates. */
function saturating(): (masks: Masks) => Float64Array {
  const random = createRandom(1, 9);
  const singles = Array.from({ length: PLAYERS }, (_, i) => [[i], random.normal() * 0.5 ** (i % 7)] as const);
  const pairs = Array.from({ length: 40 }, (_, k) => {
    const i = random.below(PLAYERS - 1);
    return [k % 2 ? [i, i + 1] : [7 * (i % 9), 7 * ((i + 4) % 9) + 1], 0.3 * random.normal()] as const;
  });
  const latent = spectrumFromTerms(PLAYERS, [...singles, ...pairs]);
  const size = Math.sqrt(latent.coefficients.reduce((sum, c) => sum + c * c, 0));
  return (masks) => evaluateSpectrum(latent, masks).map((v) => 4 * Math.tanh(v / size));
}

/** A fit of `count` masks from nothing and, where there were enough, on from half of them. */
export async function gpRows(context: BenchContext, count: number): Promise<Row[]> {
  const truth = saturating();
  const masks = pairedMasks(PLAYERS, count, 1);
  const values = truth(masks);
  const fresh = pairedMasks(PLAYERS, FRESH, 2);
  const half = pairedMasks(PLAYERS, count / 2, 1);
  const { end } = await decode(half, values.slice(0, half.count), { seed: 1 });
  const row = async (id: string, title: string, start: Fit['end']): Promise<Row> => {
    context.report(`decode: Gaussian process, ${title}`);
    const { cpu, last } = await measure(context, RUNS, () => decode(masks, values, { seed: 1, start }));
    return cpuRow({
      id,
      title,
      times: cpu,
      unit: 'cpu-s',
      commit: context.commit,
      details: {
        terms: last.spectrum.coefficients.length,
        r2: rounded(rSquared(evaluateSpectrum(last.spectrum, fresh), truth(fresh))),
      },
    });
  };
  const out = [await row(`gp-${count}`, `${count} masks, from nothing`, undefined)];
  if (half.count >= LEAST_HALF) out.push(await row(`gp-${count}-warm`, `${count} masks, on from the search of ${half.count}`, end));
  return out;
}
