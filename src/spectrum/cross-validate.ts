import { type Masks, pickMasks } from '../core/masks.ts';
import { createRandom, shuffle } from '../core/random.ts';
import { type DecodeOptions, type Decoder, evaluateSpectrum } from './spectrum.ts';

export interface NamedDecoder {
  readonly method: string;
  readonly decode: Decoder;
}

/** A decoder, or the mean of several ("linear+pursuit"), with R² over rows that none of its fits has seen. */
export interface CrossValidated {
  readonly method: string;
  readonly r2: number;
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

/**
 * Out-of-fold R² of every decoder and of the means of the best two and the best three, best first. Every selection a decoder makes
 * happens inside the fold's own fitting rows, so no row grades a fit that has seen it or its complement.
 */
export async function crossValidate(
  decoders: readonly NamedDecoder[],
  masks: Masks,
  values: ArrayLike<number>,
  options: DecodeOptions & { folds: number },
): Promise<CrossValidated[]> {
  const folds = pairFolds(masks.count, options.folds, options.seed);
  const predictions = decoders.map(() => new Float64Array(masks.count));
  for (const fold of folds) {
    const rows = rowsOutside(fold, masks.count);
    const seen = pickMasks(masks, rows);
    const seenValues = Float64Array.from(rows, (r) => values[r]);
    const unseen = pickMasks(masks, fold);
    for (const [d, { decode }] of decoders.entries()) {
      const { spectrum } = await decode(seen, seenValues, options);
      const predicted = evaluateSpectrum(spectrum, unseen);
      fold.forEach((r, i) => {
        predictions[d][r] = predicted[i];
      });
      await options.breathe?.();
    }
  }
  const scored = decoders.map(({ method }, d) => ({ method, r2: rSquared(predictions[d], values), d })).sort((a, b) => b.r2 - a.r2);
  const means = [2, 3]
    .filter((size) => size <= scored.length)
    .map((size) => {
      const members = scored.slice(0, size);
      const mean = Float64Array.from({ length: masks.count }, (_, r) => members.reduce((sum, m) => sum + predictions[m.d][r], 0) / size);
      return { method: members.map((m) => m.method).join('+'), r2: rSquared(mean, values), d: -1 };
    });
  return [...scored, ...means].sort((a, b) => b.r2 - a.r2).map(({ method, r2 }) => ({ method, r2 }));
}
