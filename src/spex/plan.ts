import { parity } from '../core/bits.ts';
import { WebspexError } from '../core/errors.ts';
import { createMasks, lastWordBits, type Masks, maskKey, maskStride } from '../core/masks.ts';
import { createRandom, shuffle } from '../core/random.ts';
import { type Code, codeSize, createCode } from './code.ts';

/** Subsampling groups. */
export const GROUPS = 3;
/** Errors that the code corrects, and so the largest degree that is sure to be found, where the budget does not force fewer. */
const MOST_ERRORS = 5;
export const LEAST_ERRORS = 2;
/** Each group has at least 2³ bins. */
export const LEAST_BITS = 3;
/** And at most 2¹², as in the authors' own package: half a million queries and more. */
const MOST_BITS = 12;
/** Streams of the seed. */
const GROUP_STREAM = 30;
const ORDER_STREAM = 33;

/** A smaller plan within a plan: the first `masks` rows hold all queries of 2^b bins a group. */
export interface Stage {
  readonly b: number;
  readonly masks: number;
}

/** Every query that SPEX makes of a function of n players, known before the first is made. */
export interface SpexPlan {
  readonly n: number;
  /** Bins a group, as a power of two. */
  readonly b: number;
  readonly code: Code;
  /** For each group its matrix M (n × b) by rows: bit q of row j is M[j][q]. The first columns are those of smaller plans. */
  readonly groups: readonly Uint32Array[];
  /** 3·2^b·(p + 1): what the papers count. */
  readonly queries: number;
  /** The distinct ones in the order to evaluate them: all players, none, then stage by stage, shuffled within each stage. */
  readonly masks: Masks;
  /** Row in `masks` of query (group c, ℓ, delay i), at (c·2^b + ℓ)·(p + 1) + i. */
  readonly rows: Uint32Array;
  readonly stages: readonly Stage[];
}

export interface SpexPlanOptions {
  /** Most queries, equal ones counted each time: b is the largest for which 3·2^b·(p + 1) fits. */
  readonly budget: number;
  readonly seed: number;
  /** Errors that the code corrects (2 to 5; default 5, fewer where the budget is small). */
  readonly maxOrder?: number;
}

/** Queries of a plan with 2^b bins a group, equal ones counted each time: 3·2^b·(p + 1). */
export function spexQueries(n: number, b: number, t = MOST_ERRORS): number {
  return GROUPS * 2 ** b * (codeSize(n, t).p + 1);
}

/** The largest b up to 12 that the budget allows; where that is below 3, fewer errors are corrected (down to 2), which takes fewer delays. */
function chooseSize(n: number, budget: number, most: number): { b: number; t: number } {
  for (let t = most; t >= LEAST_ERRORS; t--) {
    const b = Math.min(MOST_BITS, Math.floor(Math.log2(budget / spexQueries(n, 0, t))));
    if (b >= LEAST_BITS) return { b, t };
  }
  const least = spexQueries(n, LEAST_BITS, LEAST_ERRORS);
  throw new WebspexError(
    'budget-too-small',
    `method spex: expected a budget of at least ${least} passes for ${n} players, got ${budget}; raise it`,
  );
}

/**
 * Plans the queries of SPEX (Kang et al. 2025, arXiv 2502.13870): three random groups M of 2^b masks M·ℓ, each shifted by no delay and
 * by the p delays of a BCH code. Equal masks are evaluated once.
 * @throws budget-too-small, usage where an option is out of range.
 */
export function planSpex(n: number, { budget, seed, maxOrder = MOST_ERRORS }: SpexPlanOptions): SpexPlan {
  if (!Number.isInteger(maxOrder) || maxOrder < LEAST_ERRORS || maxOrder > MOST_ERRORS)
    throw new WebspexError('usage', `method spex: expected an order from ${LEAST_ERRORS} to ${MOST_ERRORS}, got ${maxOrder}; change it`);
  const { b, t } = chooseSize(n, budget, maxOrder);
  const code = createCode(n, t);
  const groups = Array.from({ length: GROUPS }, (_, c) => {
    const random = createRandom(seed, GROUP_STREAM + c);
    return Uint32Array.from({ length: n }, () => (random.uint32() & (2 ** b - 1)) >>> 0);
  });
  return planGroups(code, groups, b, seed);
}

/** The plan of given groups: for each the rows of its matrix M, bit q of row j being M[j][q]. */
export function planGroups(code: Code, groups: readonly Uint32Array[], b: number, seed: number): SpexPlan {
  const listed = listQueries(b, code, groups, seed);
  return { n: code.n, b, code, groups, queries: groups.length * 2 ** b * (code.p + 1), ...listed };
}

/** Delay masks: (p + 1) × stride words. */
function delayMasks({ n, p, width, signatures }: Code): Uint32Array {
  const stride = maskStride(n);
  const out = new Uint32Array((p + 1) * stride);
  for (let j = 0; j < n; j++)
    for (let i = 1; i <= p; i++) if ((signatures[j * width + (i >> 5)] >>> (i & 31)) & 1) out[i * stride + (j >> 5)] |= 1 << (j & 31);
  return out;
}

/** Masks M·ℓ for every ℓ: 2^b × stride words. */
function baseMasks(rows: Uint32Array, b: number): Uint32Array {
  const stride = maskStride(rows.length);
  const out = new Uint32Array(2 ** b * stride);
  for (let l = 1; l < 2 ** b; l++) {
    const rest = l & (l - 1);
    const bit = l ^ rest;
    if (rest !== 0) for (let w = 0; w < stride; w++) out[l * stride + w] = out[rest * stride + w] ^ out[bit * stride + w];
    else for (let j = 0; j < rows.length; j++) if (parity(rows[j] & bit)) out[l * stride + (j >> 5)] |= 1 << (j & 31);
  }
  return out;
}

function listQueries(b: number, code: Code, groups: readonly Uint32Array[], seed: number): Pick<SpexPlan, 'masks' | 'rows' | 'stages'> {
  const { n } = code;
  const stride = maskStride(n);
  const delays = delayMasks(code);
  const bases = groups.map((rows) => baseMasks(rows, b));
  const perPoint = code.p + 1;
  const rows = new Uint32Array(groups.length * 2 ** b * perPoint);
  const found = createMasks(n, rows.length + 2);
  const places = new Map<string, number>();
  let count = 0;
  /** Keeps the mask at row `count` where it is new, and returns its row. */
  const keep = () => {
    const key = maskKey(found, count);
    const place = places.get(key);
    if (place !== undefined) return place;
    places.set(key, count);
    return count++;
  };
  found.words.fill(0xffffffff, 0, stride);
  found.words[stride - 1] = lastWordBits(n);
  keep();
  keep();
  const random = createRandom(seed, ORDER_STREAM);
  const stages: Stage[] = [];
  for (let bits = LEAST_BITS; bits <= b; bits++) {
    const from = bits === LEAST_BITS ? 0 : 2 ** (bits - 1);
    const points = 2 ** bits - from;
    const order = shuffle(
      new Uint32Array(groups.length * points * perPoint).map((_, q) => q),
      random,
    );
    for (const q of order) {
      const i = q % perPoint;
      const c = Math.floor(q / (perPoint * points));
      const l = from + (Math.floor(q / perPoint) % points);
      for (let w = 0; w < stride; w++) found.words[count * stride + w] = bases[c][l * stride + w] ^ delays[i * stride + w];
      rows[(c * 2 ** b + l) * perPoint + i] = keep();
    }
    stages.push({ b: bits, masks: count });
  }
  return { rows, stages, masks: { n, count, words: found.words.slice(0, count * stride) } };
}
