import { WebspexError } from '../../core/errors.ts';
import { oneLine, shown } from '../json.ts';
import { BLOCKS, type GgufTensor, type GgufType } from './blocks.ts';
import { type Cursor, createCursor, type GgufValue, refuse } from './cursor.ts';

/** A GGUF file: what it says about itself, and its tensors as views into its bytes. */
export interface Gguf {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const MAGIC = 0x46554747;
const VERSION = 3;
const MOST_KEYS = 65_536;
const MOST_TENSORS = 65_536;
const MOST_RANK = 4;
const MOST_ALIGNMENT = 65_536;
/** Least bytes of a metadata entry and of a tensor's: lengths and types alone. */
const LEAST_KEY = 13;
const LEAST_TENSOR = 32;

/** ggml's numbers for the types; those without a reader here are refused by name. */
const TYPES: ReadonlyMap<number, string> = new Map(
  Object.entries({
    F32: 0,
    F16: 1,
    Q4_0: 2,
    Q4_1: 3,
    Q5_0: 6,
    Q5_1: 7,
    Q8_0: 8,
    Q8_1: 9,
    Q2_K: 10,
    Q3_K: 11,
    Q4_K: 12,
    Q5_K: 13,
    Q6_K: 14,
    Q8_K: 15,
    IQ2_XXS: 16,
    IQ2_XS: 17,
    IQ3_XXS: 18,
    IQ1_S: 19,
    IQ4_NL: 20,
    IQ3_S: 21,
    IQ2_S: 22,
    IQ4_XS: 23,
    I8: 24,
    I16: 25,
    I32: 26,
    I64: 27,
    F64: 28,
    IQ1_M: 29,
    BF16: 30,
    TQ1_0: 34,
    TQ2_0: 35,
    MXFP4: 39,
  }).map(([name, id]) => [id, name]),
);

interface Place {
  readonly name: string;
  readonly type: GgufType;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

function readHeader(cursor: Cursor, size: number): { tensors: number; keys: number } {
  if (size < 24) refuse(`expected at least 24 bytes, got ${size}`);
  const magic = cursor.uint32('magic');
  if (magic !== MAGIC) refuse(`expected "GGUF" at byte 0, got ${shown(`0x${magic.toString(16)}`)}`);
  const version = cursor.uint32('version');
  if (version === VERSION * 2 ** 24) refuse('expected little-endian numbers, got a big-endian file');
  if (version !== VERSION) refuse(`expected version ${VERSION} at byte 4, got ${version}`);
  const tensors = cursor.count('number of tensors');
  const keys = cursor.count('number of keys');
  if (tensors > MOST_TENSORS || tensors * LEAST_TENSOR > size)
    refuse(`expected at most ${MOST_TENSORS} tensors within ${size} bytes, got ${tensors}`);
  if (keys > MOST_KEYS || keys * LEAST_KEY > size) refuse(`expected at most ${MOST_KEYS} keys within ${size} bytes, got ${keys}`);
  return { tensors, keys };
}

function readMetadata(cursor: Cursor, keys: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keys; i++) {
    const key = cursor.string(`key ${i}`);
    if (metadata.has(key)) refuse(`expected each key once, got ${shown(key)} again`);
    const type = cursor.uint32(`type of ${oneLine(key)}`);
    metadata.set(key, cursor.value(type, key));
  }
  return metadata;
}

function typeOf(number: number, what: string): GgufType {
  const name = TYPES.get(number);
  if (name === undefined) refuse(`${what}: expected a type of ggml's, got ${number}`);
  if (!Object.hasOwn(BLOCKS, name))
    throw new WebspexError(
      'unsupported-model',
      `gguf: ${what}: expected ${Object.keys(BLOCKS).join(', ')}, got ${name}; use a file of these types`,
    );
  return name as GgufType;
}

function readPlace(cursor: Cursor, index: number): Place {
  const name = cursor.string(`name of tensor ${index}`);
  const what = `tensor ${oneLine(name, 200)}`;
  const rank = cursor.uint32(what);
  if (rank < 1 || rank > MOST_RANK) refuse(`${what}: expected 1 to ${MOST_RANK} dimensions, got ${rank}`);
  const inner = Array.from({ length: rank }, () => cursor.count(what));
  const type = typeOf(cursor.uint32(what), what);
  const offset = cursor.count(what);
  const { elements, bytes } = BLOCKS[type];
  let blocks = inner[0] / elements;
  if (!Number.isInteger(blocks)) refuse(`${what}: expected rows in blocks of ${elements} for ${type}, got rows of ${inner[0]}`);
  for (const s of inner.slice(1)) blocks *= s;
  if (inner.includes(0) || !Number.isSafeInteger(blocks * bytes * elements))
    refuse(`${what}: expected sizes of at least 1 and below 2^53 in all, got ${shown(inner)}`);
  return { name, type, shape: inner.reverse(), offset, size: blocks * bytes };
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = metadata.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || !(alignment >= 1 && alignment <= MOST_ALIGNMENT) || !Number.isInteger(Math.log2(alignment)))
    refuse(`general.alignment: expected a power of two up to ${MOST_ALIGNMENT}, got ${shown(alignment)}`);
  return alignment;
}

/** `general.architecture` of a file, which is nearly always its first key; null where it has none. @throws bad-file. */
export function ggufArchitecture(bytes: Uint8Array): GgufValue | null {
  const cursor = createCursor(bytes);
  const { keys } = readHeader(cursor, bytes.length);
  for (let i = 0; i < keys; i++) {
    const key = cursor.string(`key ${i}`);
    const value = cursor.value(cursor.uint32(`type of ${oneLine(key)}`), key);
    if (key === 'general.architecture') return value;
  }
  return null;
}

/**
 * Reads a GGUF file of version 3. Counts and sizes are checked against the bytes there are before room is made for anything; tensors lie
 * apart, in place, with nothing but padding between them. `dequantise` (blocks.ts) turns one into float32.
 * @throws bad-file with the key, tensor or byte in question; unsupported-model for a type of quantisation that is not read.
 */
export function readGguf(bytes: Uint8Array): Gguf {
  const cursor = createCursor(bytes);
  const { tensors: count, keys } = readHeader(cursor, bytes.length);
  const metadata = readMetadata(cursor, keys);
  const places = Array.from({ length: count }, (_, i) => readPlace(cursor, i));
  const alignment = alignmentOf(metadata);
  const padded = (n: number) => Math.ceil(n / alignment) * alignment;
  const data = padded(cursor.at);
  const tensors = new Map<string, GgufTensor>();
  let end = 0;
  for (const { name, type, shape, offset, size } of [...places].sort((a, b) => a.offset - b.offset)) {
    const what = `tensor ${oneLine(name, 200)}`;
    if (tensors.has(name)) refuse(`${what}: expected each name once, got it again`);
    if (offset !== padded(end)) refuse(`${what}: expected to begin at data byte ${padded(end)}, got ${offset}`);
    end = offset + size;
    if (data + end > bytes.length)
      refuse(`${what}: expected its end within ${bytes.length} bytes, got ${data + end}; the file is truncated`);
    tensors.set(name, { type, shape, bytes: bytes.subarray(data + offset, data + end) });
  }
  if (bytes.length > data + padded(end)) refuse(`expected ${data + padded(end)} bytes, got ${bytes.length}`);
  return { metadata, tensors };
}
