import { type Masks, pickMasks } from '../core/masks.ts';
import { createRandom, shuffle } from '../core/random.ts';
import { type DecodeOptions, type Decoder, evaluateSpectrum } from './spectrum.ts';

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

/** A decoder, or the mean of several ("linear+pursuit"), with R² over rows that none of its fits has seen. */
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

/** What cross-validation found: every decoder and two means, best first, and the one to use. */
export interface Choice {
  readonly scored: readonly CrossValidated[];
  readonly chosen: string;
  /** For every row, the prediction of what the rows of the other folds would have chosen, by fits that have not seen it. */
  readonly predicted: Float64Array;
  /** Mean variance that each decoder's fits expected at the rows they had not seen, where they said so. */
  readonly expected: ReadonlyMap<string, number>;
}

export interface CrossOptions extends DecodeOptions {
  readonly folds: number;
  /** Chosen unless it is clearly worse than the best. */
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

/** What is worse than the best by less than this many standard errors of the difference may be chosen all the same. */
const TOLERANCE = 0.5;

/**
 * Out-of-fold R² of every decoder and of the means of the best two and the best three. Every selection a decoder makes happens inside the
 * fold's own fitting rows, so no row grades a fit that has seen it or its complement; and what is chosen is graded, in `predicted`, by
 * choosing anew for each fold by the errors of the others. With few rows the best is often so by luck. So the favoured decoder is chosen
 * unless it is clearly worse than the best (the Gaussian process on 15 complete tables of DistilBERT: true R² .002 to .004 above taking the
 * best at 64 to 256 masks, and on 5 sums of unanimity games .010, .027 and .000 below). Where none is favoured, the largest mean that is
 * not clearly worse is chosen: a mean is steadier.
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
  const judge = (rows: readonly number[]) => choose(left, means, values, graded(rows), options.favoured);
  const predicted = new Float64Array(masks.count);
  for (const fold of folds) {
    const { members } = left.length > 1 ? judge(rowsOutside(fold, masks.count)).chosen : { members: [0] };
    for (const r of fold) predicted[r] = meanOf(members, means, r);
  }
  const { scored, chosen } = judge(rowsOutside([], masks.count));
  const named = [...scored.map(({ method, r2 }) => ({ method, r2 })), ...dropped].sort((a, b) => b.r2 - a.r2);
  return { scored: named, chosen: chosen.method, predicted, expected };
}

interface Scored extends CrossValidated {
  /** Squared error of each graded row. */
  readonly errors: Float64Array;
  /** Places of the decoders that it is the mean of. */
  readonly members: readonly number[];
}

function meanOf(members: readonly number[], predictions: readonly Float64Array[], row: number): number {
  return members.reduce((sum, d) => sum + predictions[d][row], 0) / members.length;
}

/** Scores decoders and means over some rows, best first, and takes one. */
function choose(
  decoders: readonly NamedDecoder[],
  predictions: readonly Float64Array[],
  values: ArrayLike<number>,
  rows: readonly number[],
  favourite: string | undefined,
): { scored: readonly Scored[]; chosen: Scored } {
  const truth = Float64Array.from(rows, (r) => values[r]);
  const score = (members: readonly number[]): Scored => {
    const predicted = Float64Array.from(rows, (r) => meanOf(members, predictions, r));
    return {
      method: members.map((d) => decoders[d].method).join('+'),
      r2: rSquared(predicted, truth),
      errors: predicted.map((p, i) => (p - truth[i]) ** 2),
      members,
    };
  };
  const single = decoders.map((_, d) => score([d]));
  const order = Array.from(decoders.keys()).sort((a, b) => single[b].r2 - single[a].r2);
  const means = [2, 3].filter((size) => size <= order.length).map((size) => score(order.slice(0, size)));
  const scored = [...single, ...means].sort((a, b) => b.r2 - a.r2);
  const favoured = single.filter(({ method }) => method === favourite);
  return { scored, chosen: (favoured.length > 0 ? favoured : means).findLast((mean) => isAsGood(mean, scored[0])) ?? scored[0] };
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

/** Whether the error exceeds that of the best by no more than chance. */
function isAsGood(one: Scored, best: Scored): boolean {
  const { sum, error } = excess(one.errors, best.errors);
  return sum <= TOLERANCE * error;
}
