import { type Masks, pickMasks } from '../core/masks.ts';
import { rowsOutside } from '../spectrum/cross-validate.ts';
import { ridgeRefit } from '../spectrum/refit.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { type BoostedTrees, boostTrees } from './boost.ts';
import { leaveOneOutPenalty } from './ridge-cv.ts';
import { keysOfTerms, rankTerms, type TreeTerms, treeTerms } from './trees.ts';

/** What is tried: every depth with every rate with every number of trees. */
export interface Grid {
  readonly depths: readonly number[];
  readonly rates: readonly number[];
  /** Ascending. */
  readonly trees: readonly number[];
}

const FOLDS = 5;
const LEAVES = 31;
/** As LightGBM has it by default. */
const MIN_LEAF = 20;
/** Share of the energy without ∅ that the kept terms hold. */
const ENERGY = 0.95;

/** The grid of the paper (appendix): no limit of depth is as many levels as 31 leaves can have. */
export const PAPER_GRID: Grid = { depths: [3, 5, LEAVES - 1], rates: [0.01, 0.1], trees: [500, 1000, 5000] };

interface Part {
  readonly masks: Masks;
  readonly values: Float64Array;
}

/**
 * ProxySPEX as its authors publish it (Butler et al. 2025, arXiv 2505.17495, and their package): LightGBM's defaults, the best mean R² of five
 * folds in the order of the rows over the paper's grid, terms of 95 % of the energy, and a ridge on them, ∅ penalised like the rest, its strength by
 * leave-one-out. The term that crosses 95 % is kept, as in shapiq; ∅ is always kept, which both packages may lose.
 * @throws usage where masks and values do not match, non-finite where a value is not a number.
 */
export async function faithfulProxyspex(
  masks: Masks,
  values: ArrayLike<number>,
  { breathe }: Pick<DecodeOptions, 'breathe'>,
  grid: Grid = PAPER_GRID,
): Promise<Fit> {
  checkValues(masks, values);
  const all = { masks, values: Float64Array.from(values) };
  const setting = await search(all, grid, breathe);
  const model = await boost(all, setting, { breathe });
  const terms = treeTerms(model, masks.n);
  const keys = keysOfTerms(terms, supportOf(terms), masks.n);
  const penalty = await leaveOneOutPenalty(masks, values, keys, breathe);
  const size = keys.length / (keys.length === 0 ? 1 : masks.words.length / masks.count);
  return { method: 'proxyspex (faithful)', ...ridgeRefit(masks, values, keys, new Float64Array(size).fill(penalty)) };
}

interface Setting {
  readonly depth: number;
  readonly learningRate: number;
  readonly trees: number;
}

function boost(
  { masks, values }: Part,
  setting: Setting,
  more: { validation?: Part; breathe?: () => Promise<void> },
): Promise<BoostedTrees> {
  return boostTrees(masks, values, { ...setting, ...more, leaves: LEAVES, minLeaf: MIN_LEAF });
}

/** The first of the best settings in the order of scikit-learn's grid: rate, depth, number of trees. */
async function search(all: Part, { depths, rates, trees }: Grid, breathe: DecodeOptions['breathe']): Promise<Setting> {
  const folds = foldsInOrder(all);
  let best = { depth: depths[0], learningRate: rates[0], trees: trees[0] };
  let highest = Number.NEGATIVE_INFINITY;
  for (const learningRate of rates)
    for (const depth of depths) {
      const r2 = trees.map(() => 0);
      for (const { seen, unseen } of folds) {
        // One run gives every number of trees: a shorter run is the beginning of a longer one.
        const model = await boost(seen, { depth, learningRate, trees: trees[trees.length - 1] }, { validation: unseen, breathe });
        for (const [i, count] of trees.entries()) r2[i] += stagedR2(model, unseen, count) / folds.length;
      }
      for (const [i, count] of trees.entries())
        if (r2[i] > highest) {
          highest = r2[i];
          best = { depth, learningRate, trees: count };
        }
    }
  return best;
}

/** Folds of neighbouring rows, the first ones longer by one where they do not come out even. */
function foldsInOrder({ masks, values }: Part): { seen: Part; unseen: Part }[] {
  const { count } = masks;
  const part = (rows: number[]): Part => ({ masks: pickMasks(masks, rows), values: Float64Array.from(rows, (r) => values[r]) });
  const folds = Math.min(FOLDS, count);
  let from = 0;
  return Array.from({ length: folds }, (_, f) => {
    const size = Math.floor(count / folds) + (f < count % folds ? 1 : 0);
    const rows = Array.from({ length: size }, (_, i) => from + i);
    from += size;
    return { unseen: part(rows), seen: part(rowsOutside(rows, count)) };
  }).filter(({ seen }) => seen.masks.count > 0);
}

/** R² over the unseen rows after so many trees; boosting that ended earlier had no split left. */
function stagedR2({ base, stages }: BoostedTrees, { values }: Part, count: number): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const total = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  const error = stages.length > 0 ? stages[Math.min(count, stages.length) - 1] : values.reduce((sum, v) => sum + (v - base) ** 2, 0);
  return total > 0 ? 1 - error / total : 0;
}

/** ∅, then the largest terms until they hold 95 % of the energy of all but ∅. */
function supportOf(terms: TreeTerms): Uint32Array {
  const ranked = rankTerms(terms);
  let energy = 0;
  for (let k = 1; k < ranked.length; k++) energy += terms.coefficients[ranked[k]] ** 2;
  let size = 1;
  for (let sum = 0; size < ranked.length && sum < ENERGY * energy; size++) sum += terms.coefficients[ranked[size]] ** 2;
  return ranked.subarray(0, size);
}
