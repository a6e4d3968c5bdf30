import { popcount } from '../core/bits.ts';
import { WebspexError } from '../core/errors.ts';
import { createRandom } from '../core/random.ts';
import { fwht } from './fwht.ts';
import { createMonomials, type Monomials } from './removal-monomials.ts';
import { membersOf, type Spectrum } from './spectrum.ts';

/** Players whose removal from the full mask moves a spectrum most. */
export interface Removal {
  readonly members: readonly number[];
  /** What the spectrum then says less what it says of the full mask. */
  readonly change: number;
  /** Whether no other set of that size can move it more; else it is the best that local search found. */
  readonly proven: boolean;
}

/** Up to so many players all sets are looked at. */
const MOST_LISTED = 16;
/** Beyond this size sets are not searched exhaustively. */
const MOST_PROVEN = 6;
/** Partial sets looked at before branch and bound gives up its proof. */
const MOST_NODES = 50_000;
/** Monomials of frequencies of more players than this are too many to expand. */
const MOST_DEGREE = 12;
const RESTARTS = 8;

/** The terms seen from the full mask: `c` is a term's value there; removing a member flips its sign. */
interface Terms {
  readonly n: number;
  readonly members: readonly (readonly number[])[];
  readonly c: Float64Array;
  readonly of: readonly (readonly number[])[];
}

function termsOf(spectrum: Spectrum, sign: number): Terms {
  const { n, coefficients } = spectrum;
  const all = Array.from(coefficients, (_, k) => membersOf(spectrum.keys, k, n));
  const live = Array.from(all.keys()).filter((k) => all[k].length > 0 && coefficients[k] !== 0);
  const members = live.map((k) => all[k]);
  const of: number[][] = Array.from({ length: n }, () => []);
  members.forEach((set, t) => {
    for (const i of set) of[i].push(t);
  });
  return { n, members, c: Float64Array.from(live, (k) => sign * coefficients[k] * (all[k].length % 2 ? -1 : 1)), of };
}

function changeOf({ members, c }: Terms, removed: readonly number[]): number {
  let sum = 0;
  for (let t = 0; t < c.length; t++) if (members[t].filter((i) => removed.includes(i)).length % 2) sum -= 2 * c[t];
  return sum;
}

/**
 * The `size` players whose removal moves the spectrum most, up or down: of 16 players or fewer by looking at all sets, of more by branch and
 * bound for up to six, best first and bounded by what each player and its share of every gain it is part of can still bring, and by local search
 * with swaps beyond. (Kang et al. 2025 solve the same by integer
 * programming.) @throws usage where there are fewer players.
 */
export function mostMoving(spectrum: Spectrum, size: number): Removal {
  if (!Number.isInteger(size) || size < 1 || size > spectrum.n)
    throw new WebspexError('usage', `removal: expected 1 to ${spectrum.n} players to remove, got ${size}; change the number`);
  if (spectrum.n <= MOST_LISTED) return amongAll(spectrum, size);
  const [up, down] = [1, -1].map((sign) => largestGain(spectrum, size, sign));
  return up.gain >= down.gain ? { ...up.found, change: up.gain } : { ...down.found, change: -down.gain };
}

/** Every set of that size, from the table of all 2ⁿ values. */
function amongAll({ n, keys, coefficients }: Spectrum, size: number): Removal {
  const table = new Float64Array(2 ** n);
  for (let k = 0; k < coefficients.length; k++) table[keys[k]] = coefficients[k];
  fwht(table);
  const full = table.length - 1;
  let removed = 0;
  let change = 0;
  for (let m = 0; m <= full; m++) {
    if (popcount(m) !== size) continue;
    const now = table[full ^ m] - table[full];
    if (removed === 0 || Math.abs(now) > Math.abs(change)) [removed, change] = [m, now];
  }
  return { members: Array.from({ length: n }, (_, i) => i).filter((i) => (removed >> i) & 1), change, proven: true };
}

interface Gain {
  readonly gain: number;
  readonly found: { readonly members: readonly number[]; readonly proven: boolean };
}

function largestGain(spectrum: Spectrum, size: number, sign: number): Gain {
  const terms = termsOf(spectrum, sign);
  const start = localSearch(terms, size);
  const narrow = terms.members.every((set) => set.length <= MOST_DEGREE);
  if (size > MOST_PROVEN || !narrow) return { gain: start.gain, found: { members: start.members, proven: size === terms.n } };
  const { members, proven } = branchAndBound(createMonomials(terms.n, terms.members, terms.c), size, start);
  return { gain: changeOf(terms, members), found: { members, proven } };
}

interface Found {
  readonly members: readonly number[];
  readonly gain: number;
}

/** Greedy, then swaps while one helps; from several starts. */
function localSearch(terms: Terms, size: number): Found {
  const random = createRandom(size, 8);
  let best: Found = { members: [], gain: Number.NEGATIVE_INFINITY };
  for (let start = 0; start < RESTARTS; start++) {
    const removed = new Set<number>();
    const signs = Float64Array.from(terms.c);
    const flip = (i: number) => {
      for (const t of terms.of[i]) signs[t] = -signs[t];
      if (!removed.delete(i)) removed.add(i);
    };
    if (start > 0) while (removed.size < Math.ceil(size / 2)) flip(free(terms.n, removed)[random.below(terms.n - removed.size)]);
    while (removed.size < size) {
      const open = free(terms.n, removed);
      const gains = open.map((i) => -terms.of[i].reduce((sum, t) => sum + signs[t], 0));
      flip(open[gains.indexOf(Math.max(...gains))]);
    }
    for (let swap = bestSwap(terms, signs, removed); swap; swap = bestSwap(terms, signs, removed)) for (const i of swap) flip(i);
    const members = [...removed].sort((a, b) => a - b);
    const gain = changeOf(terms, members);
    if (gain > best.gain) best = { members, gain };
  }
  return best;
}

function free(n: number, removed: ReadonlySet<number>): number[] {
  return Array.from({ length: n }, (_, i) => i).filter((i) => !removed.has(i));
}

/** The swap of one removed player for another that gains most, or null where none gains more than rounding. */
function bestSwap({ n, members, of }: Terms, signs: Float64Array, removed: ReadonlySet<number>): [number, number] | null {
  const alone = Float64Array.from(of, (list) => list.reduce((sum, t) => sum + signs[t], 0));
  let most = 1e-9 * signs.reduce((sum, v) => sum + Math.abs(v), 0);
  let found: [number, number] | null = null;
  for (const i of removed) {
    const both = new Float64Array(n);
    for (const t of of[i]) for (const j of members[t]) both[j] += signs[t];
    for (let j = 0; j < n; j++) {
      if (removed.has(j)) continue;
      const gain = -2 * (alone[i] + alone[j] - 2 * both[j]);
      if (gain > most) [most, found] = [gain, [i, j]];
    }
  }
  return found;
}

/** Depth first over players in order of their bounds; a branch is cut where its bound is no better than what is known. */
function branchAndBound(monomials: Monomials, size: number, start: Found): { members: readonly number[]; proven: boolean } {
  let best = start;
  let nodes = 0;
  const chosen: number[] = [];
  const allowed = new Uint8Array(monomials.n).fill(1);
  const slack = 1e-12 * (1 + Math.abs(start.gain));
  const visit = (d: Float64Array, gain: number): void => {
    const left = size - chosen.length;
    if (left === 0) {
      if (gain > best.gain) best = { members: [...chosen].sort((a, b) => a - b), gain };
      return;
    }
    const bounds = monomials.bounds(d, allowed, left);
    const order = Array.from(bounds.keys())
      .filter((i) => allowed[i])
      .sort((a, b) => bounds[b] - bounds[a]);
    const tried: number[] = [];
    for (let at = 0; at + left <= order.length && nodes < MOST_NODES; at++) {
      // Each later branch may only use players from here on, whose bounds are smaller.
      let reach = gain;
      for (let k = 0; k < left; k++) reach += bounds[order[at + k]];
      if (reach <= best.gain + slack) break;
      nodes++;
      const i = order[at];
      allowed[i] = 0;
      tried.push(i);
      chosen.push(i);
      visit(monomials.remove(d, i), gain + monomials.alone(d, i));
      chosen.pop();
    }
    for (const i of tried) allowed[i] = 1;
  };
  visit(monomials.start, 0);
  return { members: best.members, proven: nodes < MOST_NODES };
}
