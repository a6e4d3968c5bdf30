import type { Functional } from '../spectrum/spectrum.ts';
import type { Members } from './frequencies.ts';
import type { Hyper } from './hyper.ts';
import type { Pace } from './pace.ts';
import type { Process } from './process.ts';
import { FORMS, scaleOf } from './suffix.ts';
import { divide, multiply } from './symmetric.ts';
import type { Windows } from './windows.ts';

/**
 * What one form of endings, E·B(x, x'), is as a function of x where x' is a row. Every term i of B is a product over players, and so is its mean
 * against a character: players before i have the product kernel's factors, i itself is in both texts, those after it have the factors of what
 * may differ. Each factor is its mean over x_j times 1, or where the character has j times a ratio.
 */
interface Scan {
  /** Ratios of a player before the common one, and after it. */
  readonly before: Float64Array;
  readonly after: Float64Array;
  /** The term of each common player without any ratio. */
  readonly terms: Float64Array;
  /** Their sums up to each player, that one not among them: n + 1 numbers. */
  readonly sums: Float64Array;
}

function createScan(n: number): Scan {
  return {
    before: new Float64Array(n),
    after: new Float64Array(n),
    terms: new Float64Array(n),
    sums: new Float64Array(n + 1),
  };
}

/** Form k and row r into `scan`. */
function scanRow(scan: Scan, { c }: Hyper, k: number, { bits, groups }: Windows, r: number): void {
  const form = FORMS[k];
  const { before, after, terms, sums } = scan;
  const n = c.length;
  const kept = Math.exp(-form.forgets);
  const differing = form.differing * Math.exp(-form.forgets / 2);
  let product = scaleOf(form) / 2;
  for (let j = 0; j < n; j++) {
    const apart = Math.exp(-c[j]);
    terms[j] = product;
    product *= (1 + apart) / 2;
    const present = (bits[r * groups + (j >> 2)] >> (j & 3)) & 1;
    before[j] = ((present ? -1 : 1) * (1 - apart)) / (1 + apart);
    const other = apart * differing;
    after[j] = present ? (other - kept) / (other + kept) : (1 - other) / (1 + other);
  }
  product = 1;
  for (let j = n - 1; j >= 0; j--) {
    const present = (bits[r * groups + (j >> 2)] >> (j & 3)) & 1;
    terms[j] *= present ? product : 0;
    const other = Math.exp(-c[j]) * differing;
    product *= (present ? other + kept : 1 + other) / 2;
  }
  sums[0] = 0;
  for (let j = 0; j < n; j++) sums[j + 1] = sums[j] + terms[j];
}

/** What a player of a frequency, and one that is scanned, take beside a multiply-add. */
const MEMBER_WORK = 8;
const SCAN_WORK = 60;

/** Covariance of each coefficient with the rows' latent values as far as endings go, times their weights and added up: what they add to posterior means. */
export async function suffixCoefficients(
  { rows, hyper, weights }: Process,
  frequencies: readonly Members[],
  pace: Pace,
): Promise<Float64Array> {
  const out = new Float64Array(frequencies.length);
  if (hyper.suffix.length === 0) return out;
  const n = hyper.c.length;
  const ends = new Uint32Array(frequencies.length);
  const players = Uint16Array.from(frequencies.flat());
  for (let f = 0, end = 0; f < ends.length; f++) ends[f] = end += frequencies[f].length;
  const scan = createScan(n);
  for (let r = 0; r < rows.units; r++)
    for (const [k, amplitude] of hyper.suffix.entries()) {
      scanRow(scan, hyper, k, rows.windows, r);
      addCovariances(scan, players, ends, amplitude * weights[0][r], out);
      const rest = pace(MEMBER_WORK * (players.length + ends.length) + SCAN_WORK * n);
      if (rest) await rest;
    }
  return out;
}

/** Common players between two members have all ratios of the members before them of one kind, and of those after them of the other: from the last on. */
function addCovariances({ before, after, terms, sums }: Scan, players: Uint16Array, ends: Uint32Array, weight: number, out: Float64Array) {
  const count = ends.length;
  const all = sums[terms.length];
  for (let f = 0, from = 0; f < count; f++) {
    const end = ends[f];
    let sum = 0;
    let ratios = 1;
    let passed = all;
    for (let at = end - 1; at >= from; at--) {
      const member = players[at];
      sum = before[member] * (sum + ratios * (passed - sums[member + 1])) - ratios * terms[member];
      ratios *= after[member];
      passed = sums[member];
    }
    from = end;
    out[f] += weight * (sum + ratios * passed);
  }
}

/** The same of all frequencies at once, by degree: polynomials in t, where a player that a frequency has counts t. */
interface Polynomials {
  readonly scan: Scan;
  /** Σ over the common players up to each, that one not among them: (n + 1) × (top + 1). */
  readonly sums: Float64Array;
  /** Π(1 + ratio·t) over the players from each on. */
  readonly ahead: Float64Array;
}

function expandScan({ scan, sums, ahead }: Polynomials, top: number): void {
  const { before, after, terms } = scan;
  const n = terms.length;
  const size = top + 1;
  ahead.fill(0, n * size);
  ahead[n * size] = 1;
  for (let j = n - 1; j >= 0; j--) {
    ahead.copyWithin(j * size, (j + 1) * size, (j + 2) * size);
    multiply(ahead.subarray(j * size, (j + 1) * size), after[j]);
  }
  const behind = new Float64Array(size);
  const common = new Float64Array(size);
  behind[0] = 1;
  sums.fill(0, 0, size);
  for (let j = 0; j < n; j++) {
    common.fill(0);
    if (terms[j] !== 0) {
      for (let d = 0; d < size; d++) for (let e = 0; d + e < size; e++) common[d + e] += terms[j] * behind[d] * ahead[(j + 1) * size + e];
      multiply(common, -1);
    }
    for (let d = 0; d < size; d++) sums[(j + 1) * size + d] = sums[j * size + d] + common[d];
    multiply(behind, before[j]);
  }
}

/** Σ byDegree[|T|]·Cov(F(T), row) over T ⊇ members of one form and row. `room`: two polynomials. */
function covarianceOf({ scan, sums }: Polynomials, { members, byDegree }: Functional, room: readonly Float64Array[]): number {
  const { before, after } = scan;
  const [part, whole] = room;
  const size = part.length;
  const n = before.length;
  whole.fill(0);
  for (let s = 0; s <= 2 * members.length; s++) {
    // Common players before, at and after each member in turn.
    const passed = s >> 1;
    const from = s & 1 ? members[passed] : passed > 0 ? members[passed - 1] + 1 : 0;
    const to = s & 1 ? from + 1 : passed < members.length ? members[passed] : n;
    if (to <= from) continue;
    for (let d = 0; d < size; d++) part[d] = sums[to * size + d] - sums[from * size + d];
    let factor = 1;
    for (let m = 0; m < members.length; m++) {
      const ratio = m < passed ? before[members[m]] : s & 1 && m === passed ? -1 : after[members[m]];
      factor *= ratio;
      divide(part, ratio);
    }
    for (let d = 0; d < size; d++) whole[d] += factor * part[d];
  }
  let sum = 0;
  for (let t = members.length; t < Math.min(byDegree.length, size); t++) sum += byDegree[t] * whole[t - members.length];
  return sum;
}

/** Covariances of functionals with the rows' latent values as far as endings go, of degrees up to `top`: a column each. */
export async function suffixCovariances(
  { rows, hyper }: Process,
  functionals: readonly Functional[],
  top: number,
  pace: Pace,
): Promise<Float64Array[]> {
  const n = hyper.c.length;
  const size = top + 1;
  const out = functionals.map(() => new Float64Array(rows.size));
  const polynomials = { scan: createScan(n), sums: new Float64Array((n + 1) * size), ahead: new Float64Array((n + 1) * size) };
  const room = [new Float64Array(size), new Float64Array(size)];
  const work = functionals.reduce((sum, { members }) => sum + (2 * members.length + 1) * (members.length + 2) * MEMBER_WORK * size, 0);
  for (let r = 0; r < rows.units; r++)
    for (const [k, amplitude] of hyper.suffix.entries()) {
      scanRow(polynomials.scan, hyper, k, rows.windows, r);
      expandScan(polynomials, top);
      for (const [f, functional] of functionals.entries()) out[f][r] += amplitude * covarianceOf(polynomials, functional, room);
      const rest = pace(work + n * (SCAN_WORK + 4 * size + size * size));
      if (rest) await rest;
    }
  return out;
}

/** What a pair of degrees takes at one player. */
const PAIR_WORK = 8;

export function suffixVarianceWork(n: number, top: number): number {
  return FORMS.length * n * PAIR_WORK * (top + 1) ** 2;
}

/**
 * Prior variance of a functional as far as endings go. Coefficients are not independent here: both sums over T and T' go on together, player by
 * player, by both degrees.
 */
export function suffixVariance({ c, suffix }: Hyper, { members, byDegree }: Functional, top: number): number {
  const size = top + 1;
  const isMember = new Uint8Array(c.length);
  for (const m of members) isMember[m] = 1;
  let sum = 0;
  for (const [k, amplitude] of suffix.entries()) {
    const both = degreesOf(c, k, isMember, size);
    for (let t = 0; t < Math.min(byDegree.length, size); t++)
      for (let u = 0; u < Math.min(byDegree.length, size); u++) sum += amplitude * byDegree[t] * byDegree[u] * both[t * size + u];
  }
  return sum;
}

/** Σ Cov(F(T), F(T')) over T, T' ⊇ members by |T| and |T'|, size × size. */
function degreesOf(c: Float64Array, k: number, isMember: Uint8Array, size: number): Float64Array {
  const form = FORMS[k];
  const kept = Math.exp(-form.forgets);
  const differing = form.differing * Math.exp(-form.forgets / 2);
  // Players so far, the common one among them, and not yet: then T and T' have the same of them.
  const both = new Float64Array(size * size);
  const same = new Float64Array(size);
  same[0] = scaleOf(form);
  for (let j = 0; j < c.length; j++) {
    const apart = Math.exp(-c[j]);
    const other = apart * differing;
    const none = isMember[j] ? 0 : (1 + 2 * other + kept) / 4;
    const one = isMember[j] ? 0 : (1 - kept) / 4;
    const two = (1 - 2 * other + kept) / 4;
    for (let t = size - 1; t >= 0; t--)
      for (let u = size - 1; u >= 0; u--) {
        const at = t * size + u;
        let value = none * both[at];
        if (t > 0) value += one * both[at - size];
        if (u > 0) value += one * both[at - 1];
        if (t > 0 && u > 0) value += two * both[at - size - 1];
        // The common player is j itself: in a character it counts −1.
        if (t === u) value += (isMember[j] ? 0 : same[t] / 4) + (t > 0 ? same[t - 1] / 4 : 0);
        else if (!isMember[j] && Math.abs(t - u) === 1) value -= same[Math.min(t, u)] / 4;
        both[at] = value;
      }
    for (let t = size - 1; t >= 0; t--)
      same[t] = (isMember[j] ? 0 : (same[t] * (1 + apart)) / 2) + (t > 0 ? (same[t - 1] * (1 - apart)) / 2 : 0);
  }
  return both;
}
