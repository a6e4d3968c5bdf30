import { WebspexError } from '../core/errors.ts';
import { type Masks, maskKey, pickMasks } from '../core/masks.ts';
import { createRandom, shuffle } from '../core/random.ts';
import { pairedMasks } from '../core/sample.ts';
import { evaluateSpectrum, type Spectrum } from '../spectrum/spectrum.ts';
import type { Explanation } from './document.ts';
import { FUNCTION_ORIGIN } from './explain.ts';
import { methodEntry } from './methods.ts';
import { type ExplainOptions, fewestMasks, MIN_BUDGET, settle } from './options.ts';
import { type Origin, writeExplanation } from './report.ts';
import { breather, type ExplainRun, startRun } from './run.ts';
import { solve } from './solve.ts';

/** Masks that somebody has evaluated already, with one value each. A mask that comes again counts once, with the mean of its values. */
export interface Observed {
  readonly masks: Masks;
  readonly values: ArrayLike<number>;
}

export type ObservedOptions = Omit<ExplainOptions, 'players' | 'budget' | 'onProgress' | 'untilR2' | 'audit'> &
  Partial<Pick<ExplainOptions, 'players'>>;

/** One distinct mask in so many grades, and never more than this many of them. */
const HELD_OUT = 4;
const MOST_HELD_OUT = 256;

const ORIGIN: Origin = { ...FUNCTION_ORIGIN, target: 'outcome', scalar: 'outcome', mask: 'observed' };

/**
 * Explains evaluations made elsewhere: nothing is asked for, so any method will do that does not choose its own masks. A quarter of the
 * masks, drawn by the seed, grades. Where the full or the empty mask was not observed, `values` gives the spectrum's prediction.
 * @throws (through the run) usage for a method with masks of its own or players of another number; budget-too-small; non-finite.
 */
export function explainObserved(given: Observed, options: ObservedOptions = {}): ExplainRun {
  return startRun(async () => {
    check(given, options);
    const observed = distinct(given);
    const { masks, values } = observed;
    const settings = settle({ ...options, players: options.players ?? masks.n, budget: Math.max(masks.count, MIN_BUDGET) });
    const { fit, heldOut } = divide(masks.count, settings.seed);
    const fewest = Math.max(MIN_BUDGET, Math.ceil((fewestMasks(settings) * 4) / 3));
    if (masks.count < fewest)
      throw new WebspexError('budget-too-small', `observations: expected at least ${fewest} masks, got ${masks.count}; gather more`);
    const pick = (rows: number[]) => ({ masks: pickMasks(masks, rows), values: Float64Array.from(rows, (r) => values[r]) });
    const start = performance.now();
    const solution = await solve(
      { ...settings, exhaustive: false },
      { fit: pick(fit), heldOut: pick(heldOut), paired: false, complete: false, thorough: true, breathe: breather(options.signal) },
    );
    const spent = { queries: masks.count, fresh: 0, evaluateMs: 0, decodeMs: performance.now() - start };
    return writeExplanation(settings, ORIGIN, solution, ends(observed, solution.spectrum), spent);
  });
}

function check({ masks, values }: Observed, { method, players }: ObservedOptions): void {
  const n = players === undefined ? masks.n : typeof players === 'number' ? players : players.length;
  if (n !== masks.n) throw new WebspexError('usage', `players: expected ${masks.n} as in the masks, got ${n}; name each of them`);
  if (values.length !== masks.count)
    throw new WebspexError(
      'usage',
      `values: expected one for each of ${masks.count} masks, got ${values.length}; give both lists in one order`,
    );
  const entry = methodEntry(method ?? 'auto');
  if (method === 'exact' || entry?.design !== undefined || entry?.run !== undefined)
    throw new WebspexError('usage', `method: expected one that takes any masks, got ${method}, which chooses its own; use auto`);
  for (let r = 0; r < values.length; r++)
    if (!Number.isFinite(values[r]))
      throw new WebspexError('non-finite', `values: expected finite numbers, got ${values[r]} for mask ${r}; leave failed evaluations out`);
}

interface Distinct extends Observed {
  readonly rowOf: ReadonlyMap<string, number>;
}

/** Each mask once: otherwise what was fitted would grade itself. */
function distinct({ masks, values }: Observed): Distinct {
  const rowOf = new Map<string, number>();
  const first: number[] = [];
  const sums: number[] = [];
  const counts: number[] = [];
  for (let r = 0; r < masks.count; r++) {
    const key = maskKey(masks, r);
    const row = rowOf.get(key) ?? first.length;
    if (row === first.length) {
      rowOf.set(key, row);
      first.push(r);
      sums.push(0);
      counts.push(0);
    }
    sums[row] += values[r];
    counts[row]++;
  }
  return { masks: pickMasks(masks, first), values: sums.map((sum, i) => sum / counts[i]), rowOf };
}

/** Rows that fit and rows that grade, ascending. */
function divide(count: number, seed: number): { fit: number[]; heldOut: number[] } {
  const order = shuffle(
    Uint32Array.from({ length: count }, (_, r) => r),
    createRandom(seed),
  );
  const most = Math.min(MOST_HELD_OUT, Math.floor(count / HELD_OUT));
  return { heldOut: [...order.subarray(0, most).sort()], fit: [...order.subarray(most).sort()] };
}

/** What was observed for all players and for none, else what the spectrum says of them. */
function ends({ masks, values, rowOf }: Distinct, spectrum: Spectrum): Explanation['values'] {
  const both = pairedMasks(masks.n, 2, 0);
  const predicted = evaluateSpectrum(spectrum, both);
  const at = (end: number) => {
    const row = rowOf.get(maskKey(both, end));
    return row === undefined ? predicted[end] : values[row];
  };
  return { full: at(0), empty: at(1) };
}
