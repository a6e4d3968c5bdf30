import { type Masks, sliceMasks } from '../core/masks.ts';
import type { SearchEnd } from '../spectrum/spectrum.ts';
import { bounds, type Shape, shapeOf, startingPoint } from './hyper.ts';
import { arrange } from './kernel.ts';
import { minimise } from './minimise.ts';
import { createObjective } from './objective.ts';
import { type Range, rangeOf } from './warp.ts';

/** Hyper-parameters are searched for on at most this many rows. */
const MOST_SEARCHED = 1024;
/** The first search, from nothing, needs no more rows than this; it also decides about the warp, and whether endings count. */
const FIRST_SEARCHED = 192;
/** A fold with fewer rows searches from nothing: where rows are few, the optimum of all of them gives away those left out. */
const LEAST_WARM = 129;
/** Most steps from nothing, and from where a smaller search ended. */
const COLD_STEPS = 80;
const WARM_STEPS = 10;
/** Of so many rows the rest hardly moves the optimum: a fold that goes on from all rows takes few steps. */
const FOLD_STEPS = 3;

/**
 * A step that brings no more than this is the last: posteriors within 2 % of one another say the same. (On 12 planted games and 14 tables, looks
 * at 64 to 518 masks, against 1e-7 of the value: 14 % less work, half below 192 masks, mean true R² the same to .001.)
 */
const STILL = 0.02;

type Breathe = () => Promise<void>;

/** Masks with their values. */
export interface Data {
  readonly masks: Masks;
  readonly range: Range;
  /** As `shiftsOf` gives them. */
  readonly shifts: Float64Array;
}

/** Hyper-parameters θ, and whether endings count. */
export type Place = Pick<SearchEnd, 'at' | 'suffix'>;

/**
 * The most probable hyper-parameters θ. The search goes from few rows to many, since what half the rows say leaves little to do for the
 * rest (a fit of 768 rows takes a third of the time that it takes from nothing, true R² the same to .0001), or on from an earlier one.
 */
export async function findTheta(data: Data, earlier: SearchEnd | undefined, sequential: boolean, breathe: Breathe): Promise<Place> {
  const { count } = data.masks;
  const most = Math.min(count, MOST_SEARCHED);
  if (earlier && earlier.rows >= count && count >= LEAST_WARM)
    return goOn(data, [most], earlier, breathe, count < MOST_SEARCHED ? WARM_STEPS : FOLD_STEPS);
  const counts = [most];
  while (counts[0] > FIRST_SEARCHED) counts.unshift(2 * Math.ceil(counts[0] / 4));
  if (earlier && earlier.rows >= FIRST_SEARCHED && earlier.rows < count)
    return goOn(
      data,
      counts.filter((c) => c > earlier.rows),
      earlier,
      breathe,
    );
  return goOn(data, counts.slice(1), await firstSearch(firstRows(data, counts[0]), sequential, breathe), breathe);
}

/** From nothing: the most probable of all shapes; endings are tried with a warp where one is more probable without them. */
async function firstSearch(data: Data, sequential: boolean, breathe: Breathe): Promise<Place> {
  const from = async (shape: Shape) => ({ shape, ...(await search(data, coldStart(data, shape), shape, COLD_STEPS, breathe)) });
  const warped = await from({ suffix: false, warp: true });
  const plain = await from({ suffix: false, warp: false });
  let best = plain.value < warped.value ? plain : warped;
  if (sequential) {
    const endings = await from({ ...best.shape, suffix: true });
    if (endings.value < best.value) best = endings;
  }
  return { at: best.x, suffix: best.shape.suffix };
}

async function goOn(
  data: Data,
  counts: readonly number[],
  { at, suffix = false }: Place,
  breathe: Breathe,
  steps = WARM_STEPS,
): Promise<Place> {
  const shape = shapeOf(at, data.masks.n, suffix);
  let theta = at;
  for (const count of counts) theta = (await search(firstRows(data, count), theta, shape, steps, breathe)).x;
  return { at: theta, suffix };
}

/** From θ: the least found of minus the log posterior, which compares shapes too. */
async function search(
  { masks, range, shifts }: Data,
  start: Float64Array,
  shape: Shape,
  steps: number,
  breathe: Breathe,
): Promise<{ x: Float64Array; value: number }> {
  const objective = createObjective(arrange(masks, shape.suffix), range, breathe, shifts);
  try {
    await breathe();
    return await minimise(objective, start, bounds(masks.n, shape), steps, STILL);
  } finally {
    objective.release();
  }
}

function firstRows(data: Data, count: number): Data {
  if (count === data.masks.count) return data;
  return { ...data, masks: sliceMasks(data.masks, 0, count), range: rangeOf(data.range.values.slice(0, count)) };
}

/** Influences by the correlations of single players with the values. */
function coldStart({ masks, range, shifts }: Data, shape: Shape): Float64Array {
  const rows = arrange(masks);
  const { windows, paired } = rows;
  const correlations = new Float64Array(masks.n);
  for (let p = 0; p < rows.units; p++) {
    // Of a pair, both rows at once: the characters of the second are those of the first with the other sign.
    const d = paired ? (range.values[2 * p] - range.values[2 * p + 1]) / 2 : range.values[p] - range.mean;
    for (let i = 0; i < masks.n; i++)
      correlations[i] += ((windows.bits[p * windows.groups + (i >> 2)] >> (i & 3)) & 1 ? -d : d) / (rows.units * range.sd);
  }
  return startingPoint(correlations, masks.count, shape, shifts);
}
