import { WebspexError } from '../../core/errors.ts';
import { oneLine } from '../json.ts';

/** @throws bad-file. */
export function refuse(what: string): never {
  throw new WebspexError('bad-file', `gguf: ${what}; download the file again`);
}

export type GgufValue = number | boolean | string | readonly GgufValue[];

/** Reads little-endian values one after another. @throws bad-file at the end of the file. */
export interface Cursor {
  readonly at: number;
  uint32(what: string): number;
  /** A count or offset of 64 bits. @throws bad-file beyond 2⁵³. */
  count(what: string): number;
  string(what: string): string;
  /** A metadata value of GGUF's type 0 … 12. */
  value(type: number, what: string): GgufValue;
}

const MOST_DEPTH = 3;
/** Least bytes of one value of each type: a string has its length, an array its type and count. */
const SIZES = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8];
const ARRAY = 9;

export function createCursor(bytes: Uint8Array): Cursor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let at = 0;
  const take = (size: number, what: string) => {
    if (size > bytes.length - at) refuse(`${what}: expected ${size} bytes at byte ${at}, got a file of ${bytes.length}`);
    at += size;
    return at - size;
  };
  const uint32 = (what: string) => view.getUint32(take(4, what), true);
  const count = (what: string) => {
    const from = take(8, what);
    const value = view.getUint32(from, true) + view.getUint32(from + 4, true) * 2 ** 32;
    if (!Number.isSafeInteger(value)) refuse(`${what}: expected a number below 2^53 at byte ${from}, got ${value}`);
    return value;
  };
  const string = (what: string) => {
    const length = count(what);
    const from = take(length, what);
    try {
      return utf8.decode(bytes.subarray(from, from + length));
    } catch {
      return refuse(`${what}: expected UTF-8 at byte ${from}, got something else`);
    }
  };
  const signed64 = (what: string) => {
    const from = take(8, what);
    const value = Number(view.getBigInt64(from, true));
    if (!Number.isSafeInteger(value)) refuse(`${what}: expected a number within 2^53 at byte ${from}, got ${value}`);
    return value;
  };
  const numbers: readonly (((what: string) => GgufValue) | null)[] = [
    (what) => view.getUint8(take(1, what)),
    (what) => view.getInt8(take(1, what)),
    (what) => view.getUint16(take(2, what), true),
    (what) => view.getInt16(take(2, what), true),
    uint32,
    (what) => view.getInt32(take(4, what), true),
    (what) => view.getFloat32(take(4, what), true),
    (what) => {
      const from = take(1, what);
      if (bytes[from] > 1) refuse(`${what}: expected true or false at byte ${from}, got ${bytes[from]}`);
      return bytes[from] === 1;
    },
    string,
    null,
    count,
    signed64,
    (what) => view.getFloat64(take(8, what), true),
  ];
  const value = (type: number, what: string, depth = 0): GgufValue => {
    if (type !== ARRAY) {
      const read = numbers[type];
      return read ? read(what) : refuse(`${what}: expected a value of type 0 to 12, got ${type}`);
    }
    if (depth >= MOST_DEPTH) refuse(`${what}: expected arrays at most ${MOST_DEPTH} deep, got more`);
    const inner = uint32(what);
    if (inner >= SIZES.length) refuse(`${what}: expected values of type 0 to 12, got ${inner}`);
    const length = count(what);
    // Nothing is made room for that the file has no bytes for.
    if (length * SIZES[inner] > bytes.length - at)
      refuse(`${what}: expected ${length} values within ${bytes.length - at} bytes, got fewer; the file is truncated`);
    const out: GgufValue[] = new Array(length);
    for (let i = 0; i < length; i++) out[i] = inner === ARRAY ? value(inner, what, depth + 1) : value(inner, what);
    return out;
  };
  return {
    get at() {
      return at;
    },
    uint32,
    count,
    string,
    value: (type, what) => value(type, oneLine(what, 100)),
  };
}
