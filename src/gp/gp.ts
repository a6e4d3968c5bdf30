import { WebspexError } from '../core/errors.ts';
import { isPaired, type Masks, maskStride } from '../core/masks.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { shiftsOf } from './hyper.ts';
import { arrange } from './kernel.ts';
import { BETWEEN, type Pace, paced } from './pace.ts';
import { interactionVariances } from './posterior.ts';
import { condition, type Process } from './process.ts';
import { leftOut, readOut } from './read-out.ts';
import { findTheta } from './search.ts';
import { expectations, surfaceOf } from './surface.ts';
import { rangeOf } from './warp.ts';

/** Beyond this many rows the matrices are too large: ask for pursuit, which grows with the rows, not with their cube. */
export const MOST_ROWS = 4096;
/** Most players: a search from 512 masks takes 23 CPU-seconds there. */
export const MOST_PLAYERS = 1024;
/**
 * Beyond this many rows endings are not tried: of 64 players they bring .003 of R² at 2,000 masks, where a fit takes 7.6 CPU-seconds with them
 * and 1.7 without.
 */
const MOST_SEQUENTIAL = 1500;
/** Rows in pairs, and others (each a matrix of its own order), on which six fits take no more than some tens of seconds. */
const QUICK_PAIRED = 2500;
const QUICK_OTHERS = 800;
/** Likewise of masks times players: 1,024 masks of 512, or 512 of 1,024. */
const QUICK_CELLS = 2 ** 19;

/** Whether a fit on these masks and its cross-validation are a matter of seconds. */
export function isQuick(masks: Masks): boolean {
  const { n, count } = masks;
  return n <= MOST_PLAYERS && n * count <= QUICK_CELLS && count <= (isPaired(masks) ? QUICK_PAIRED : QUICK_OTHERS);
}

/**
 * A Gaussian process whose kernel holds all 2ⁿ characters in closed form: a product kernel with one influence a player (soft heredity),
 * single players, neighbouring pairs, a constant and, of words that are read in order, how alike endings are, of values that a logistic warp has freed of saturation where that makes them more
 * probable. Hyper-parameters are the most probable ones; the spectrum is that of the expected function.
 * @throws usage where masks and values do not match or are more than 4,096, or of more than 1,024 players, non-finite where a value is not a number.
 */
export async function gp(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  const pace = paced(options.breathe);
  const process = await fitProcess(masks, values, options, pace);
  if (typeof process === 'number') return constant(masks, process);
  const surface = await surfaceOf(process, options.seed, pace);
  const spectrum = await readOut(process, surface, pace);
  await pace(BETWEEN);
  const left = leftOut(spectrum, surface);
  return {
    method: 'gp',
    spectrum,
    factor: null,
    posterior: {
      variances: async (functionals, breathe) =>
        (await interactionVariances(process, functionals, paced(breathe))).map((v) => surface.slope ** 2 * v),
      error: surface.variance,
      left,
      count: masks.count,
    },
    end: { at: process.theta, rows: masks.count, ...(process.rows.suffix && { suffix: true }) },
  };
}

/** What `gp` expects at further masks, straight from the process: without the spectrum, which takes longer and leaves a little out. */
export async function predictGp(
  masks: Masks,
  values: ArrayLike<number>,
  unseen: Masks,
  options: DecodeOptions,
): Promise<{ means: Float64Array; variances: Float64Array }> {
  const pace = paced(options.breathe);
  const process = await fitProcess(masks, values, options, pace);
  if (typeof process !== 'number') return expectations(process, unseen, pace);
  return { means: new Float64Array(unseen.count).fill(process), variances: new Float64Array(unseen.count) };
}

/** The process that has seen all rows, or the mean of values that do not vary. */
async function fitProcess(masks: Masks, values: ArrayLike<number>, options: DecodeOptions, pace: Pace): Promise<Process | number> {
  checkValues(masks, values);
  if (masks.count > MOST_ROWS) throw new WebspexError('usage', `gp: expected at most ${MOST_ROWS} masks, got ${masks.count}; use pursuit`);
  if (masks.n > MOST_PLAYERS) throw new WebspexError('usage', `gp: expected at most ${MOST_PLAYERS} players, got ${masks.n}; use pursuit`);
  const range = rangeOf(Float64Array.from(values));
  if (!(range.sd > 1e-12 * Math.abs(range.mean))) return range.mean;
  const { start, breathe = async () => {} } = options;
  const sequential = options.sequential === true && masks.count <= MOST_SEQUENTIAL;
  const shifts = shiftsOf(checkedInfluences(options, masks.n), masks.n);
  const { at, suffix } = await findTheta({ masks, range, shifts }, start?.suffix && !sequential ? undefined : start, sequential, breathe);
  return condition(arrange(masks, suffix), range, at, pace);
}

/** @throws usage where there is not one finite number for each player. */
function checkedInfluences({ influences }: DecodeOptions, n: number): ArrayLike<number> | undefined {
  if (influences === undefined) return undefined;
  if (influences.length !== n)
    throw new WebspexError('usage', `influences: expected one for each of ${n} players, got ${influences.length}; leave them out`);
  for (let i = 0; i < n; i++)
    if (!Number.isFinite(influences[i]))
      throw new WebspexError(
        'usage',
        `influences: expected finite numbers, got ${influences[i]} for player ${i}; 0 where nothing is expected`,
      );
  return influences;
}

function constant(masks: Masks, mean: number): Fit {
  return {
    method: 'gp',
    spectrum: { n: masks.n, keys: new Uint32Array(maskStride(masks.n)), coefficients: Float64Array.of(mean) },
    factor: Float64Array.of(Math.sqrt(masks.count)),
  };
}
