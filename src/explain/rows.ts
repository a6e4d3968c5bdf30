/** Every fourth pair is held out, up to this many pairs: 256 masks give R² to about ±0.03. */
export const MOST_HELD_OUT_PAIRS = 128;

/** Snapshots are taken after so many passes, and after each doubling. */
const FIRST_LOOK = 64;

/**
 * Which rows fit and which grade. Rows 2p and 2p + 1 are complementary and stay together; the first pair (all, none) always fits.
 * The held-out rows of a shorter run are held out in a longer one too, so the curve of R² over passes is honest throughout.
 */
export function heldOutPair(pair: number): boolean {
  return pair % 4 === 3 && pair < 4 * MOST_HELD_OUT_PAIRS;
}

/** The first `count` rows of a plan, apart: those that fit and those that grade. */
export function splitRows<T>(heldOut: Uint8Array, count: number, pick: (rows: number[]) => T): { fit: T; heldOut: T } {
  const apart: [number[], number[]] = [[], []];
  for (let r = 0; r < count; r++) apart[heldOut[r]].push(r);
  return { fit: pick(apart[0]), heldOut: pick(apart[1]) };
}

/** 64, 128, 256, … below `end`. */
export function doublingLooks(end: number): number[] {
  const looks: number[] = [];
  for (let look = FIRST_LOOK; look < end; look *= 2) looks.push(look);
  return looks;
}
