import { WebspexError } from '../core/errors.ts';
import { oneLine, shown } from './json.ts';

const BYTES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const;
export type TensorType = keyof typeof BYTES;

/** A view into a file: `bytes` holds the little-endian elements, row-major. */
export interface Tensor {
  readonly dtype: TensorType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const MOST_HEADER = 2 * 1024 * 1024;
const MOST_TENSORS = 65_536;
const MOST_RANK = 8;
/** The header, a tensor, its shape: three; one to spare for metadata. */
const MOST_DEPTH = 4;

function refuse(what: string): never {
  throw new WebspexError('bad-file', `safetensors: ${what}; download the file again`);
}

/** Refuses a JSON object that names a key twice, at any depth: JSON.parse would keep the last one and hide the others. */
function refuseDuplicates(json: string): void {
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < json.length; i++) {
    const c = json[i];
    if (c === '{' || c === '[') open.push(c === '{' ? new Set() : null);
    else if (c === '}' || c === ']') open.pop();
    if (open.length > MOST_DEPTH) refuse(`expected a header at most ${MOST_DEPTH} levels deep, got more at character ${i} of it`);
    if (c !== '"') continue;
    const start = i;
    for (i++; i < json.length && json[i] !== '"'; i++) if (json[i] === '\\') i++;
    const keys = open.at(-1);
    if (!keys || !isKey(json, i + 1)) continue;
    const key = JSON.parse(json.slice(start, i + 1)) as string;
    if (keys.has(key)) refuse(`expected each name once, got ${shown(key)} again at character ${start} of the header`);
    keys.add(key);
  }
}

/** Whether a colon follows the string that ends before character i. */
function isKey(json: string, i: number): boolean {
  while (json[i] === ' ' || json[i] === '\n' || json[i] === '\r' || json[i] === '\t') i++;
  return json[i] === ':';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function parseHeader(bytes: Uint8Array): { entries: [string, unknown][]; data: number } {
  if (bytes.length < 8) refuse(`expected at least 8 bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > MOST_HEADER) refuse(`expected a header of at most ${MOST_HEADER} bytes at byte 0, got ${length}`);
  if (8 + length > bytes.length) refuse(`expected ${8 + length} bytes for the header, got a file of ${bytes.length}`);
  if (length === 0 || bytes[8] !== 0x7b) refuse(`expected "{" at byte 8, got ${length === 0 ? 'an empty header' : bytes[8]}`);
  let header: object;
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length));
    refuseDuplicates(json);
    header = JSON.parse(json) as object;
  } catch (error) {
    if (error instanceof WebspexError) throw error;
    refuse(`expected a JSON header at byte 8, got one that does not parse (${oneLine((error as Error).message, 100)})`);
  }
  // JSON.parse defines even __proto__ as an ordinary key of its own, and only own keys are looked at.
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
  if (entries.length > MOST_TENSORS) refuse(`expected at most ${MOST_TENSORS} tensors, got ${entries.length}`);
  return { entries, data: 8 + length };
}

interface Place {
  readonly name: string;
  readonly dtype: TensorType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function readEntry(name: string, entry: unknown, room: number): Place {
  const what = `tensor ${oneLine(name, 200)}`;
  const field = (key: string) =>
    typeof entry === 'object' && entry !== null && Object.hasOwn(entry, key) ? Reflect.get(entry, key) : undefined;
  const [dtype, shape, offsets]: unknown[] = [field('dtype'), field('shape'), field('data_offsets')];
  if (typeof dtype !== 'string' || !Object.hasOwn(BYTES, dtype))
    refuse(`${what}: expected dtype ${Object.keys(BYTES).join(', ')}, got ${shown(dtype)}`);
  if (!Array.isArray(shape) || shape.length > MOST_RANK || !shape.every(isCount))
    refuse(`${what}: expected a shape of at most ${MOST_RANK} sizes, got ${shown(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    refuse(`${what}: expected two data offsets, got ${shown(offsets)}`);
  let size: number = BYTES[dtype as TensorType];
  for (const s of shape as number[]) {
    size *= s;
    if (!Number.isSafeInteger(size)) refuse(`${what}: expected a size below 2^53, got shape ${shown(shape)}`);
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== size) refuse(`${what}: expected ${size} bytes for its shape, got offsets ${begin} to ${end}`);
  if (end > room) refuse(`${what}: expected its end within ${room} bytes of data, got ${end}; the file is truncated`);
  return { name, dtype: dtype as TensorType, shape: shape as number[], begin, end };
}

/**
 * Tensors of a safetensors file as views into its bytes. Every offset is checked before use: no gaps, no overlaps, nothing outside, the
 * exact file size, no name twice. @throws bad-file with the tensor or byte in question.
 */
export function readSafetensors(bytes: Uint8Array): Map<string, Tensor> {
  const { entries, data } = parseHeader(bytes);
  const room = bytes.length - data;
  const found = entries.map(([name, entry]) => readEntry(name, entry, room)).sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of found) {
    if (begin !== at) refuse(`tensor ${oneLine(name, 200)}: expected to begin at data byte ${at}, got ${begin}`);
    at = end;
    tensors.set(name, { dtype, shape, bytes: bytes.subarray(data + begin, data + end) });
  }
  if (at !== room) refuse(`expected ${at} bytes of data after byte ${data}, got ${room}`);
  return tensors;
}

/** IEEE half to single precision, bits to bits; what is subnormal as a half becomes normal. */
function halfToFloat(h: number, out: Float32Array, bits: Uint32Array, i: number): void {
  const sign = (h & 0x8000) << 16;
  const exponent = h & 0x7c00;
  if (exponent === 0) out[i] = (sign ? -1 : 1) * (h & 1023) * 2 ** -24;
  else if (exponent === 0x7c00) bits[i] = sign | 0x7f800000 | ((h & 1023) << 13);
  else bits[i] = sign | (((h & 0x7fff) << 13) + 0x38000000);
}

function refuseNonFinite(name: string, values: Float32Array, first = 0): Float32Array {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i]))
      refuse(`tensor ${oneLine(name, 200)}: expected finite weights, got ${values[i]} at element ${first + i}`);
  return values;
}

/** One row of a matrix as `toFloat32` gives all. @throws bad-file as that does. */
export function rowToFloat32(name: string, { dtype, shape: [, columns], bytes }: Tensor, row: number): Float32Array {
  const size = columns * BYTES[dtype];
  return toFloat32(name, { dtype, shape: [columns], bytes: bytes.subarray(row * size, (row + 1) * size) }, row * columns);
}

/**
 * The elements as float32 (F32 as stored; F16, BF16 and I8 exactly). @throws bad-file for other types, and where a weight is NaN or
 * infinite, naming the tensor; its elements are counted from `first` on.
 */
export function toFloat32(name: string, { dtype, shape, bytes }: Tensor, first = 0): Float32Array {
  const count = shape.reduce((a, b) => a * b, 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(count);
  const bits = new Uint32Array(out.buffer);
  if (dtype === 'F32') new Uint8Array(out.buffer).set(bytes);
  else if (dtype === 'F16') for (let i = 0; i < count; i++) halfToFloat(view.getUint16(2 * i, true), out, bits, i);
  else if (dtype === 'BF16') for (let i = 0; i < count; i++) bits[i] = view.getUint16(2 * i, true) << 16;
  else if (dtype === 'I8') out.set(new Int8Array(bytes.buffer, bytes.byteOffset, count));
  else refuse(`tensor ${oneLine(name, 200)}: expected F32, F16, BF16 or I8 weights, got ${dtype}`);
  return refuseNonFinite(name, out, first);
}

/** Rows of int8 with a float32 scale each: value = float32(int8) · scale, rounded once to float32. */
export interface Int8Rows {
  /** @throws bad-file where a number is infinite, naming the tensor. */
  row(row: number, out: Float32Array): void;
  /** int8 from element `from` of a row on, and the scale of the row. @throws as `row` does. */
  levels(row: number, from: number, out: Int8Array): number;
}

/** Weights stored as int8 rows (rows, columns) with a scale each (rows). @throws bad-file naming the tensor. */
export function int8Rows(name: string, rows: Tensor, scale: Tensor): Int8Rows {
  const what = `tensor ${oneLine(name, 200)}`;
  const [count, width] = rows.shape;
  if (rows.shape.length !== 2 || scale.shape.length !== 1 || scale.shape[0] !== count)
    refuse(`${what}: expected (rows, columns) and one scale a row, got shapes ${shown(rows.shape)} and ${shown(scale.shape)}`);
  if (rows.dtype !== 'I8' || scale.dtype !== 'F32')
    refuse(`${what}: expected I8 rows and F32 scales, got ${rows.dtype} and ${scale.dtype}`);
  const scales = toFloat32(`${name}.scale`, scale);
  const levels = new Int8Array(rows.bytes.buffer, rows.bytes.byteOffset, count * width);
  const row = (r: number, out: Float32Array) => {
    for (let c = 0; c < width; c++) out[c] = levels[r * width + c] * scales[r];
    refuseNonFinite(name, out, r * width);
  };
  return {
    row,
    levels(r, from, out) {
      // Beyond all levels: some may be too large, which reading the row tells.
      if (!Number.isFinite(Math.fround(128 * scales[r]))) row(r, new Float32Array(width));
      out.set(levels.subarray(r * width + from, r * width + from + out.length));
      return scales[r];
    },
  };
}

/** Weights stored as int8 rows, as float32. @throws bad-file naming the tensor. */
export function dequantiseRows(name: string, rows: Tensor, scale: Tensor): Float32Array {
  const { row } = int8Rows(name, rows, scale);
  const [count, width] = rows.shape;
  const out = new Float32Array(count * width);
  for (let r = 0; r < count; r++) row(r, out.subarray(r * width, (r + 1) * width));
  return out;
}
