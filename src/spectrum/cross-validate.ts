import { type Masks, pickMasks } from '../core/masks.ts';
import { createRandom, shuffle } from '../core/random.ts';
import { type DecodeOptions, type Decoder, evaluateSpectrum } from './spectrum.ts';
import { stackWeights } from './stack.ts';

/** What a fit expects at masks it has not seen. */
export interface Prediction {
  readonly means: Float64Array;
  /** How well it thinks it knows them; absent where it does not say. */
  readonly variances?: Float64Array;
}

export interface NamedDecoder {
  readonly method: string;
  readonly decode: Decoder;
  /** Instead of it, where unseen masks can be predicted without a spectrum. */
  readonly predict?: (seen: Masks, values: Float64Array, unseen: Masks, options: DecodeOptions) => Promise<Prediction>;
}

/** A decoder, or the weighted mean of several ("gp+pursuit"), with R² over rows that none of its fits has seen; of one that dropped out, those it came to. */
export interface CrossValidated {
  readonly method: string;
  readonly r2: number;
  /** Of one that dropped out: the folds it came to, whose rows alone its R² is over. */
  readonly folds?: number;
}

/** For each of `folds` folds, the rows it holds; rows 2p and 2p + 1 (complementary masks) stay together. */
export function pairFolds(count: number, folds: number, seed: number): number[][] {
  const pairs = Math.ceil(count / 2);
  const order = shuffle(
    Uint32Array.from({ length: pairs }, (_, p) => p),
    createRandom(seed, 2),
  );
  const out: number[][] = Array.from({ length: Math.max(2, Math.min(folds, pairs)) }, () => []);
  order.forEach((p, i) => {
    const fold = out[i % out.length];
    fold.push(2 * p);
    if (2 * p + 1 < count) fold.push(2 * p + 1);
  });
  return out.map((rows) => rows.sort((a, b) => a - b));
}

/** The rows that are not in the fold, ascending. */
export function rowsOutside(fold: readonly number[], count: number): number[] {
  const inside = new Set(fold);
  return Array.from({ length: count }, (_, r) => r).filter((r) => !inside.has(r));
}

/** R² = 1 − Σ(p − y)²/Σ(y − ȳ)²; 0 where there is no variance. */
export function rSquared(predicted: ArrayLike<number>, values: ArrayLike<number>): number {
  let mean = 0;
  for (let r = 0; r < values.length; r++) mean += values[r] / values.length;
  let error = 0;
  let total = 0;
  for (let r = 0; r < values.length; r++) {
    error += (predicted[r] - values[r]) ** 2;
    total += (values[r] - mean) ** 2;
  }
  return total > 0 ? 1 - error / total : 0;
}

/** A decoder and its part in a mean. */
export interface Weighted {
  readonly method: string;
  readonly weight: number;
}

/** What cross-validation found: every decoder, and the mean to use where it is one, best first. */
export interface Choice {
  readonly scored: readonly CrossValidated[];
  /** Largest weight first; they add up to 1. */
  readonly chosen: readonly Weighted[];
  /** For every row, the prediction of what the rows of the other folds would have chosen, by fits that have not seen it. */
  readonly predicted: Float64Array;
  /** Mean variance that each decoder's fits expected at the rows they had not seen, where they said so. */
  readonly expected: ReadonlyMap<string, number>;
  /** Folds that were asked for. */
  readonly folds: number;
}

export interface CrossOptions extends DecodeOptions {
  readonly folds: number;
  /** All the weight is its own as far as rows do not say otherwise. */
  readonly favoured?: string;
  /** 1 where a row grades, in whole pairs; default: all do. Rows that do not are fitted and predicted all the same. */
  readonly graded?: Uint8Array;
  /** Predictions by method, one for each fold: those that are there are taken, and others added. Of the same rows, values and seed alone. */
  readonly known?: Map<string, Prediction[]>;
}

/**
 * A decoder drops out after a fold where it and its mean with the favoured one are both worse than that by more than so many standard errors of
 * the difference, over so many pairs at least.
 */
const CLEARLY = 1;
const LEAST_PAIRS = 16;

/**
 * Out-of-fold R² of every decoder, and weights for a mean of them. Every selection a decoder makes happens inside the fold's own fitting rows, so no
 * row grades a fit that has seen it or its complement; and the mean is graded, in `predicted`, with weights found anew for each fold by the
 * errors of the others. With few rows the best is often so by luck, and errors of different decoders partly cancel. So all of them are stacked,
 * with a prior that gives the favoured decoder all the weight, or each the same where none is favoured. (True R² above that of the best
 * decoder or mean of two or three, the favoured one unless it was worse by half a standard error, which this replaces: .010, .006, .001 and .001
 * at 64, 124, 250 and 500 masks of 30 tables of DistilBERT, 10 sums of unanimity games, the stored games and planted functions of `webspex bench
 * masks-needed`, 400 sets of masks; below the best decoder by more than .01 in 19, 12, 3 and 0 of 100 in place of 26, 19, 5 and 3.)
 */
export async function crossValidate(
  decoders: readonly NamedDecoder[],
  masks: Masks,
  values: ArrayLike<number>,
  options: CrossOptions,
): Promise<Choice> {
  const folds = pairFolds(masks.count, options.folds, options.seed);
  const graded = (rows: readonly number[]) => rows.filter((r) => options.graded?.[r] !== 0);
  const { left, means, dropped, expected } = await predictUnseen(
    decoders,
    masks,
    values,
    folds.map((rows) => ({ rows, grading: graded(rows) })),
    options,
  );
  const foldOf = new Uint8Array(masks.count);
  for (const [f, rows] of folds.entries()) for (const r of rows) foldOf[r] = f;
  const weigh = (rows: readonly number[]) => weightsBy(left, means, values, graded(rows), foldOf, options.favoured);
  const predicted = new Float64Array(masks.count);
  for (const fold of folds) {
    const weights = weigh(rowsOutside(fold, masks.count));
    for (const r of fold) for (const [d, w] of weights.entries()) predicted[r] += w * means[d][r];
  }
  const rows = graded(rowsOutside([], masks.count));
  const truth = Float64Array.from(rows, (r) => values[r]);
  const r2Of = (of: Float64Array) =>
    rSquared(
      rows.map((r) => of[r]),
      truth,
    );
  const scored = [...left.map(({ method }, d) => ({ method, r2: r2Of(means[d]) })), ...dropped];
  const weights = weigh(rows);
  const chosen = left
    .map(({ method }, d) => ({ method, weight: weights[d] }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  if (chosen.length > 1) scored.push({ method: chosen.map(({ method }) => method).join('+'), r2: r2Of(predicted) });
  return { scored: scored.sort((a, b) => b.r2 - a.r2), chosen, predicted, expected, folds: options.folds };
}

/** Weights of the decoders by their errors at some rows. */
function weightsBy(
  decoders: readonly NamedDecoder[],
  predictions: readonly Float64Array[],
  values: ArrayLike<number>,
  rows: readonly number[],
  foldOf: Uint8Array,
  favoured: string | undefined,
): Float64Array {
  const isFavoured = (d: number) => decoders[d].method === favoured;
  const any = decoders.some((_, d) => isFavoured(d));
  const centre = Float64Array.from(decoders, (_, d) => (any ? Number(isFavoured(d)) : 1 / decoders.length));
  const errors = predictions.map((own) => Float64Array.from(rows, (r) => own[r] - values[r]));
  return stackWeights(
    errors,
    Float64Array.from(rows, (r) => values[r]),
    centre,
    rows.map((r) => foldOf[r]),
  );
}

interface Fold {
  readonly rows: readonly number[];
  /** Those that grade. */
  readonly grading: readonly number[];
}

interface Unseen {
  /** Decoders that came to the end, and for each the predictions of every row by a fit that has not seen it. */
  readonly left: readonly NamedDecoder[];
  readonly means: readonly Float64Array[];
  readonly dropped: readonly CrossValidated[];
  readonly expected: ReadonlyMap<string, number>;
}

async function predictUnseen(
  decoders: readonly NamedDecoder[],
  masks: Masks,
  values: ArrayLike<number>,
  folds: readonly Fold[],
  options: CrossOptions,
): Promise<Unseen> {
  const means = new Map(decoders.map((decoder) => [decoder, new Float64Array(masks.count)]));
  const favoured = decoders.find(({ method }) => method === options.favoured);
  const dropped: CrossValidated[] = [];
  const sums = new Map<string, number>();
  const done: number[] = [];
  for (const [f, { rows, grading }] of folds.entries()) {
    const outside = rowsOutside(rows, masks.count);
    const seen = pickMasks(masks, outside);
    const seenValues = Float64Array.from(outside, (r) => values[r]);
    const unseen = pickMasks(masks, rows);
    const grades = new Set(grading);
    done.push(...grading);
    for (const [decoder, own] of means) {
      const known = options.known?.get(decoder.method) ?? [];
      const found = known[f] ?? (await predictFold(decoder, seen, seenValues, unseen, options));
      if (!known[f]) options.known?.set(decoder.method, [...known, found]);
      const { variances } = found;
      for (const [i, r] of rows.entries()) own[r] = found.means[i];
      if (variances)
        sums.set(
          decoder.method,
          rows.reduce((sum, r, i) => sum + (grades.has(r) ? variances[i] : 0), sums.get(decoder.method) ?? 0),
        );
      await options.breathe?.();
    }
    if (!favoured || f === folds.length - 1) continue;
    const truth = Float64Array.from(done, (r) => values[r]);
    const best = means.get(favoured) as Float64Array;
    for (const [decoder, own] of means) {
      if (decoder === favoured || !hasLost(own, best, done, truth)) continue;
      means.delete(decoder);
      const predicted = Float64Array.from(done, (r) => own[r]);
      dropped.push({ method: decoder.method, r2: rSquared(predicted, truth), folds: f + 1 });
    }
  }
  const expected = new Map(Array.from(sums, ([method, sum]) => [method, sum / Math.max(1, done.length)]));
  return { left: Array.from(means.keys()), means: Array.from(means.values()), dropped, expected };
}

async function predictFold(
  { decode, predict }: NamedDecoder,
  seen: Masks,
  values: Float64Array,
  unseen: Masks,
  options: CrossOptions,
): Promise<Prediction> {
  if (predict) return predict(seen, values, unseen, options);
  return { means: evaluateSpectrum((await decode(seen, values, options)).spectrum, unseen) };
}

/** Whether predictions of some rows, and their mean with the favoured ones, are both clearly worse than those. */
function hasLost(own: Float64Array, favoured: Float64Array, rows: readonly number[], truth: Float64Array): boolean {
  const errors = (of: (r: number) => number) => Float64Array.from(rows, (r, i) => (of(r) - truth[i]) ** 2);
  const least = errors((r) => favoured[r]);
  return [errors((r) => own[r]), errors((r) => (own[r] + favoured[r]) / 2)].every((one) => {
    const { sum, error, pairs } = excess(one, least);
    return pairs >= LEAST_PAIRS && sum > CLEARLY * error;
  });
}

/** By how much squared errors exceed others in sum, and its standard error; pairs of complementary masks count as one observation. */
function excess(one: Float64Array, other: Float64Array): { sum: number; error: number; pairs: number } {
  const differences: number[] = [];
  for (let r = 0; r < one.length; r += 2) {
    const last = Math.min(r + 1, one.length - 1);
    differences.push(one[r] - other[r] + (last > r ? one[last] - other[last] : 0));
  }
  const pairs = differences.length;
  const sum = differences.reduce((a, b) => a + b, 0);
  const variance = differences.reduce((square, d) => square + (d - sum / pairs) ** 2, 0) / Math.max(1, pairs - 1);
  return { sum, error: Math.sqrt(pairs * variance), pairs };
}
