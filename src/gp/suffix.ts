import type { Pace } from './pace.ts';
import { OWN, type Windows } from './windows.ts';

/** What a kernel of endings makes of a word that only one of the two texts has, and how fast it forgets, by the words kept since. */
export interface Form {
  readonly differing: number;
  readonly forgets: number;
}

/** Endings of some words that may differ in several, and of a few that should not. A third form, long or short, brings nothing. */
export const FORMS: readonly Form[] = [
  { differing: 0.6, forgets: 0.25 },
  { differing: 0.2, forgets: 0.6 },
];

/** Makes k(x, x) at most 1. */
export function scaleOf({ forgets }: Form): number {
  return 1 - Math.exp(-forgets);
}

/** What one player after a common one multiplies B by. */
function passing({ differing, forgets }: Form, mine: number, yours: number): number {
  return (mine === yours ? 1 : differing) * Math.exp((-forgets * (mine + yours)) / 2);
}

const STRIDE = 2 * FORMS.length;
/** The players that a window owns. */
const ALL = (1 << OWN) - 1;

/**
 * By the four players that a window owns in either mask: for each form what they multiply the sum of all before them by, and what they add.
 * Endings are alike at every place, so one table serves all windows.
 */
const STEPS = stepsOf();

function stepsOf(): Float64Array {
  const size = 1 << OWN;
  const steps = new Float64Array(STRIDE * size * size);
  for (let mine = 0; mine < size; mine++)
    for (let yours = 0; yours < size; yours++)
      for (const [k, form] of FORMS.entries()) {
        let [factor, sum] = [1, 0];
        for (let i = 0; i < OWN; i++) {
          const [m, y] = [(mine >> i) & 1, (yours >> i) & 1];
          const pass = passing(form, m, y);
          sum = sum * pass + scaleOf(form) * (m & y);
          factor *= pass;
        }
        const at = STRIDE * ((mine << OWN) | yours) + 2 * k;
        steps[at] = factor;
        steps[at + 1] = sum;
      }
  return steps;
}

/**
 * How alike two texts of kept words are to who reads them in order and remembers the end best (prototype: wgp_suffix.py):
 * B(x, x') = (1 − e^(−γ)) Σ_i x_i x'_i e^(−γ(k_i + k'_i)/2) δ^d_i, k_i words kept after i, d_i of the words after i that only one has, for
 * each form into `out`. Row p of `a` and row q of `b`.
 */
export function suffixSums(a: Windows, p: number, b: Windows, q: number, out: Float64Array): void {
  const { groups, bits } = a;
  const others = b.bits;
  const steps = STEPS;
  let first = 0;
  let second = 0;
  for (let g = 0, i = p * groups, j = q * groups; g < groups; g++, i++, j++) {
    const at = STRIDE * (((bits[i] & ALL) << OWN) | (others[j] & ALL));
    first = first * steps[at] + steps[at + 1];
    second = second * steps[at + 2] + steps[at + 3];
  }
  out[0] = first;
  out[1] = second;
}

const sums = new Float64Array(FORMS.length);

/** Σ a_k B_k of a pair of rows; 0 without amplitudes. */
export function suffixOf(amplitudes: Float64Array, a: Windows, p: number, b: Windows, q: number): number {
  if (amplitudes.length === 0) return 0;
  suffixSums(a, p, b, q, sums);
  return amplitudes[0] * sums[0] + amplitudes[1] * sums[1];
}

/** The same of a row, and of its complement, into out[0] and out[1], at little more than the cost of one of them. */
export function suffixOfBoth(amplitudes: Float64Array, a: Windows, p: number, b: Windows, q: number, out: Float64Array): void {
  const { groups, n, bits } = a;
  const others = b.bits;
  const steps = STEPS;
  const unused = OWN * groups - n;
  let first = 0;
  let second = 0;
  let turnedFirst = 0;
  let turnedSecond = 0;
  for (let g = 1, i = p * groups, j = q * groups; g <= groups; g++, i++, j++) {
    const mine = bits[i] & ALL;
    const yours = others[j] & ALL;
    const at = STRIDE * ((mine << OWN) | yours);
    const turned = STRIDE * (((mine ^ (g < groups ? ALL : ALL >> unused)) << OWN) | yours);
    first = first * steps[at] + steps[at + 1];
    second = second * steps[at + 2] + steps[at + 3];
    turnedFirst = turnedFirst * steps[turned] + steps[turned + 1];
    turnedSecond = turnedSecond * steps[turned + 2] + steps[turned + 3];
  }
  out[0] = amplitudes[0] * first + amplitudes[1] * second;
  out[1] = amplitudes[0] * turnedFirst + amplitudes[1] * turnedSecond;
}

/** What the steps of a window take beside a multiply-add. */
const STEP_WORK = 8;

export function suffixWork({ groups }: Windows, pairs: number): number {
  return STEP_WORK * groups * pairs;
}

/** B of all pairs of rows, which hyper-parameters only weigh: row p of the lower triangle holds FORMS.length numbers for each q ≤ p. */
export async function suffixMatrix(windows: Windows, pace: Pace): Promise<Float64Array> {
  const { count } = windows;
  const out = new Float64Array((FORMS.length * count * (count + 1)) / 2);
  for (let p = 0, at = 0; p < count; p++) {
    for (let q = 0; q <= p; q++, at += FORMS.length) {
      suffixSums(windows, p, windows, q, sums);
      out.set(sums, at);
    }
    const rest = pace(suffixWork(windows, p));
    if (rest) await rest;
  }
  return out;
}

/** Where row p begins in a `suffixMatrix`. */
function rowAt(p: number): number {
  return (FORMS.length * p * (p + 1)) / 2;
}

/** Σ a_k B_k of row p with every row up to it, into `out`. */
export function mixRow(amplitudes: Float64Array, matrix: Float64Array, p: number, out: Float64Array): void {
  const a = amplitudes[0];
  const b = amplitudes[1];
  for (let q = 0, at = rowAt(p); q <= p; q++, at += FORMS.length) out[q] = a * matrix[at] + b * matrix[at + 1];
}

/** The transpose of `mixRow`: derivatives by its results become those by the amplitudes, which are added to. */
export function addMixSlopes(matrix: Float64Array, p: number, by: Float64Array, slopes: Float64Array): void {
  let [a, b] = [0, 0];
  for (let q = 0, at = rowAt(p); q <= p; q++, at += FORMS.length) {
    a += by[q] * matrix[at];
    b += by[q] * matrix[at + 1];
  }
  slopes[0] += a;
  slopes[1] += b;
}

/** B(x, x) weighed, of one row. */
export function suffixDiagonal(amplitudes: Float64Array, windows: Windows, p: number): number {
  return suffixOf(amplitudes, windows, p, windows, p);
}
