import { WebspexError } from './errors.ts';

/**
 * A list of masks (coalitions) over n players, bit-packed: player i of mask r is bit `i & 31` of
 * `words[r * maskStride(n) + (i >> 5)]`; 1 = present (kept), 0 = absent (masked). Unused high bits are 0.
 */
export interface Masks {
  readonly n: number;
  readonly count: number;
  readonly words: Uint32Array;
}

/**
 * Evaluates masks to one number each, in order. The seam between models and explainers. One that knows values before the last of them may
 * tell `onValue` each as it comes (row, value), so that a log holds them even where the call fails.
 */
export type ValueFunction = (
  masks: Masks,
  options?: { signal?: AbortSignal; onValue?: (row: number, value: number) => void },
) => Promise<Float32Array>;

/** @throws value-function where a value function gave more or fewer values than it was asked for. */
export function checkCount(values: ArrayLike<number>, asked: number): void {
  if (values.length !== asked)
    throw new WebspexError(
      'value-function',
      `value function: expected ${asked} values, got ${values.length}; answer one number for each mask`,
    );
}

/** 32-bit words per mask. */
export function maskStride(n: number): number {
  return Math.max(1, Math.ceil(n / 32));
}

/** `count` masks with every player absent. @throws usage where n or count is not a non-negative integer, or n is 0. */
export function createMasks(n: number, count: number): Masks {
  if (!Number.isInteger(n) || n < 1)
    throw new WebspexError('usage', `masks: expected at least 1 player, got ${n}; pass the number of players`);
  if (!Number.isInteger(count) || count < 0)
    throw new WebspexError('usage', `masks: expected a whole number of masks, got ${count}; pass 0 or more`);
  return { n, count, words: new Uint32Array(count * maskStride(n)) };
}

/** Whether player i is present in mask r. */
export function isPresent(masks: Masks, r: number, i: number): boolean {
  return ((masks.words[r * maskStride(masks.n) + (i >> 5)] >>> (i & 31)) & 1) === 1;
}

/** Sets player i of mask r, in place. */
export function setPresent(masks: Masks, r: number, i: number, present: boolean): void {
  const at = r * maskStride(masks.n) + (i >> 5);
  const bit = 1 << (i & 31);
  masks.words[at] = present ? masks.words[at] | bit : masks.words[at] & ~bit;
}

/** Bits in use in the last word of a mask. */
export function lastWordBits(n: number): number {
  const rest = n & 31;
  return rest === 0 ? 0xffffffff : ((1 << rest) - 1) >>> 0;
}

/** Whether mask r + 1 is the complement of mask r. */
export function isComplement({ n, words }: Masks, r: number): boolean {
  const stride = maskStride(n);
  for (let w = 0, at = r * stride; w < stride; w++, at++)
    if ((words[at] ^ words[at + stride]) >>> 0 !== (w === stride - 1 ? lastWordBits(n) : 0xffffffff)) return false;
  return true;
}

/** Whether every row 2p + 1 is the complement of row 2p. */
export function isPaired(masks: Masks): boolean {
  if (masks.count % 2 !== 0) return false;
  for (let r = 0; r < masks.count; r += 2) if (!isComplement(masks, r)) return false;
  return true;
}

/** Masks from rows of 0/1 (or booleans): `masksFromRows([[1, 0], [1, 1]])`. */
export function masksFromRows(rows: ArrayLike<ArrayLike<number | boolean>>): Masks {
  const masks = createMasks(rows[0]?.length ?? 0, rows.length);
  for (let r = 0; r < rows.length; r++) for (let i = 0; i < masks.n; i++) if (rows[r][i]) setPresent(masks, r, i, true);
  return masks;
}

/** All 2ⁿ masks in index order: bit i of the index = player i present. @throws usage beyond 24 players. */
export function allMasks(n: number): Masks {
  if (n > 24) throw new WebspexError('usage', `all masks: expected at most 24 players, got ${n}; sample masks instead`);
  const masks = createMasks(n, 2 ** n);
  for (let r = 0; r < masks.count; r++) masks.words[r] = r;
  return masks;
}

/** Masks start … end − 1, sharing memory. */
export function sliceMasks(masks: Masks, start: number, end: number): Masks {
  const stride = maskStride(masks.n);
  return { n: masks.n, count: end - start, words: masks.words.subarray(start * stride, end * stride) };
}

/** The named rows, copied, in the order given. */
export function pickMasks(masks: Masks, rows: ArrayLike<number>): Masks {
  const stride = maskStride(masks.n);
  const out = createMasks(masks.n, rows.length);
  for (let r = 0; r < rows.length; r++) out.words.set(masks.words.subarray(rows[r] * stride, (rows[r] + 1) * stride), r * stride);
  return out;
}

/** One list after the other. @throws usage where they have different numbers of players. */
export function concatMasks(first: Masks, second: Masks): Masks {
  if (first.n !== second.n)
    throw new WebspexError('usage', `masks: expected ${first.n} players in both lists, got ${second.n}; concatenate masks of one text`);
  const out = createMasks(first.n, first.count + second.count);
  out.words.set(first.words);
  out.words.set(second.words, first.words.length);
  return out;
}

/** Mask r as text, character i = player i, 1 = present. */
export function maskText(masks: Masks, r: number): string {
  let text = '';
  for (let i = 0; i < masks.n; i++) text += isPresent(masks, r, i) ? '1' : '0';
  return text;
}

/** A string equal for equal masks; for maps, not for people. */
export function maskKey(masks: Masks, r: number): string {
  const stride = maskStride(masks.n);
  return String.fromCharCode(...new Uint16Array(masks.words.slice(r * stride, (r + 1) * stride).buffer));
}
