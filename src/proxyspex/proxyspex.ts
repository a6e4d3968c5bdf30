import { type Masks, pickMasks } from '../core/masks.ts';
import { pairFolds, rowsOutside } from '../spectrum/cross-validate.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { type BoostedTrees, boostTrees } from './boost.ts';
import { faithfulProxyspex } from './faithful.ts';
import { gradeFold, refine, refinements } from './refine.ts';
import { treeTerms } from './trees.ts';

const FOLDS = 4;
const LEAVES = 31;
/** Boosting a fold ends so many trees after its best. */
const PATIENCE = 50;

interface Setting {
  readonly depth: number;
  readonly learningRate: number;
  readonly trees: number;
}

/** Depths are compared at the quick rate; the better one is tried again more slowly. */
const QUICK: readonly Setting[] = [
  { depth: 3, learningRate: 0.1, trees: 500 },
  { depth: 5, learningRate: 0.1, trees: 500 },
];
/**
 * Tried too with fewer rows than this, where little more than pairs can be seen. On the games of `webspex bench masks-needed` and 20 tables R² is higher by
 * .029 and .013 at 64 and 124 masks, on masks and 20 tables that had no say by .012 and −.002, .004 at 160, .009 at 200; by −.003 at 250, .001 at 500.
 */
const FEW = { rows: 240, setting: { depth: 2, learningRate: 0.1, trees: 500 } };
const SLOW = { learningRate: 0.04, trees: 1000 };

interface Part {
  readonly masks: Masks;
  readonly values: Float64Array;
}

interface Fold {
  readonly seen: Part;
  readonly unseen: Part;
}

interface Graded extends Setting {
  readonly error: number;
  /** Trees at which the error over the unseen rows is least. */
  readonly best: number;
  readonly models: readonly BoostedTrees[];
}

/**
 * ProxySPEX (Butler et al. 2025, arXiv 2505.17495): boosted trees stand in for the function, their exact spectrum is cut to a support, and the
 * support is refitted. Depth, rate and number of trees, size of the support and kind of refit are all chosen on rows that the trees of
 * their fold have not seen; folds are made before boosting and keep complementary masks together; ∅ is always kept and never penalised.
 * With `faithful` the recipe is the authors' own, which needs more masks and a hundred times the trees.
 * @throws usage where masks and values do not match, non-finite where a value is not a number.
 */
export async function proxyspex(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  if (options.faithful) return faithfulProxyspex(masks, values, options);
  checkValues(masks, values);
  const folds = makeFolds(masks, values, options.seed);
  const breathe = options.breathe;
  const quick: Graded[] = [];
  for (const setting of masks.count < FEW.rows ? [FEW.setting, ...QUICK] : QUICK)
    quick.push(await gradeSetting(setting, folds, masks.count, breathe));
  const depth = least(quick).depth;
  const chosen = least([...quick, await gradeSetting({ depth, ...SLOW }, folds, masks.count, breathe)]);

  const candidates = refinements(Math.min(...folds.map((f) => f.seen.masks.count)));
  const errors = new Float64Array(candidates.length);
  for (const [i, fold] of folds.entries()) {
    const grader = gradeFold(treeTerms(chosen.models[i], masks.n, chosen.best), fold.seen, fold.unseen, breathe);
    for (const [c, candidate] of candidates.entries()) {
      errors[c] += await grader.error(candidate);
      await breathe?.();
    }
  }
  const refinement = candidates[errors.indexOf(Math.min(...errors))] ?? candidates[0];
  const model = await boostTrees(masks, values, {
    ...chosen,
    trees: chosen.best,
    leaves: LEAVES,
    minLeaf: minLeafFor(masks.count),
    breathe,
  });
  return refine(treeTerms(model, masks.n), masks, values, refinement);
}

function makeFolds(masks: Masks, values: ArrayLike<number>, seed: number): Fold[] {
  const part = (rows: number[]): Part => ({ masks: pickMasks(masks, rows), values: Float64Array.from(rows, (r) => values[r]) });
  return pairFolds(masks.count, FOLDS, seed)
    .filter((rows) => rows.length > 0 && rows.length < masks.count)
    .map((rows) => ({ seen: part(rowsOutside(rows, masks.count)), unseen: part(rows) }));
}

/** LightGBM's 20 rows a leaf would forbid any split of a few dozen rows. */
function minLeafFor(rows: number): number {
  return Math.max(3, Math.min(20, Math.floor(rows / 25)));
}

async function gradeSetting(setting: Setting, folds: readonly Fold[], rows: number, breathe: DecodeOptions['breathe']): Promise<Graded> {
  const models: BoostedTrees[] = [];
  for (const { seen, unseen } of folds) {
    models.push(
      await boostTrees(seen.masks, seen.values, {
        ...setting,
        leaves: LEAVES,
        minLeaf: minLeafFor(rows),
        validation: unseen,
        patience: PATIENCE,
        breathe,
      }),
    );
  }
  const longest = Math.max(0, ...models.map((m) => m.stages.length));
  let best = 0;
  let error = Number.POSITIVE_INFINITY;
  for (let t = 0; t < longest; t++) {
    // A fold that ended early stays at its last stage: it ended because later ones were worse.
    const sum = models.reduce((s, m) => s + (m.stages.length > 0 ? m.stages[Math.min(t, m.stages.length - 1)] : 0), 0);
    if (sum < error) {
      error = sum;
      best = t + 1;
    }
  }
  return { ...setting, error, best, models };
}

function least(settings: readonly Graded[]): Graded {
  return settings.reduce((a, b) => (b.error < a.error ? b : a));
}
