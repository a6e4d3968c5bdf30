/** Held-out R² of one method after so many passes, ascending; of a game with gold players, how well it found them (`hitsOf`). */
export type Points = readonly (readonly [passes: number, r2: number, hits?: readonly number[]])[];

/** Passes a method needs to reach an R². */
export interface Needed {
  /** Infinity: not reached by the last of its points. */
  readonly passes: number;
  /** It was there already at the first of its points: it may need fewer. */
  readonly atFirst: boolean;
}

/** Where the curve first comes to `target`, between two points along a straight line over the logarithm of passes. */
export function passesNeeded(points: Points, target: number): Needed {
  const at = points.findIndex(([, r2]) => r2 >= target);
  if (at < 0) return { passes: Number.POSITIVE_INFINITY, atFirst: false };
  if (at === 0) return { passes: points[0][0], atFirst: true };
  const [before, low] = points[at - 1];
  const [after, high] = points[at];
  return { passes: before * (after / before) ** ((target - low) / (high - low)), atFirst: false };
}

/** The R² of a curve at so many passes, or null where it has no such point. */
export function r2At(points: Points, passes: number): number | null {
  return points.find(([n]) => n === passes)?.[1] ?? null;
}
