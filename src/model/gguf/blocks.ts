import { BLOCK_TERMS, emptyLevels, type Levels } from '../../compute/packed.ts';
import { WebspexError } from '../../core/errors.ts';
import { oneLine } from '../json.ts';
import { half, type LevelType, READ_LEVELS } from './levels.ts';

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

/** The elements of a tensor a row (of its last dimension) at a time. */
export interface Rows {
  /** Writes row `row` as float32, rounded as ggml rounds it. */
  row(row: number, out: Float32Array): void;
  /** Reads 32 elements of a row, the `block`th of it, of types whose blocks are levels. */
  levels(row: number, block: number, out: Levels): void;
}

export function rowsOf({ type, shape, bytes }: GgufTensor): Rows {
  const { elements, bytes: size } = BLOCKS[type];
  const width = shape[shape.length - 1];
  const rowBytes = (width / elements) * size;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groups = elements / BLOCK_TERMS;
  const part = emptyLevels();
  const levels: Rows['levels'] = (row, block, out) =>
    READ_LEVELS[type as LevelType](view, row * rowBytes + Math.floor(block / groups) * size, block % groups, out);
  const grouped: Rows['row'] = (row, out) => {
    for (let o = 0; o < width; o += BLOCK_TERMS) {
      levels(row, o / BLOCK_TERMS, part);
      for (let i = 0; i < BLOCK_TERMS; i++) out[o + i] = Math.fround(part.levels[i] * part.scales[i >> 4]) + part.offset;
    }
  };
  const single = SINGLE[type as keyof typeof SINGLE] as ((view: DataView, at: number) => number) | undefined;
  return {
    levels,
    row: single
      ? (row, out) => {
          for (let i = 0; i < width; i++) out[i] = single(view, row * rowBytes + i * size);
        }
      : grouped,
  };
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

const SINGLE = {
  F32: (view: DataView, at: number) => view.getFloat32(at, true),
  F16: (view: DataView, at: number) => half(view.getUint16(at, true)),
  BF16(view: DataView, at: number) {
    word[0] = view.getUint16(at, true) << 16;
    return float[0];
  },
} as const;

function notFinite(name: string, value: number, element: number): never {
  throw new WebspexError(
    'bad-file',
    `gguf: tensor ${oneLine(name, 200)}: expected finite weights, got ${value} at element ${element}; download the file again`,
  );
}

/** As `rowsOf`. @throws bad-file where a weight is NaN or infinite, naming the tensor: when it is read. */
export function checkedRows(name: string, tensor: GgufTensor): Rows {
  const width = tensor.shape[tensor.shape.length - 1];
  const { row: readRow, levels: readLevels } = rowsOf(tensor);
  return {
    row(row, out) {
      readRow(row, out);
      for (let i = 0; i < width; i++) if (!Number.isFinite(out[i])) notFinite(name, out[i], row * width + i);
    },
    levels(row, block, out) {
      readLevels(row, block, out);
      const sum = out.scales[0] + out.scales[1] + out.offset;
      if (!Number.isFinite(sum)) notFinite(name, sum, row * width + block * BLOCK_TERMS);
    },
  };
}

/** The elements as float32, rounded as ggml rounds them. @throws bad-file where a weight is NaN or infinite, naming the tensor. */
export function dequantise(name: string, tensor: GgufTensor): Float32Array {
  const { shape } = tensor;
  const out = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const width = shape[shape.length - 1];
  const { row } = checkedRows(name, tensor);
  for (let at = 0; at < out.length; at += width) row(at / width, out.subarray(at, at + width));
  return out;
}
