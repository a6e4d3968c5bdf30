import { type ByteColumns, correlateAll } from './correlate.ts';
import { activePlayers, MAX_DEGREE, type Support } from './support.ts';

/** A frequency that would pay its cost, and by how much. */
export interface Candidate {
  readonly members: number[];
  readonly gain: number;
}

/** Up to here every pair is screened; beyond, only pairs with an active player. */
const ALL_PAIRS = 200;

interface Scene {
  readonly support: Support;
  readonly columns: ByteColumns;
  readonly residual: Float64Array;
  readonly active: Uint8Array;
  readonly actives: number;
  /** ln(1 + Nτ_d²/σ²) + 2 ln((1 − π)/π): what a frequency of degree d and prior probability π must bring. */
  cost(prior: number, degree: number): number;
  /** z² of a correlation. */
  evidence(correlation: number): number;
}

/** Every frequency one step away whose evidence exceeds its cost: single players, pairs, and chosen frequencies with one player more. */
export function screen(
  support: Support,
  columns: ByteColumns,
  residual: Float64Array,
  spread: { noise: number; byDegree: Float64Array },
): Candidate[] {
  const count = residual.length;
  const active = activePlayers(support);
  const scene: Scene = {
    support,
    columns,
    residual,
    active,
    actives: Math.max(
      active.reduce((a, b) => a + b, 0),
      1,
    ),
    cost: (prior, degree) => Math.log1p((count * spread.byDegree[degree]) / spread.noise) + 2 * Math.log((1 - prior) / prior),
    evidence: (correlation) => (correlation * correlation) / (count * spread.noise),
  };
  return [...singles(scene), ...pairs(scene), ...extensions(scene)];
}

function singles({ columns, residual, cost, evidence }: Scene): Candidate[] {
  const n = columns.n;
  const price = cost(Math.min(0.5, Math.max(20 / n, 0.15)), 1);
  const z = correlateAll(columns, residual, new Float64Array(n));
  return gains(n, (f) => evidence(z[f]) - price).map(({ f, gain }) => ({ members: [f], gain }));
}

function gains(n: number, gainOf: (f: number) => number): { f: number; gain: number }[] {
  const out: { f: number; gain: number }[] = [];
  for (let f = 0; f < n; f++) {
    const gain = gainOf(f);
    if (gain > 0) out.push({ f, gain });
  }
  return out;
}

/** Prior probabilities by heredity: both players active ≫ one ≫ none. */
function pairs({ support, columns, residual, active, actives, cost, evidence }: Scene): Candidate[] {
  const n = columns.n;
  const idle = n - actives;
  const prices = [
    cost(Math.min(0.1, 0.5 / Math.max(idle ** 2 / 2, 1)), 2),
    cost(Math.min(0.2, 3 / Math.max(actives * idle, 1)), 2),
    cost(Math.min(0.3, Math.max(10, actives) / Math.max(actives ** 2 / 2, 1)), 2),
  ];
  const out: Candidate[] = [];
  const weighted = new Float64Array(residual.length);
  const z = new Float64Array(n);
  const bytes = columns.bytes;
  for (let i = 0; i < n; i++) {
    if (n > ALL_PAIRS && !active[i]) continue;
    for (let r = 0, at = (i >> 3) * columns.count; r < weighted.length; r++, at++)
      weighted[r] = (bytes[at] >> (i & 7)) & 1 ? -residual[r] : residual[r];
    correlateAll(columns, weighted, z);
    const other = (j: number) => j > i || (n > ALL_PAIRS && !active[j]);
    for (const { f, gain } of gains(n, (j) => (j !== i && other(j) ? evidence(z[j]) - prices[active[i] + active[j]] : -1)))
      out.push({ members: i < f ? [i, f] : [f, i], gain });
  }
  return support.masks.n > 1 ? out : [];
}

function extensions({ support, columns, residual, active, actives, cost, evidence }: Scene): Candidate[] {
  const n = columns.n;
  const parents = Array.from(support.members.keys()).filter(
    (k) => support.members[k].length >= 2 && support.members[k].length < MAX_DEGREE,
  );
  const near = Math.min(0.2, Math.max(4, 0.3 * parents.length) / Math.max(parents.length * actives, 1));
  const far = Math.min(0.1, 0.5 / Math.max(parents.length * (n - actives), 1));
  const weighted = new Float64Array(residual.length);
  const z = new Float64Array(n);
  const out: Candidate[] = [];
  for (const k of parents) {
    const members = support.members[k];
    const column = support.columns[k];
    for (let r = 0; r < weighted.length; r++) weighted[r] = column[r] * residual[r];
    correlateAll(columns, weighted, z);
    const price = [cost(far, members.length + 1), cost(near, members.length + 1)];
    for (const { f, gain } of gains(n, (j) => (members.includes(j) ? -1 : evidence(z[j]) - price[active[j]])))
      out.push({ members: [...members, f].sort((a, b) => a - b), gain });
  }
  return out;
}
