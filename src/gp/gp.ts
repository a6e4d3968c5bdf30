import { type Masks, maskStride, pickMasks } from '../core/masks.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { arrange, type Rows } from './kernel.ts';
import { coldStart, condition, search } from './process.ts';
import { readOut } from './read-out.ts';
import { surfaceOf } from './surface.ts';
import { type Range, rangeOf } from './warp.ts';

/** Hyper-parameters are searched for on at most this many rows, then all rows are conditioned on. */
const MOST_SEARCHED = 1024;
/** The first search, which also decides about the warp, needs no more rows than this. */
const FIRST_SEARCHED = 256;
/** Most steps of a search from nothing, and from where a smaller one ended. */
const COLD_STEPS = 80;
const WARM_STEPS = 10;

/**
 * A Gaussian process whose kernel holds all 2ⁿ characters in closed form: a product kernel with one influence a player (soft heredity),
 * single players, neighbouring pairs, and a constant, of values that a logistic warp has freed of saturation where that makes them more
 * probable. Hyper-parameters are the most probable ones; the spectrum is that of the expected function.
 * @throws usage where masks and values do not match, non-finite where a value is not a number.
 */
export async function gp(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  checkValues(masks, values);
  const range = rangeOf(Float64Array.from(values));
  if (!(range.sd > 1e-12 * Math.abs(range.mean))) return constant(masks, range.mean);
  const breathe = options.breathe ?? (async () => {});
  const rows = arrange(masks);
  const theta = await searchInSteps(rows, range, breathe);
  const process = condition(rows, range, theta);
  const surface = await surfaceOf(process, options.seed, breathe);
  return { method: 'gp', spectrum: readOut(surface, process.hyper.c), factor: null };
}

function constant(masks: Masks, mean: number): Fit {
  return {
    method: 'gp',
    spectrum: { n: masks.n, keys: new Uint32Array(maskStride(masks.n)), coefficients: Float64Array.of(mean) },
    factor: Float64Array.of(Math.sqrt(masks.count)),
  };
}

/** From few rows to many: the search on half the rows leaves little to do for the next. */
async function searchInSteps(rows: Rows, range: Range, breathe: () => Promise<void>): Promise<Float64Array> {
  const most = Math.min(rows.masks.count, MOST_SEARCHED);
  let count = most;
  while (count > FIRST_SEARCHED) count = Math.ceil(count / 4) * 2;
  const first = firstRows(rows, range, count);
  const warped = await search(first.rows, first.range, { start: coldStart(first.rows, first.range, true), steps: COLD_STEPS, breathe });
  const plain = await search(first.rows, first.range, { start: coldStart(first.rows, first.range, false), steps: COLD_STEPS, breathe });
  let theta = plain.value < warped.value ? plain.theta : warped.theta;
  while (count < most) {
    count = Math.min(most, 2 * count);
    const more = firstRows(rows, range, count);
    theta = (await search(more.rows, more.range, { start: theta, steps: WARM_STEPS, breathe })).theta;
  }
  return theta;
}

function firstRows(rows: Rows, range: Range, count: number): { rows: Rows; range: Range } {
  if (count === rows.masks.count) return { rows, range };
  const chosen = Array.from({ length: count }, (_, r) => r);
  return { rows: arrange(pickMasks(rows.masks, chosen)), range: rangeOf(range.values.slice(0, count)) };
}
