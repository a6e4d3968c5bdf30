import { masksFromRows } from '../core/masks.ts';
import { evaluateSpectrum, type Spectrum, spectrumFromTerms } from '../spectrum/spectrum.ts';
import type { Explanation } from './document.ts';

/** Rows of 0/1 over the players, one for each corner: members absent by the bits of the corner, all others kept. Row 0 is the whole text. */
export function corners(players: number, members: readonly number[]): number[][] {
  return Array.from({ length: 2 ** members.length }, (_, corner) => {
    const row = new Array<number>(players).fill(1);
    members.forEach((m, i) => {
      row[m] = (corner >> i) & 1 ? 0 : 1;
    });
    return row;
  });
}

/**
 * Joint effect by inclusion–exclusion over corners in that order: Σ (−1)^(members absent) value. It is measured at the whole text, so it
 * is not the value of an index, which is a mean over maskings.
 */
export function jointEffect(values: ArrayLike<number>): number {
  let sum = 0;
  for (let corner = 0; corner < values.length; corner++) {
    let absent = 0;
    for (let bits = corner; bits > 0; bits >>= 1) absent += bits & 1;
    sum += absent % 2 ? -values[corner] : values[corner];
  }
  return sum;
}

/** The spectrum that an explanation holds. */
export function explainedSpectrum({ players, spectrum }: Pick<Explanation, 'players' | 'spectrum'>): Spectrum {
  return spectrumFromTerms(
    players.length,
    spectrum.map(({ members, coefficient }) => [members, coefficient] as const),
  );
}

/** What the explanation predicts for rows of 0/1 over the players. */
export function predictRows(e: Pick<Explanation, 'players' | 'spectrum'>, rows: readonly (readonly number[])[]): Float64Array {
  return evaluateSpectrum(explainedSpectrum(e), masksFromRows(rows));
}

/**
 * A pair to compare with: drawn (from the run's seed) among those that no frequency of the explanation joins, or where all are joined the
 * one whose joint effect the explanation holds smallest; never two of `except`, the players that are verified. Null where no pair is left.
 */
export function controlPair(
  e: Pick<Explanation, 'players' | 'spectrum' | 'seed'>,
  except: readonly number[] = [],
): [number, number] | null {
  const joined = new Set(e.spectrum.flatMap(({ members }) => members.flatMap((a) => members.map((b) => `${a} ${b}`))));
  const pairs = pairsOf(e.players.length).filter(([a, b]) => !(except.includes(a) && except.includes(b)));
  const free = pairs.filter(([a, b]) => !joined.has(`${a} ${b}`));
  const draw = Math.imul(e.seed + 1, 2654435761) >>> 0;
  return free.length > 0 ? free[draw % free.length] : leastJoined(e, pairs);
}

function pairsOf(n: number): [number, number][] {
  return Array.from({ length: n }, (_, a) => Array.from({ length: n - a - 1 }, (_, i): [number, number] => [a, a + 1 + i])).flat();
}

function leastJoined(e: Pick<Explanation, 'players' | 'spectrum'>, pairs: readonly [number, number][]): [number, number] | null {
  let least: [number, number] | null = null;
  let size = Number.POSITIVE_INFINITY;
  for (const pair of pairs) {
    const effect = Math.abs(jointEffect(predictRows(e, corners(e.players.length, pair))));
    if (effect < size) [least, size] = [pair, effect];
  }
  return least;
}

/** Largest interaction that is verified: 2⁴ passes, and four more for the control. */
export const MOST_VERIFIED = 4;

/** One masking of the text, asked of the model itself and of the explanation. */
export interface Corner {
  /** Members of the interaction that are kept; all other words are. */
  readonly kept: readonly number[];
  readonly measured: number;
  readonly predicted: number;
}

/** The 2ᵏ corners of some players, and what they do together at the whole text by inclusion–exclusion. */
export interface Checked {
  readonly members: readonly number[];
  readonly corners: readonly Corner[];
  readonly joint: { readonly measured: number; readonly predicted: number };
}

/** An interaction beside the model itself. The index is a mean over maskings and no prediction of the joint effect. */
export interface Verification extends Checked {
  readonly format: 'webspex-verification';
  readonly version: 1;
  /** A pair that the explanation holds to do nothing together. */
  readonly control: Checked | null;
  readonly index: { readonly name: string; readonly value: number; readonly se: number } | null;
  readonly explanation: Explanation;
}

function check(e: Explanation, members: readonly number[], measured: ArrayLike<number>): Checked {
  const rows = corners(e.players.length, members);
  const predicted = predictRows(e, rows);
  return {
    members,
    corners: rows.map((row, i) => ({ kept: members.filter((m) => row[m] === 1), measured: measured[i], predicted: predicted[i] })),
    joint: { measured: jointEffect(measured), predicted: jointEffect(predicted) },
  };
}

/**
 * Asks the model, through `ask` (rows of 0/1 over the players → the explained scalar), for the corners of `members` and of a control pair,
 * in one call. @throws what asking throws.
 */
export async function verifyMembers(
  ask: (masks: readonly (readonly number[])[]) => Promise<Float32Array>,
  e: Explanation,
  members: readonly number[],
): Promise<Verification> {
  const n = e.players.length;
  const control = controlPair(e, members);
  const values = await ask([...corners(n, members), ...(control ? corners(n, control) : [])]);
  const found = e.interactions.find((i) => i.members.join() === members.join());
  return {
    format: 'webspex-verification',
    version: 1,
    ...check(e, members, values.subarray(0, 2 ** members.length)),
    control: control && check(e, control, values.subarray(2 ** members.length)),
    index: found ? { name: e.index, value: found.value, se: found.se } : null,
    explanation: e,
  };
}
