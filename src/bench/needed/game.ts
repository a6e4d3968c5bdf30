import { WebspexError } from '../../core/errors.ts';
import { concatMasks, createMasks, type Masks, maskStride, sliceMasks } from '../../core/masks.ts';
import { planSpex, type SpexPlan, spexQueries } from '../../spex/plan.ts';

/** What kind of function a game is; figures are summed up by family. */
export type Family =
  | 'minilm'
  | 'smollm2'
  | 'smollm2-locked'
  | 'smollm2-sentences'
  | 'distilbert'
  | 'unanimity'
  | 'sparse'
  | 'and-or'
  | 'parity';

/** Seed of all masks of the benchmark. */
export const SEED = 1;
/** Masks that grade and never fit. */
export const FRESH = 1000;

/** What is written beside the numbers of a game. */
export interface GameHead {
  readonly name: string;
  readonly family: Family;
  readonly n: number;
  /** Rows that methods may fit: each budget takes the first ones. */
  readonly fit: number;
  /** Rows after them that grade. */
  readonly fresh: number;
  /** Rows after those that methods may fit too, where a budget goes beyond `fit`; default none. */
  readonly more?: number;
  /** Bins a group of the largest SPEX plan whose masks were evaluated, as a power of two; 0: none. */
  readonly spexBits: number;
  /** The matrices of that plan by rows, from which the peers' script makes its own. */
  readonly groups?: readonly (readonly number[])[];
  /** The peers' script runs the recipe that takes minutes on this game too. */
  readonly slow?: boolean;
  /** What was asked of the model. */
  readonly text?: string;
  readonly target?: string;
  readonly scalar?: string;
  readonly mask?: string;
  /** Text that is never masked, as character spans. */
  readonly lock?: readonly (readonly [number, number])[];
  /** The players, as character spans, where they are not the words. */
  readonly spans?: readonly (readonly [number, number])[];
  /** Players that people marked as what the answer follows from. */
  readonly gold?: readonly number[];
}

/** A function known at the masks of the benchmark. */
export interface Game {
  readonly head: GameHead;
  /** The head's `fit` rows, and after them its `more` rows. */
  readonly fit: Sample;
  /** Values without noise. */
  readonly fresh: Sample;
  /** Masks that SPEX chooses, with their plan. */
  readonly spex: (Sample & { readonly plan: SpexPlan }) | null;
}

export interface Sample {
  readonly masks: Masks;
  readonly values: Float64Array;
}

/** Whether players are words in order and nothing is left of the prompt where all are absent: prompts with nothing locked, words removed. */
export function isSequential({ family }: Pick<GameHead, 'family'>): boolean {
  return family === 'smollm2';
}

/** The plan of SPEX's masks with 2^bits bins a group. */
export function spexPlanOf({ n, spexBits }: GameHead): SpexPlan {
  return planSpex(n, { budget: spexQueries(n, spexBits), seed: SEED });
}

/** The first rows of a sample. */
export function firstRows(sample: Sample, count: number): Sample {
  return rowsOf(sample, 0, count);
}

function rowsOf({ masks, values }: Sample, from: number, end: number): Sample {
  return { masks: sliceMasks(masks, from, end), values: values.subarray(from, end) };
}

/** One sample after the other. */
export function joined(first: Sample, second: Sample): Sample {
  const values = new Float64Array(first.values.length + second.values.length);
  values.set(first.values);
  values.set(second.values, first.values.length);
  return { masks: concatMasks(first.masks, second.masks), values };
}

/**
 * The numbers of a game: for fit and fresh rows together, then for SPEX's rows, and then for more rows to fit, the masks in ⌈n/8⌉ bytes each (bit
 * i & 7 of byte i >> 3 = player i present) and after them their values as little-endian float32.
 */
export function packGame({ head, fit, fresh, spex }: Game): Uint8Array {
  const parts = [
    pack([firstRows(fit, head.fit), fresh]),
    ...(spex ? [pack([spex])] : []),
    ...(head.more ? [pack([rowsOf(fit, head.fit, head.fit + head.more)])] : []),
  ];
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function pack(samples: readonly Sample[]): Uint8Array {
  const width = Math.ceil(samples[0].masks.n / 8);
  const rows = samples.reduce((sum, s) => sum + s.masks.count, 0);
  const out = new Uint8Array(rows * (width + 4));
  const view = new DataView(out.buffer);
  let row = 0;
  for (const { masks, values } of samples) {
    const stride = maskStride(masks.n);
    for (let r = 0; r < masks.count; r++, row++) {
      for (let b = 0; b < width; b++) out[row * width + b] = masks.words[r * stride + (b >> 2)] >>> (8 * (b & 3));
      view.setFloat32(rows * width + 4 * row, values[r], true);
    }
  }
  return out;
}

/** The game of these bytes. @throws bad-file where there are too few or too many, or SPEX's masks are not those of its plan. */
export function unpackGame(head: GameHead, bytes: Uint8Array): Game {
  const width = Math.ceil(head.n / 8);
  const plan = head.spexBits > 0 ? spexPlanOf(head) : null;
  const known = head.fit + head.fresh;
  const planned = plan?.masks.count ?? 0;
  const more = head.more ?? 0;
  const expected = (known + planned + more) * (width + 4);
  if (bytes.length !== expected)
    throw new WebspexError('bad-file', `game ${head.name}: expected ${expected} bytes, got ${bytes.length}; gather it anew with --fresh`);
  const all = unpack(head.n, known, bytes);
  const spex = plan && { ...unpack(head.n, planned, bytes.subarray(known * (width + 4))), plan };
  if (spex?.masks.words.some((w, i) => w !== spex.plan.masks.words[i]))
    throw new WebspexError('bad-file', `game ${head.name}: expected the masks of SPEX's plan, got others; gather it anew with --fresh`);
  const first = firstRows(all, head.fit);
  return {
    head,
    fit: more > 0 ? joined(first, unpack(head.n, more, bytes.subarray((known + planned) * (width + 4)))) : first,
    fresh: rowsOf(all, head.fit, known),
    spex,
  };
}

function unpack(n: number, rows: number, bytes: Uint8Array): Sample {
  const width = Math.ceil(n / 8);
  const masks = createMasks(n, rows);
  const stride = maskStride(n);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    for (let b = 0; b < width; b++) masks.words[r * stride + (b >> 2)] |= bytes[r * width + b] << (8 * (b & 3));
    values[r] = view.getFloat32(rows * width + 4 * r, true);
  }
  return { masks, values };
}
