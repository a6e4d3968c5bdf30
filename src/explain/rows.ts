import { type Masks, maskKey, pickMasks } from '../core/masks.ts';
import { pairedMasks } from '../core/sample.ts';

/** Every fourth pair is held out, up to this many pairs: 256 masks give R² to about ±0.03. */
export const MOST_HELD_OUT_PAIRS = 128;
/** Where no mask is kept apart, whole pairs are held out in turn, a fifth of them at a time. */
export const FOLDS = 5;

/** From so many players × masks on, and so many masks, halves are held out in turn where candidates are weighed. */
const LARGE = 2 ** 23;
const LEAST_HALVED = 512;

/**
 * Folds over which `auto` weighs its candidates: two of large problems, since each candidate's time grows with players × masks or faster. Two halves
 * cost it about one fit of all masks or less, four fifths five times cost four. The rule knows sizes alone and no clock: a run is the same everywhere.
 */
export function foldsOfAuto(players: number, masks: number): number {
  return players * masks < LARGE || masks < LEAST_HALVED ? FOLDS : 2;
}

/** Snapshots are taken after so many passes, and after each doubling. */
export const FIRST_LOOK = 64;

/**
 * Which pairs grade a method that fits masks of its own, and never fit. Rows 2p and 2p + 1 are complementary and stay together; the first
 * pair (all, none) always fits. The held-out rows of a shorter run are held out in a longer one too.
 */
export function heldOutPair(pair: number): boolean {
  return pair % 4 === 3 && pair < 4 * MOST_HELD_OUT_PAIRS;
}

/**
 * At most so many pairs of complementary masks, uniformly drawn, that are not in `taken` (keys of `maskKey`): first those that grade methods
 * of any design with the same seed, so that methods are compared on the same masks.
 */
export function pairsBeside(n: number, pairs: number, seed: number, taken: ReadonlySet<string>): Masks {
  for (let count = 8 * pairs + 8; ; count *= 2) {
    const drawn = pairedMasks(n, count, seed);
    const free = Array.from({ length: drawn.count >> 1 }, (_, p) => p).filter(
      (p) => !taken.has(maskKey(drawn, 2 * p)) && !taken.has(maskKey(drawn, 2 * p + 1)),
    );
    if (free.length < pairs && drawn.count >= count) continue;
    const first = [...free.filter((p) => heldOutPair(p)), ...free.filter((p) => !heldOutPair(p))];
    return pickMasks(
      drawn,
      first.slice(0, pairs).flatMap((p) => [2 * p, 2 * p + 1]),
    );
  }
}

/** Rows that the smallest fit of a fold sees where `count` are held out in turn. */
export function rowsInFold(count: number): number {
  return count - 2 * Math.ceil(Math.ceil(count / 2) / FOLDS);
}

/** The first `count` rows of a plan, without those before `from`, apart: those that fit and those that grade. */
export function splitRows<T>(heldOut: Uint8Array, count: number, pick: (rows: number[]) => T, from = 0): { fit: T; heldOut: T } {
  const apart: [number[], number[]] = [[], []];
  for (let r = from; r < count; r++) apart[heldOut[r]].push(r);
  return { fit: pick(apart[0]), heldOut: pick(apart[1]) };
}

/** A rule that stops looks after so many times as many passes: sooner costs decoding, later costs passes. */
const GROWTH = 1.35;

/** 64, 86, 116, 156, … below `end`: whole pairs. */
export function growingLooks(end: number): number[] {
  const looks: number[] = [];
  for (let look = FIRST_LOOK; look < end; look += 2 * Math.round((look * (GROWTH - 1)) / 2)) looks.push(look);
  return looks;
}

/** 64, 128, 256, … below `end`. */
export function doublingLooks(end: number): number[] {
  const looks: number[] = [];
  for (let look = FIRST_LOOK; look < end; look *= 2) looks.push(look);
  return looks;
}
