import { BLOCK_TERMS, type Levels, type Packed } from '../../compute/packed.ts';
import type { GgufType } from './blocks.ts';

/** Types whose blocks are levels between −128 and 127 times a scale, most with an offset. */
export type LevelType = Exclude<GgufType, 'F32' | 'F16' | 'BF16'>;

/** Reads 32 elements: group `group` of the block at byte `at`. */
type ReadLevels = (view: DataView, at: number, group: number, out: Levels) => void;

const round = Math.fround;

/** IEEE half precision. */
export function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction
          ? Number.NaN
          : Number.POSITIVE_INFINITY
        : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

/** Blocks of 32 with a scale, or a scale and an offset, 4 low bits each in 16 bytes and, where `high` says so, a fifth bit in 4. */
function small(hasOffset: boolean, high: boolean, middle: number): ReadLevels {
  const bits = hasOffset ? 4 : 2;
  const low = high ? bits + 4 : bits;
  return (view, at, _, out) => {
    const scale = half(view.getUint16(at, true));
    out.scales.fill(scale);
    // Levels of four bits stay at 0 and above; of five, a middle is what an offset would be.
    out.offset = hasOffset ? half(view.getUint16(at + 2, true)) : high ? 0 : -middle * scale;
    const below = high ? middle : 0;
    const fifths = high ? view.getUint32(at + bits, true) : 0;
    for (let j = 0; j < 16; j++) {
      const pair = view.getUint8(at + low + j);
      out.levels[j] = ((pair & 15) | (((fifths >>> j) & 1) << 4)) - below;
      out.levels[j + 16] = ((pair >> 4) | (((fifths >>> (j + 16)) & 1) << 4)) - below;
    }
  };
}

const q8: ReadLevels = (view, at, _, out) => {
  out.scales.fill(half(view.getUint16(at, true)));
  out.offset = 0;
  for (let j = 0; j < BLOCK_TERMS; j++) out.levels[j] = view.getInt8(at + 2 + j);
};

/** Six bits of scale and six of offset for each of eight groups, in twelve bytes. */
function groupScale(view: DataView, at: number, group: number): [scale: number, offset: number] {
  const byte = (i: number) => view.getUint8(at + i);
  if (group < 4) return [byte(group) & 63, byte(group + 4) & 63];
  const shared = byte(group + 4);
  return [(shared & 15) | ((byte(group - 4) >> 6) << 4), (shared >> 4) | ((byte(group) >> 6) << 4)];
}

/** Blocks of 256 in eight groups of 32; `high`: a fifth bit of each number. */
function grouped(high: boolean): ReadLevels {
  return (view, at, group, out) => {
    const [s, m] = groupScale(view, at + 4, group);
    out.scales.fill(half(view.getUint16(at, true)) * s);
    out.offset = -round(half(view.getUint16(at + 2, true)) * m);
    const low = at + 16 + (high ? 32 : 0);
    for (let l = 0; l < BLOCK_TERMS; l++) {
      const pair = view.getUint8(low + 32 * (group >> 1) + l);
      const fifth = high ? ((view.getUint8(at + 16 + l) >> group) & 1) << 4 : 0;
      out.levels[l] = (group & 1 ? pair >> 4 : pair & 15) | fifth;
    }
  };
}

/** Blocks of 256, six bits each: 128 bytes of low halves, 64 of high quarters, 16 scales. */
const q6k: ReadLevels = (view, at, group, out) => {
  const scale = half(view.getUint16(at + 208, true));
  for (let h = 0; h < 2; h++) out.scales[h] = scale * view.getInt8(at + 192 + 2 * group + h);
  out.offset = 0;
  const [part, row] = [group >> 2, group & 3];
  for (let l = 0; l < BLOCK_TERMS; l++) {
    const pair = view.getUint8(at + 64 * part + 32 * (row & 1) + l);
    const top = (view.getUint8(at + 128 + 32 * part + l) >> (2 * row)) & 3;
    out.levels[l] = ((row < 2 ? pair & 15 : pair >> 4) | (top << 4)) - 32;
  }
};

/** A reader of each type. Scales and offsets are float32, and a level times its scale is one exactly, so that ggml's rounding is one sum's. */
export const READ_LEVELS: Readonly<Record<LevelType, ReadLevels>> = {
  Q4_0: small(false, false, 8),
  Q4_1: small(true, false, 0),
  Q5_0: small(false, true, 16),
  Q5_1: small(true, true, 0),
  Q8_0: q8,
  Q4_K: grouped(false),
  Q5_K: grouped(true),
  Q6_K: q6k,
};

/** The smallest packing (packed.ts) that holds each type exactly. */
export const PACKED_TYPES: Readonly<Record<GgufType, 'f32' | Packed>> = {
  F32: 'f32',
  F16: 'f16',
  BF16: 'bf16',
  Q4_0: 'q4',
  Q4_1: 'q4',
  Q4_K: 'q4',
  Q5_0: 'q8',
  Q5_1: 'q8',
  Q5_K: 'q8',
  Q6_K: 'q8',
  Q8_0: 'q8',
};
