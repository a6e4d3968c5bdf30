import { isPresent, type Masks, sliceMasks } from '../../core/masks.ts';
import { createRandom, type Random } from '../../core/random.ts';
import { pairedMasks, unpairedMasks } from '../../core/sample.ts';
import { FIRST_LOOK } from '../../explain/rows.ts';
import { isEven, unpaired } from '../../explain/unpair.ts';
import { evaluateSpectrum, type Spectrum, spectrumFromTerms } from '../../spectrum/spectrum.ts';
import { type Family, FRESH, type Game, type GameHead, joined, SEED, spexPlanOf } from './game.ts';

interface Planted {
  readonly name: string;
  readonly family: Family;
  readonly n: number;
  /** Noise on the values that are fitted, as a share of their standard deviation. */
  readonly noise: number;
  readonly spexBits: number;
  build(random: Random): (masks: Masks) => Float64Array;
}

/** Rows of a planted function that methods may fit, and more of them for the largest budgets. */
const FIT = 2000;
const MORE = 6000;
const TERMS = 60;
/** Terms of a pure parity function. */
const PARITIES = 20;

const size = (random: Random) => (random.uniform() < 0.5 ? -1 : 1) * (0.5 + random.uniform());

function members(random: Random, n: number, degree: number): number[] {
  const out = new Set<number>();
  while (out.size < degree) out.add(random.below(n));
  return [...out];
}

/** Sixty frequencies, a third of them single players, the others one player more than an earlier one, up to five; smaller by 0.7 a player. */
function hierarchical(n: number) {
  return (random: Random): Spectrum => {
    const terms: [number[], number][] = [[[], 1]];
    while (terms.length <= TERMS) {
      const parent = terms.length <= TERMS / 3 ? [] : terms[1 + random.below(terms.length - 1)][0];
      const player = random.below(n);
      const coefficient = size(random) * 0.7 ** parent.length;
      if (!parent.includes(player) && parent.length < 5) terms.push([[...parent, player], coefficient]);
    }
    return spectrumFromTerms(n, terms);
  };
}

/** Frequencies of one degree, nothing below them: no smaller set says anything. */
function parities(n: number, degree: number) {
  return (random: Random): Spectrum =>
    spectrumFromTerms(
      n,
      Array.from({ length: PARITIES }, () => [members(random, n, degree), size(random)] as const),
    );
}

/** Groups of three of which all, or any, must be there, added up and saturated: few rules, and a dense spectrum. */
function groups(n: number) {
  return (random: Random) => {
    const parts = Array.from({ length: n / 2 }, () => ({ of: members(random, n, 3), any: random.uniform() < 0.5, c: size(random) }));
    return (masks: Masks) =>
      Float64Array.from({ length: masks.count }, (_, r) => {
        const sum = parts.reduce((total, { of, any, c }) => {
          const kept = of.filter((i) => isPresent(masks, r, i)).length;
          return total + ((any ? kept > 0 : kept === of.length) ? c : 0);
        }, 0);
        return Math.tanh(sum / 2);
      });
  };
}

const evaluated = (make: (random: Random) => Spectrum) => (random: Random) => {
  const spectrum = make(random);
  return (masks: Masks) => evaluateSpectrum(spectrum, masks);
};

const PLANTED: readonly Planted[] = [
  { name: 'sparse-64', family: 'sparse', n: 64, noise: 0.3, spexBits: 5, build: evaluated(hierarchical(64)) },
  { name: 'sparse-128', family: 'sparse', n: 128, noise: 0.3, spexBits: 5, build: evaluated(hierarchical(128)) },
  { name: 'and-or-40', family: 'and-or', n: 40, noise: 0, spexBits: 5, build: groups(40) },
  { name: 'and-or-64', family: 'and-or', n: 64, noise: 0, spexBits: 5, build: groups(64) },
  { name: 'parity-64-3', family: 'parity', n: 64, noise: 0, spexBits: 5, build: evaluated(parities(64, 3)) },
  { name: 'parity-64-4', family: 'parity', n: 64, noise: 0, spexBits: 5, build: evaluated(parities(64, 4)) },
];

/** Names of the planted functions. */
export const PLANTED_NAMES: readonly string[] = PLANTED.map((p) => p.name);

/**
 * Those that a run evaluates, without complements where the first look finds that they say nothing new; pairs that are not among them; and behind
 * these, more of the first kind.
 */
function masksFor(n: number, f: (masks: Masks) => Float64Array): Readonly<Record<'fit' | 'fresh' | 'more', Masks>> {
  const masks = pairedMasks(n, 2 * FIT + FRESH + MORE, SEED);
  const rows = (from: number, count: number) => sliceMasks(masks, from, from + count);
  const fit = rows(0, FIT);
  if (!isEven(f(rows(0, FIRST_LOOK)), FIRST_LOOK)) return { fit, fresh: rows(FIT, FRESH), more: rows(FIT + FRESH, MORE) };
  return { fit: unpaired(fit, FIRST_LOOK, SEED), fresh: rows(2 * FIT, FRESH), more: unpairedMasks(n, MORE, SEED, 2 * FIT + FRESH) };
}

/** A planted function at the masks of the benchmark; nothing of it need be stored. */
export function plantedGame(name: string): Game {
  const stream = PLANTED.findIndex((p) => p.name === name);
  const { family, n, noise, spexBits, build } = PLANTED[stream];
  const f = build(createRandom(SEED, 50 + stream));
  const shake = createRandom(SEED, 70 + stream);
  const { fit, fresh, more } = masksFor(n, f);
  const clean = f(fit);
  const mean = clean.reduce((a, b) => a + b, 0) / FIT;
  const deviation = Math.sqrt(clean.reduce((sum, v) => sum + (v - mean) ** 2, 0) / FIT);
  const noisy = (values: Float64Array) => values.map((v) => Math.fround(v + noise * deviation * shake.normal()));
  const head: GameHead = { name, family, n, fit: FIT, fresh: FRESH, more: MORE, spexBits };
  const plan = spexPlanOf(head);
  // Noise is drawn in this order, and last for the rows that were added last.
  const first = { masks: fit, values: noisy(clean) };
  const spex = { masks: plan.masks, values: noisy(f(plan.masks)), plan };
  return {
    head,
    fit: joined(first, { masks: more, values: noisy(f(more)) }),
    fresh: { masks: fresh, values: f(fresh).map(Math.fround) },
    spex,
  };
}
