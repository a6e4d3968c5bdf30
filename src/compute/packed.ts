import { PANEL, panelIndex } from './panels.ts';

/**
 * How the weights of a product may lie in memory besides float32, of which each stands for the same numbers on every backend. `f16` and `bf16`
 * are floats of sixteen bits; of `q8` and `q4` a weight is level · scale + offset, rounded to float32 after each, as ggml does.
 */
export const PACKED = ['f16', 'bf16', 'q8', 'q4'] as const;
export type Packed = (typeof PACKED)[number];

/** Terms (rows of a weight matrix) of a block of levels. */
export const BLOCK_TERMS = 32;

/**
 * How panels of eight columns (panels.ts) are packed: blocks of so many terms, in so many 32-bit words.
 * f16, bf16: a term's eight columns, two in a word, the first in its lower half.
 * q8: eight scales for terms 0 to 15, eight for 16 to 31, eight offsets; then for each term eight signed bytes.
 * q4: eight scales, eight offsets; then for each term a word whose byte i has column i in its lower and column i + 4 in its upper half.
 */
export const PACKINGS: Readonly<Record<Packed, { readonly terms: number; readonly words: number }>> = {
  f16: { terms: 1, words: 4 },
  bf16: { terms: 1, words: 4 },
  q8: { terms: BLOCK_TERMS, words: 88 },
  q4: { terms: BLOCK_TERMS, words: 48 },
};

const Q8_LEVELS = 24;
const Q4_LEVELS = 16;

export function isPacked(type: string): type is Packed {
  return Object.hasOwn(PACKINGS, type);
}

/** Words of one panel of K terms, of float32 too. K is a multiple of the terms of a block. */
export function panelWords(type: 'f32' | Packed, K: number): number {
  return type === 'f32' ? PANEL * K : (K / PACKINGS[type].terms) * PACKINGS[type].words;
}

/** A block of levels of one column: its scales are those of its first and of its last sixteen terms. */
export interface Levels {
  readonly levels: Int8Array;
  readonly scales: Float32Array;
  offset: number;
}

export function emptyLevels(): Levels {
  return { levels: new Int8Array(BLOCK_TERMS), scales: new Float32Array(2), offset: 0 };
}

/** Writes block `block` of column n into a matrix of K terms; `q4` has one scale, and levels from 0 to 15. */
export function packLevels(type: 'q8' | 'q4', words: Uint32Array, K: number, block: number, n: number, from: Levels, factor = 1): void {
  const at = (n >> 3) * panelWords(type, K) + block * PACKINGS[type].words;
  const column = n & 7;
  const numbers = new Float32Array(words.buffer, words.byteOffset, words.length);
  const { levels, scales, offset } = from;
  numbers[at + column] = scales[0] * factor;
  if (type === 'q8') {
    numbers[at + 8 + column] = scales[1] * factor;
    numbers[at + 16 + column] = offset * factor;
    const bytes = new Int8Array(words.buffer, words.byteOffset + 4 * (at + Q8_LEVELS) + column);
    for (let t = 0; t < BLOCK_TERMS; t++) bytes[8 * t] = levels[t];
  } else {
    numbers[at + 8 + column] = offset * factor;
    const bytes = new Uint8Array(words.buffer, words.byteOffset + 4 * (at + Q4_LEVELS) + (column & 3));
    const shift = column & 4;
    for (let t = 0; t < BLOCK_TERMS; t++) bytes[4 * t] |= levels[t] << shift;
  }
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** Single precision of sixteen bits. */
function widened(type: 'f16' | 'bf16', bits: number): number {
  word[0] = bits << 16;
  if (type === 'bf16') return float[0];
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

/** Element (k, n) of a packed matrix of K terms: what all backends make of it. `numbers` are its words as floats. */
function packedAt(type: Packed, words: Uint32Array, numbers: Float32Array, K: number, k: number, n: number): number {
  const column = n & 7;
  const at = (n >> 3) * panelWords(type, K) + Math.floor(k / PACKINGS[type].terms) * PACKINGS[type].words;
  const t = k % BLOCK_TERMS;
  switch (type) {
    case 'f16':
    case 'bf16':
      return widened(type, (words[at + (column >> 1)] >>> (16 * (column & 1))) & 0xffff);
    case 'q8': {
      const level = (words[at + Q8_LEVELS + 2 * t + (column >> 2)] << (24 - 8 * (column & 3))) >> 24;
      return Math.fround(Math.fround(level * numbers[at + (t < 16 ? 0 : 8) + column]) + numbers[at + 16 + column]);
    }
    case 'q4': {
      const level = (words[at + Q4_LEVELS + t] >>> (8 * (column & 3) + (column & 4))) & 15;
      return Math.fround(Math.fround(level * numbers[at + column]) + numbers[at + 8 + column]);
    }
  }
}

/** A packed matrix of (K, columns) in panels of float32. */
export function expandPanels(type: Packed, words: Uint32Array, K: number, columns: number): Float32Array {
  const out = new Float32Array(K * columns);
  const numbers = new Float32Array(words.buffer, words.byteOffset, words.length);
  for (let n = 0; n < columns; n++) for (let k = 0; k < K; k++) out[panelIndex(K, k, n)] = packedAt(type, words, numbers, K, k, n);
  return out;
}
