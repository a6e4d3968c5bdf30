import { createRandom, shuffle } from '../core/random.ts';
import { mostMoving } from '../spectrum/removal.ts';
import type { Explanation } from './document.ts';
import { explainedSpectrum, predictRows } from './verify.ts';

/** Largest number of players that are removed at once. */
export const MOST_REMOVED = 24;

/** The input without some players, asked of the model itself and of the explanation. */
export interface RemovalStep {
  readonly members: readonly number[];
  readonly measured: number;
  readonly predicted: number;
  /** The explanation holds no other set of that size to move its prediction more. */
  readonly proven: boolean;
}

/** For 1, 2, … players those whose removal moves the explanation most, beside what the model says then. */
export interface RemovalCheck {
  readonly format: 'webspex-removal';
  readonly version: 1;
  readonly full: { readonly measured: number; readonly predicted: number };
  readonly steps: readonly RemovalStep[];
  /** As many players as the last step removes, drawn by the run's seed. */
  readonly control: Omit<RemovalStep, 'proven'>;
  readonly explanation: Explanation;
}

/**
 * Looks in the explanation for the 1 … `most` players whose removal moves it most, and asks the model, through `ask` (rows of 0/1 over the
 * players → the explained scalar), what it says without them, in one call. @throws usage where there are fewer players, what asking throws.
 */
export async function verifyRemoval(
  ask: (masks: readonly (readonly number[])[]) => Promise<Float32Array>,
  e: Explanation,
  most: number,
): Promise<RemovalCheck> {
  const n = e.players.length;
  const spectrum = explainedSpectrum(e);
  const found = Array.from({ length: most }, (_, i) => mostMoving(spectrum, i + 1));
  const drawn = shuffle(
    Uint32Array.from({ length: n }, (_, i) => i),
    createRandom(e.seed, 9),
  ).subarray(0, most);
  const sets = [[], ...found.map(({ members }) => members), [...drawn].sort((a, b) => a - b)];
  const rows = sets.map((set) => Array.from({ length: n }, (_, i) => (set.includes(i) ? 0 : 1)));
  const measured = await ask(rows);
  const predicted = predictRows(e, rows);
  const at = (r: number) => ({ members: sets[r], measured: measured[r], predicted: predicted[r] });
  return {
    format: 'webspex-removal',
    version: 1,
    full: { measured: measured[0], predicted: predicted[0] },
    steps: found.map(({ proven }, i) => ({ ...at(i + 1), proven })),
    control: at(most + 1),
    explanation: e,
  };
}
