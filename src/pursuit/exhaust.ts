import { isComplement, type Masks } from '../core/masks.ts';
import type { Correlator } from './correlate.ts';
import { type Candidate, priceOf, type Variances } from './screen.ts';
import { characterOf, type Rows } from './support.ts';

/** Degrees that are screened in full: pairs are screened anyway, and of five players there are too many. */
const LEAST_DEGREE = 3;
const MOST_DEGREE = 4;
/** Most additions of a weight to a table in one screening of all (about half a second). */
const MOST_WORK = 1e9;
/** With fewer rows no frequency stands out from so many. */
const LEAST_ROWS = 128;
/**
 * Frequencies of one degree that are expected to be live where nothing says which: with 1 two of ten functions of 20 parities are not found
 * whole from 398 masks, with 5 one, with 20 none; what enters wrongly is pruned.
 */
const EXPECTED = 20;
/** Evidence z² from which a frequency is looked at again, and how many at most. */
const PROMISING = 9;
const MOST_PROMISING = 2000;
/** Of an even or odd part that is not there rounding is left: it counts as this share of the noise. */
const LEAST_PART = 1e-3;
/** Correlations between two breaths. */
const BREATH = 64;

function combinations(n: number, k: number): number {
  let out = 1;
  for (let i = 0; i < k; i++) out = (out * (n - i)) / (i + 1);
  return out;
}

/** The largest degree of which every frequency can be screened; 0 where none can. */
export function exhaustiveDegree(n: number, count: number): number {
  if (count < LEAST_ROWS) return 0;
  for (let degree = Math.min(MOST_DEGREE, n); degree >= LEAST_DEGREE; degree--) {
    let parents = 0;
    for (let k = 0; k < degree; k++) parents += combinations(n, k);
    if (parents * count * Math.ceil(n / 8) <= MOST_WORK) return degree;
  }
  return 0;
}

/** How evidence is weighed where no frequency is likelier than another of its degree. */
export interface Scale {
  /** z² of a product ⟨χ, residual⟩ for a frequency of degree d. */
  evidence(product: number, d: number): number;
  /** What z² must exceed. */
  price(d: number): number;
}

/**
 * Noise is told apart by parity: where rows 2p and 2p + 1 are complementary, a character of even degree is the same on both and sees the even
 * part of the residual alone, twice.
 */
export function scaleOf(masks: Masks, residual: Float64Array, { noise, byDegree }: Variances): Scale {
  const { n, count } = masks;
  let all = Number.MIN_VALUE;
  for (let r = 0; r < count; r++) all += residual[r] * residual[r];
  let across = 0;
  for (let r = 0; r + 1 < count; r += 2) if (isComplement(masks, r)) across += 2 * residual[r] * residual[r + 1];
  const sums = [all + across, all - across];
  const noises = sums.map((sum) => noise * Math.max(sum / all, LEAST_PART));
  return {
    evidence: (product, d) => (product * product) / (count * noises[d & 1]),
    price: (d) => priceOf(count, byDegree[d], noises[d & 1], Math.min(0.5, EXPECTED / combinations(n, d))),
  };
}

/** The most promising frequencies of 1 to `degree` players, whatever is in use already, by evidence. */
export async function exhaust(
  { masks }: Rows,
  correlator: Correlator,
  residual: Float64Array,
  scale: Scale,
  degree: number,
  breathe?: () => Promise<void>,
): Promise<Candidate[]> {
  const { n, count } = masks;
  const { weights, sums } = correlator;
  let found: Candidate[] = [];
  const waiting: number[][] = [];
  let runs = 0;
  const best = () => found.sort((a, b) => b.gain - a.gain).slice(0, MOST_PROMISING);
  const flush = () => {
    correlator.run();
    runs++;
    for (const [lane, parent] of waiting.entries())
      for (let f = (parent.at(-1) ?? -1) + 1; f < n; f++) {
        const gain = scale.evidence(sums[2 * f + lane], parent.length + 1);
        if (gain > PROMISING) found.push({ members: [...parent, f], gain });
      }
    if (found.length > 4 * MOST_PROMISING) found = best();
    waiting.length = 0;
  };
  const characters = Array.from({ length: n }, (_, i) => characterOf(masks, [i]));
  /** Screens every frequency that begins with `parent`; `own` is the residual times its character. */
  const below = async (parent: number[], own: Float64Array): Promise<void> => {
    for (let r = 0; r < count; r++) weights[2 * r + waiting.length] = own[r];
    waiting.push(parent);
    if (waiting.length === 2) flush();
    if (runs % BREATH === 0) await breathe?.();
    if (parent.length + 1 >= degree) return;
    const next = new Float64Array(count);
    for (let i = (parent.at(-1) ?? -1) + 1; i + 1 < n; i++) {
      for (let r = 0; r < count; r++) next[r] = own[r] * characters[i][r];
      await below([...parent, i], next);
    }
  };
  await below([], residual);
  if (waiting.length > 0) flush();
  return best();
}
