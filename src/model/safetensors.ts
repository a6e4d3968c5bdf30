import { WebspexError } from '../core/errors.ts';

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

function refuse(what: string): never {
  throw new WebspexError('bad-file', `safetensors: ${what}; download the file again`);
}

/** Names of one JSON object's keys in order, duplicates included: JSON.parse would hide them. */
function topLevelKeys(json: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const c = json[i];
    if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') depth--;
    else if (c === '"') {
      const start = i;
      for (i++; i < json.length && json[i] !== '"'; i++) if (json[i] === '\\') i++;
      let after = i + 1;
      while (json[after] === ' ' || json[after] === '\n' || json[after] === '\r' || json[after] === '\t') after++;
      if (depth === 1 && json[after] === ':') keys.push(JSON.parse(json.slice(start, i + 1)) as string);
    }
    if (depth > 4) refuse(`expected a header at most 4 levels deep, got more at character ${i}`);
  }
  return keys;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function parseHeader(bytes: Uint8Array): { entries: [string, unknown][]; data: number } {
  if (bytes.length < 8) refuse(`expected at least 8 bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > MOST_HEADER) refuse(`expected a header of at most ${MOST_HEADER} bytes, got ${length}`);
  if (8 + length > bytes.length) refuse(`expected ${8 + length} bytes for the header, got a file of ${bytes.length}`);
  if (bytes[8] !== 0x7b) refuse(`expected "{" at byte 8, got 0x${(bytes[8] ?? 0).toString(16)}`);
  let header: unknown;
  let keys: string[] = [];
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length));
    keys = topLevelKeys(json);
    header = JSON.parse(json);
  } catch (error) {
    if (error instanceof WebspexError) throw error;
    refuse(`expected a JSON header, got one that does not parse (${(error as Error).message})`);
  }
  if (new Set(keys).size !== keys.length) refuse('expected each tensor once in the header, got a name twice');
  const entries = Object.entries(header as object).filter(([name]) => name !== '__metadata__');
  if (entries.length !== keys.filter((k) => k !== '__metadata__').length)
    refuse('expected ordinary tensor names, got one that cannot be read');
  if (entries.length > MOST_TENSORS) refuse(`expected at most ${MOST_TENSORS} tensors, got ${entries.length}`);
  return { entries, data: 8 + length };
}

function readEntry(
  name: string,
  entry: unknown,
  room: number,
): { name: string; dtype: TensorType; shape: number[]; begin: number; end: number } {
  const { dtype, shape, data_offsets: offsets } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(BYTES, dtype))
    refuse(`tensor ${name}: expected dtype ${Object.keys(BYTES).join(', ')}, got ${String(dtype)}`);
  if (!Array.isArray(shape) || shape.length > MOST_RANK || !shape.every(isCount))
    refuse(`tensor ${name}: expected a shape of at most ${MOST_RANK} sizes, got ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    refuse(`tensor ${name}: expected two data offsets, got ${JSON.stringify(offsets)}`);
  let size: number = BYTES[dtype as TensorType];
  for (const s of shape as number[]) {
    size *= s;
    if (!Number.isSafeInteger(size)) refuse(`tensor ${name}: expected a size below 2^53, got shape ${JSON.stringify(shape)}`);
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== size) refuse(`tensor ${name}: expected ${size} bytes for its shape, got offsets ${begin} to ${end}`);
  if (end > room) refuse(`tensor ${name}: expected its end within ${room} bytes of data, got ${end}; the file is truncated`);
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
    if (begin !== at) refuse(`tensor ${name}: expected to begin at data byte ${at}, got ${begin}`);
    at = end;
    tensors.set(name, { dtype, shape, bytes: bytes.subarray(data + begin, data + end) });
  }
  if (at !== room) refuse(`expected ${at} bytes of data, got ${room}`);
  return tensors;
}

function halfToFloat(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * The elements as float32 (F32 as stored, F16, BF16 and I8 exactly). @throws bad-file for other types, and where a weight is NaN or
 * infinite, naming the tensor.
 */
export function toFloat32(name: string, { dtype, shape, bytes }: Tensor): Float32Array {
  const count = shape.reduce((a, b) => a * b, 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(count);
  if (dtype === 'F32') {
    if (bytes.byteOffset % 4 === 0) out.set(new Float32Array(bytes.buffer, bytes.byteOffset, count));
    else for (let i = 0; i < count; i++) out[i] = view.getFloat32(4 * i, true);
  } else if (dtype === 'F16') for (let i = 0; i < count; i++) out[i] = halfToFloat(view.getUint16(2 * i, true));
  else if (dtype === 'BF16') {
    const bits = new Uint32Array(out.buffer);
    for (let i = 0; i < count; i++) bits[i] = view.getUint16(2 * i, true) << 16;
  } else if (dtype === 'I8') out.set(new Int8Array(bytes.buffer, bytes.byteOffset, count));
  else refuse(`tensor ${name}: expected F32, F16, BF16 or I8 weights, got ${dtype}`);
  for (let i = 0; i < count; i++)
    if (!Number.isFinite(out[i])) refuse(`tensor ${name}: expected finite weights, got ${out[i]} at element ${i}`);
  return out;
}

/** Weights stored as int8 rows with one float32 scale each: value = float32(int8) · scale, rounded once to float32. */
export function dequantiseRows(name: string, rows: Tensor, scale: Tensor): Float32Array {
  const [count, width] = rows.shape;
  if (rows.shape.length !== 2 || scale.shape.length !== 1 || scale.shape[0] !== count)
    refuse(`tensor ${name}: expected one scale for each of ${count} rows, got shape ${JSON.stringify(scale.shape)}`);
  const out = toFloat32(name, rows);
  const scales = toFloat32(`${name}.scale`, scale);
  for (let r = 0; r < count; r++) for (let c = 0; c < width; c++) out[r * width + c] *= scales[r];
  return out;
}
