import { WebspexError } from '../../core/errors.ts';
import { oneLine } from '../json.ts';

/** Types of stored numbers: how many share a block, and the bytes of one (ggml, ggml-common.h). */
export const BLOCKS = {
  F32: { elements: 1, bytes: 4 },
  F16: { elements: 1, bytes: 2 },
  BF16: { elements: 1, bytes: 2 },
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
  Q5_0: { elements: 32, bytes: 22 },
  Q5_1: { elements: 32, bytes: 24 },
  Q8_0: { elements: 32, bytes: 34 },
  Q4_K: { elements: 256, bytes: 144 },
  Q5_K: { elements: 256, bytes: 176 },
  Q6_K: { elements: 256, bytes: 210 },
} as const;
export type GgufType = keyof typeof BLOCKS;

/** A tensor as its file has it: `bytes` holds its blocks, row-major, and no block spans two rows. */
export interface GgufTensor {
  readonly type: GgufType;
  /** Outermost first, as elsewhere here; GGUF itself writes the innermost first. */
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const round = Math.fround;

/** IEEE half precision. */
function half(bits: number): number {
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

/** Writes the numbers of the block at byte `at` to `out` from element `o` on. */
type Unpack = (view: DataView, at: number, out: Float32Array, o: number) => void;

/** Blocks of 32 with a scale, or a scale and an offset, 4 low bits each in 16 bytes and, where `high` says so, a fifth bit in 4. */
function small(hasOffset: boolean, high: boolean, middle: number): Unpack {
  const bits = hasOffset ? 4 : 2;
  const low = high ? bits + 4 : bits;
  return (view, at, out, o) => {
    const scale = half(view.getUint16(at, true));
    const offset = hasOffset ? half(view.getUint16(at + 2, true)) : 0;
    const fifths = high ? view.getUint32(at + bits, true) : 0;
    for (let j = 0; j < 16; j++) {
      const pair = view.getUint8(at + low + j);
      const first = (pair & 15) | (((fifths >>> j) & 1) << 4);
      const second = (pair >> 4) | (((fifths >>> (j + 16)) & 1) << 4);
      out[o + j] = round(scale * (first - middle)) + offset;
      out[o + j + 16] = round(scale * (second - middle)) + offset;
    }
  };
}

const q8: Unpack = (view, at, out, o) => {
  const scale = half(view.getUint16(at, true));
  for (let j = 0; j < 32; j++) out[o + j] = scale * view.getInt8(at + 2 + j);
};

/** Six bits of scale and six of offset for each of eight groups, in twelve bytes. */
function groupScale(view: DataView, at: number, group: number): [scale: number, offset: number] {
  const byte = (i: number) => view.getUint8(at + i);
  if (group < 4) return [byte(group) & 63, byte(group + 4) & 63];
  const shared = byte(group + 4);
  return [(shared & 15) | ((byte(group - 4) >> 6) << 4), (shared >> 4) | ((byte(group) >> 6) << 4)];
}

/** Blocks of 256 in eight groups of 32; `high`: a fifth bit of each number. */
function grouped(high: boolean): Unpack {
  return (view, at, out, o) => {
    const [scale, offset] = [half(view.getUint16(at, true)), half(view.getUint16(at + 2, true))];
    const low = at + 16 + (high ? 32 : 0);
    for (let group = 0; group < 8; group++) {
      const [s, m] = groupScale(view, at + 4, group);
      const [d, below] = [round(scale * s), round(offset * m)];
      for (let l = 0; l < 32; l++) {
        const pair = view.getUint8(low + 32 * (group >> 1) + l);
        const fifth = high ? ((view.getUint8(at + 16 + l) >> group) & 1) << 4 : 0;
        out[o + 32 * group + l] = round(d * ((group & 1 ? pair >> 4 : pair & 15) | fifth)) - below;
      }
    }
  };
}

/** Blocks of 256, six bits each: 128 bytes of low halves, 64 of high quarters, 16 scales. */
const q6k: Unpack = (view, at, out, o) => {
  const scale = half(view.getUint16(at + 208, true));
  for (let i = 0; i < 256; i++) {
    const [part, row, l] = [i >> 7, (i >> 5) & 3, i & 31];
    const pair = view.getUint8(at + 64 * part + 32 * (row & 1) + l);
    const top = (view.getUint8(at + 128 + 32 * part + l) >> (2 * row)) & 3;
    const d = round(scale * view.getInt8(at + 192 + (i >> 4)));
    out[o + i] = d * (((row < 2 ? pair & 15 : pair >> 4) | (top << 4)) - 32);
  }
};

const UNPACK: Readonly<Record<Exclude<GgufType, 'F32' | 'BF16'>, Unpack>> = {
  F16: (view, at, out, o) => {
    out[o] = half(view.getUint16(at, true));
  },
  Q4_0: small(false, false, 8),
  Q4_1: small(true, false, 0),
  Q5_0: small(false, true, 16),
  Q5_1: small(true, true, 0),
  Q8_0: q8,
  Q4_K: grouped(false),
  Q5_K: grouped(true),
  Q6_K: q6k,
};

/** The elements as float32, rounded as ggml rounds them. @throws bad-file where a weight is NaN or infinite, naming the tensor. */
export function dequantise(name: string, { type, shape, bytes }: GgufTensor): Float32Array {
  const { elements, bytes: size } = BLOCKS[type];
  const out = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === 'F32') new Uint8Array(out.buffer).set(bytes);
  else if (type === 'BF16') {
    const bits = new Uint32Array(out.buffer);
    for (let i = 0; i < out.length; i++) bits[i] = view.getUint16(2 * i, true) << 16;
  } else for (let o = 0, at = 0; o < out.length; o += elements, at += size) UNPACK[type](view, at, out, o);
  for (let i = 0; i < out.length; i++)
    if (!Number.isFinite(out[i]))
      throw new WebspexError(
        'bad-file',
        `gguf: tensor ${oneLine(name, 200)}: expected finite weights, got ${out[i]} at element ${i}; download the file again`,
      );
  return out;
}
