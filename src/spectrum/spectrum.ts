import { parity, popcount } from '../core/bits.ts';
import { WebspexError } from '../core/errors.ts';
import { type Masks, maskStride } from '../core/masks.ts';

/**
 * A sparse Walsh–Hadamard spectrum. Sign convention, written here once:
 * F(k) = 2⁻ⁿ Σ_m (−1)^⟨k,m⟩ f(m) and f(m) = Σ_k F(k) (−1)^⟨k,m⟩, where m_i = 1 means that player i is kept.
 * So keeping a player that raises f has a negative coefficient. Keys are bit-packed like masks, one per coefficient, all distinct.
 */
export interface Spectrum {
  readonly n: number;
  readonly keys: Uint32Array;
  readonly coefficients: Float64Array;
}

/** Σ_{T ⊇ members} byDegree[|T|]·F(T) over all frequencies of up to TOP_DEGREE players. */
export interface Functional {
  readonly members: readonly number[];
  readonly byDegree: Float64Array;
}

/** What a Bayesian fit knows of its own errors, in the squared units of the function. */
export interface Posterior {
  /** Variance of each functional, over all frequencies, those outside the spectrum included. */
  variances(functionals: readonly Functional[], breathe?: () => Promise<void>): Promise<Float64Array>;
  /** Mean variance of the function at a mask that was not fitted. */
  readonly error: number;
  /** Mean square of what is expected of the function and is not in the spectrum. */
  readonly left: number;
  /** Rows that were fitted. */
  readonly count: number;
}

/** Where a search for hyper-parameters ended, and on how many rows: another fit of the same function may go on from there. */
export interface SearchEnd {
  readonly at: Float64Array;
  readonly rows: number;
  /** Of a Gaussian process: endings count. */
  readonly suffix?: boolean;
}

/**
 * What a decoder returns: a spectrum, and where it is a least-squares or ridge fit the lower-triangular Cholesky factor L
 * (K × K, row-major, order of the coefficients) of XᵀX + Λ, so that the variance of wᵀF is σ²‖L⁻¹w‖²; a Bayesian fit has a `posterior`
 * instead. Both are missing for an exact transform, whose coefficients carry no error.
 */
export interface Fit {
  readonly method: string;
  readonly spectrum: Spectrum;
  readonly factor: Float64Array | null;
  /** In place of a factor: see `Influence`. No groups: the values are exact differences of evaluations. */
  readonly influence?: Influence;
  readonly posterior?: Posterior;
  readonly end?: SearchEnd;
  /** For a mean of fits: its parts, their weights, and for each coefficient of the mean its place in the part (−1: not there). */
  readonly parts?: readonly { readonly fit: Fit; readonly weight: number; readonly terms: Int32Array }[];
}

/**
 * How far each coefficient owes itself to each group of rows: ψ (groups × K, row-major, order of the coefficients), so that the sampling
 * variance of wᵀF is Σ_g (ψ_g·w)². Estimators whose target is the index itself (Kernel SHAP) carry this in place of a factor.
 */
export interface Influence {
  readonly groups: number;
  readonly values: Float64Array;
}

/** What every decoder takes beside masks and values. */
export interface DecodeOptions {
  readonly seed: number;
  /** Largest interaction of methods that fit all interactions up to an order. */
  readonly order?: number;
  /** ProxySPEX alone: the recipe of its authors instead of ours. */
  readonly faithful?: boolean;
  /** Players are words in order that a model reads from first to last, and none of its input is never masked: how a text ends may count by itself. */
  readonly sequential?: boolean;
  /** Awaited every 50 ms or so of work: lets events in, and throws where the run was aborted. */
  readonly breathe?: () => Promise<void>;
  /**
   * What is expected beforehand of how much each player matters, as a logarithm beside the others: ln 2 for twice as much as one with 0. The
   * Gaussian process begins from that and is moved by the rows; other methods have no use for it.
   */
  readonly influences?: ArrayLike<number>;
  /** From an earlier fit of the same function by the same method: methods that search begin there and take fewer steps. */
  readonly start?: SearchEnd;
}

/** Recovers a sparse spectrum from (masks, values); values are in the masks' order. */
export type Decoder = (masks: Masks, values: ArrayLike<number>, options: DecodeOptions) => Promise<Fit>;

/** What a decoder asks of its input. @throws usage where there is not one value for each of at least one mask, non-finite at the first NaN or infinity. */
export function checkValues(masks: Masks, values: ArrayLike<number>): void {
  if (masks.count < 1 || values.length !== masks.count)
    throw new WebspexError(
      'usage',
      `decoder: expected one value for each of ${masks.count} masks, got ${values.length}; pass masks with their values`,
    );
  for (let r = 0; r < values.length; r++)
    if (!Number.isFinite(values[r]))
      throw new WebspexError('non-finite', `decoder: expected finite values, got ${values[r]} for mask ${r}; check the value function`);
}

/** Players of one bit-packed key, ascending. */
export function membersOf(keys: Uint32Array, index: number, n: number): number[] {
  const stride = maskStride(n);
  const members: number[] = [];
  for (let i = 0; i < n; i++) if ((keys[index * stride + (i >> 5)] >>> (i & 31)) & 1) members.push(i);
  return members;
}

/** A spectrum from (members, coefficient) pairs; equal members are added up. */
export function spectrumFromTerms(n: number, terms: Iterable<readonly [readonly number[], number]>): Spectrum {
  const sums = new Map<string, { members: readonly number[]; sum: number }>();
  for (const [members, value] of terms) {
    const sorted = [...members].sort((a, b) => a - b);
    const key = sorted.join(',');
    const found = sums.get(key);
    if (found) found.sum += value;
    else sums.set(key, { members: sorted, sum: value });
  }
  const stride = maskStride(n);
  const keys = new Uint32Array(sums.size * stride);
  const coefficients = new Float64Array(sums.size);
  let k = 0;
  for (const { members, sum } of sums.values()) {
    for (const i of members) keys[k * stride + (i >> 5)] |= 1 << (i & 31);
    coefficients[k++] = sum;
  }
  return { n, keys, coefficients };
}

/** Number of players in each key. */
export function degrees(spectrum: Spectrum): Uint32Array {
  const stride = maskStride(spectrum.n);
  const out = new Uint32Array(spectrum.coefficients.length);
  for (let k = 0; k < out.length; k++) for (let w = 0; w < stride; w++) out[k] += popcount(spectrum.keys[k * stride + w]);
  return out;
}

/** f(m) = Σ F(k) (−1)^⟨k,m⟩ for each mask. */
export function evaluateSpectrum(spectrum: Spectrum, masks: Masks): Float64Array {
  const stride = maskStride(spectrum.n);
  const { keys, coefficients } = spectrum;
  // Of thousands of players a frequency has few, and few words that are not 0: theirs of key k are ends[k − 1] … ends[k] − 1.
  const ends = new Uint32Array(coefficients.length);
  const places: number[] = [];
  for (let k = 0; k < coefficients.length; k++) {
    for (let w = 0; w < stride; w++) if (keys[k * stride + w] !== 0) places.push(w);
    ends[k] = places.length;
  }
  const at = Uint32Array.from(places);
  const bits = new Uint32Array(at.length);
  for (let k = 0, i = 0; k < coefficients.length; k++) for (; i < ends[k]; i++) bits[i] = keys[k * stride + at[i]];
  const out = new Float64Array(masks.count);
  for (let r = 0, row = 0; r < masks.count; r++, row += stride) {
    let sum = 0;
    for (let k = 0, i = 0; k < coefficients.length; k++) {
      let v = 0;
      for (; i < ends[k]; i++) v ^= bits[i] & masks.words[row + at[i]];
      sum += parity(v) ? -coefficients[k] : coefficients[k];
    }
    out[r] = sum;
  }
  return out;
}
