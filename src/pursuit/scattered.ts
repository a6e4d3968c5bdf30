import type { DecodeOptions } from '../spectrum/spectrum.ts';
import type { Correlator } from './correlate.ts';
import { exhaust, exhaustiveDegree, scaleOf } from './exhaust.ts';
import { dropWeak, type Greedy, noiseOf, refit, residualOf, startingPriors, updatePriors } from './greedy.ts';
import type { Variances } from './screen.ts';
import { addTerms, characterOf, createSupport, dot, isInside, type Rows } from './support.ts';

/** Screenings of all frequencies at most, and terms as a share of the rows. */
const SCREENINGS = 12;
const MAX_SHARE = 0.3;
/** Where single players and what builds on them leave less of the variance than this, nothing is sought that builds on nothing. */
const UNEXPLAINED = 0.2;
/** Such frequencies must leave at most this share of the noise that the others leave. */
const CLEARLY = 0.5;

/**
 * For functions without hierarchy, such as parities of three and four players: every frequency up to degree 3 or 4 is screened as long as that is
 * affordable, the promising ones are looked at again after each that enters, and one enters where its evidence exceeds what is to be expected of
 * the best of so many. Returns what it finds where that is clearly better than `known`, else `known`.
 */
export async function scattered(rows: Rows, correlator: Correlator, known: Greedy, { breathe }: DecodeOptions): Promise<Greedy> {
  const { n, count } = rows.masks;
  const degree = exhaustiveDegree(n, count);
  const left = noiseOf(residualOf(known.support, known.coefficients), known.support.size);
  if (degree === 0 || left < UNEXPLAINED) return known;
  const support = createSupport(rows);
  const spread: Variances = { noise: 1, byDegree: startingPriors(n) };
  let fit = refit(support, spread);
  let residual = residualOf(support, fit.coefficients);
  const renew = () => {
    fit = refit(support, spread);
    residual = residualOf(support, fit.coefficients);
    spread.noise = noiseOf(residual, support.size);
  };
  renew();
  const most = Math.floor(MAX_SHARE * count);
  for (let screening = 0; screening < SCREENINGS && support.size < most; screening++) {
    const promising = await exhaust(rows, correlator, residual, scaleOf(rows.masks, residual, spread), degree, breathe);
    const pool = promising.map(({ members }) => ({ members, column: characterOf(rows.masks, members) }));
    const before = support.size;
    while (support.size < most) {
      const scale = scaleOf(rows.masks, residual, spread);
      let best = -1;
      let most = 0;
      for (const [k, { members, column }] of pool.entries()) {
        const gain = scale.evidence(dot(column, residual), members.length) - scale.price(members.length);
        if (gain > most && !isInside(support, members)) [best, most] = [k, gain];
      }
      if (best < 0) break;
      addTerms(support, [pool[best].members]);
      renew();
      updatePriors(support, fit.coefficients, spread);
      await breathe?.();
    }
    const added = support.size > before;
    dropWeak(support, fit, spread.noise);
    renew();
    if (!added) break;
  }
  return spread.noise < CLEARLY * left ? { support, coefficients: fit.coefficients, spread } : known;
}
