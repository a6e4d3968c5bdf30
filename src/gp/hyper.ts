import { FORMS } from './suffix.ts';
import { REACH } from './windows.ts';

/**
 * The hyper-parameters as one vector θ:
 * μ, u_1 … u_n (influence of each player, c_i = min(exp(μ + τu_i), 6)), then ln of s² (product kernel), σ² (noise), l² (single players) and
 * p (local pairs), then where endings count ln of the amplitude of each form, then where there is a warp its a and b. Whether endings count
 * has to be told; whether there is a warp, the length says.
 */
export const PLACES = { mu: 0, influence: 1, product: 1, noise: 2, single: 3, local: 4, rest: 5 } as const;

/** What θ holds beside the n + 5 numbers that it always has. */
export interface Shape {
  readonly suffix: boolean;
  readonly warp: boolean;
}

/** Numbers of the warp. */
const WARP = 2;

export function shapeOf(theta: Float64Array, n: number, suffix: boolean): Shape {
  return { suffix, warp: theta.length > warpPlace(n, suffix) };
}

/** Where the warp begins. */
export function warpPlace(n: number, suffix: boolean): number {
  return n + PLACES.rest + (suffix ? FORMS.length : 0);
}

function lengthOf(n: number, { suffix, warp }: Shape): number {
  return warpPlace(n, suffix) + (warp ? WARP : 0);
}

/** Spread of the influences on the log scale. */
const TAU = 0.8;
const MOST_INFLUENCE = Math.log(6);
/** Local pairs count less by e^(−½) for each player between. */
const DECAY = 2;

/**
 * How far the prior of each u_i is moved where ln of each player's influence was expected beforehand: c_i = exp(μ + m_i + τu_i) in other
 * words, so that a place θ means the same with and without. Zeros where nothing was expected.
 */
export function shiftsOf(influences: ArrayLike<number> | undefined, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => (influences?.[i] ?? 0) / TAU);
}

/** The other way: ln of each player's influence under θ less their mean, as `DecodeOptions.influences` takes them. */
export function logInfluencesOf(theta: Float64Array, n: number): Float64Array {
  const logs = theta.subarray(PLACES.influence, PLACES.influence + n).map((u) => Math.min(theta[PLACES.mu] + TAU * u, MOST_INFLUENCE));
  const mean = logs.reduce((sum, log) => sum + log, 0) / n;
  return logs.map((log) => log - mean);
}

/** θ unfolded into what kernels need. */
export interface Hyper {
  readonly c: Float64Array;
  /** Σ c_i. */
  readonly total: number;
  readonly product: number;
  /** s⁴·e^(−C): the product kernel at a mask and at its complement, multiplied. */
  readonly wholly: number;
  readonly noise: number;
  readonly single: number;
  /** q[6i + δ − 1] = p·e^(−(δ−1)/2)·c_i·c_(i+δ), 0 beyond the last player. */
  readonly q: Float64Array;
  /** Amplitudes of the forms of endings; empty where endings do not count. */
  readonly suffix: Float64Array;
  /** 1 where c_i is not at its bound. */
  readonly free: Uint8Array;
}

export function unfold(theta: Float64Array, n: number, suffix = false): Hyper {
  const c = new Float64Array(n);
  const free = new Uint8Array(n);
  let total = 0;
  for (let i = 0; i < n; i++) {
    const log = theta[PLACES.mu] + TAU * theta[PLACES.influence + i];
    free[i] = log < MOST_INFLUENCE ? 1 : 0;
    c[i] = Math.exp(Math.min(log, MOST_INFLUENCE));
    total += c[i];
  }
  const p = Math.exp(theta[n + PLACES.local]);
  const product = Math.exp(theta[n + PLACES.product]);
  const q = new Float64Array(REACH * n);
  for (let i = 0; i < n; i++)
    for (let d = 1; d <= REACH && i + d < n; d++) q[REACH * i + d - 1] = p * Math.exp(-(d - 1) / DECAY) * c[i] * c[i + d];
  return {
    c,
    free,
    total,
    q,
    product,
    wholly: product * product * Math.exp(-total),
    noise: Math.exp(theta[n + PLACES.noise]),
    single: Math.exp(theta[n + PLACES.single]),
    suffix: suffix ? theta.slice(n + PLACES.rest, warpPlace(n, true)).map(Math.exp) : new Float64Array(0),
  };
}

/** Derivatives of the objective by what `unfold` makes of θ; s², σ² and l² by their logarithms. */
export interface Slopes {
  readonly c: Float64Array;
  readonly q: Float64Array;
  /** By the amplitudes themselves. */
  readonly suffix: Float64Array;
  product: number;
  noise: number;
  single: number;
}

/** The chain rule of `unfold`: adds to all entries of `gradient` but those of the warp. */
export function foldSlopes({ c, q, free, suffix }: Hyper, slopes: Slopes, gradient: Float64Array): void {
  const n = c.length;
  const logs = slopes.c.map((slope, i) => slope * c[i]);
  let pairs = 0;
  for (let i = 0; i < n; i++)
    for (let d = 1; d <= REACH && i + d < n; d++) {
      const slope = slopes.q[REACH * i + d - 1] * q[REACH * i + d - 1];
      logs[i] += slope;
      logs[i + d] += slope;
      pairs += slope;
    }
  for (let i = 0; i < n; i++) {
    if (!free[i]) continue;
    gradient[PLACES.mu] += logs[i];
    gradient[PLACES.influence + i] += TAU * logs[i];
  }
  gradient[n + PLACES.product] += slopes.product;
  gradient[n + PLACES.noise] += slopes.noise;
  gradient[n + PLACES.single] += slopes.single;
  gradient[n + PLACES.local] += pairs;
  for (let k = 0; k < suffix.length; k++) gradient[n + PLACES.rest + k] += slopes.suffix[k] * suffix[k];
}

type Prior = readonly [place: number, mean: number, width: number];

/** Prior means and widths of all of θ but the influences, at their own places. */
function normalPriors(n: number, { suffix, warp }: Shape): readonly Prior[] {
  const at = warpPlace(n, suffix);
  return [
    [PLACES.mu, 0.5 - Math.log(n), 0.6],
    [n + PLACES.product, -2, 0.7],
    [n + PLACES.noise, -5.5, 2],
    [n + PLACES.single, -1.8, 0.7],
    [n + PLACES.local, 1.2 * Math.log(n) - 6.6, 1],
    ...(suffix ? FORMS.map((_, k): Prior => [n + PLACES.rest + k, -2.5, 3]) : []),
    ...(warp ? [[at, 0, 1] as const, [at + 1, 0, 1] as const] : []),
  ];
}

/**
 * Minus the log of the prior, its slope added to `gradient`: normal, and for the influences Gumbel, e^(−u−e^(−u)): most players matter
 * little, a few much more. `shifts`: as `shiftsOf` gives them.
 */
export function addPrior(theta: Float64Array, gradient: Float64Array, shifts: Float64Array, suffix = false): number {
  const n = shifts.length;
  let value = 0;
  for (const [place, mean, width] of normalPriors(n, shapeOf(theta, n, suffix))) {
    const off = (theta[place] - mean) / width;
    value += 0.5 * off * off;
    gradient[place] += off / width;
  }
  for (let i = PLACES.influence; i <= n; i++) {
    const u = theta[i] - shifts[i - PLACES.influence];
    const e = Math.exp(-u);
    value += e + u;
    gradient[i] += 1 - e;
  }
  return value;
}

/**
 * Where a search starts: influences by the correlation of each player with the values (r_i) and what was expected of it, the rest at their
 * prior means.
 */
export function startingPoint(correlations: Float64Array, rows: number, shape: Shape, shifts: Float64Array): Float64Array {
  const n = correlations.length;
  const theta = new Float64Array(lengthOf(n, shape));
  for (const [place, mean] of normalPriors(n, shape)) theta[place] = mean;
  theta[n + PLACES.noise] = -4;
  const logs = correlations.map((r) => Math.log(0.3 + rows * r * r));
  const middle = logs.reduce((a, b) => a + b, 0) / n;
  for (let i = 0; i < n; i++) theta[PLACES.influence + i] = 0.5 * (logs[i] - middle) + shifts[i];
  return theta;
}

/** Bounds that keep matrices positive definite and the warp's ends apart from the data. */
export function bounds(n: number, { suffix, warp }: Shape): { low: Float64Array; high: Float64Array } {
  const ends: [number, number][] = [[-12, 2]];
  for (let i = 0; i < n; i++) ends.push([-8, 8]);
  ends.push([-7, 7], [Math.log(1e-5), Math.log(2)], [Math.log(1e-6), Math.log(1e4)], [-10, 8]);
  if (suffix) for (const _ of FORMS) ends.push([-12, 6]);
  if (warp) ends.push([Math.log(0.02), 4], [Math.log(0.02), 4]);
  return { low: Float64Array.from(ends, ([low]) => low), high: Float64Array.from(ends, ([, high]) => high) };
}
