/** A piece of a protocol buffer, as parts to be joined end to end: weights are never copied until the whole is written. */
export type Bytes = readonly Uint8Array[];

const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

/** A whole number from 0 to 2⁵³ − 1, seven bits a byte, lowest first. */
function varint(value: number): Uint8Array {
  const out: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) out.push((value % 0x80) | 0x80);
  out.push(value);
  return Uint8Array.from(out);
}

function key(field: number, wire: number): Uint8Array {
  return varint(field * 8 + wire);
}

/** An int64 or enum field. Negative numbers take the ten bytes of their two's complement. */
export function int(field: number, value: number): Bytes {
  if (value >= 0) return [key(field, VARINT), varint(value)];
  const out = new Uint8Array(10);
  let rest = BigInt.asUintN(64, BigInt(value));
  for (let i = 0; i < 10; i++, rest >>= 7n) out[i] = Number(rest & 0x7fn) | (i < 9 ? 0x80 : 0);
  return [key(field, VARINT), out];
}

/** A float field. */
export function float(field: number, value: number): Bytes {
  return [key(field, FIXED32), new Uint8Array(Float32Array.of(value).buffer)];
}

/** A bytes field. */
export function bytes(field: number, value: Uint8Array): Bytes {
  return [key(field, LENGTH), varint(value.length), value];
}

/** A string field. */
export function text(field: number, value: string): Bytes {
  return bytes(field, new TextEncoder().encode(value));
}

/** A field that is a message of these fields. */
export function message(field: number, ...fields: readonly Bytes[]): Bytes {
  const parts = fields.flat();
  return [key(field, LENGTH), varint(lengthOf(parts)), ...parts];
}

/** All parts in one array. */
export function join(...fields: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const parts = fields.flat();
  const out = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function lengthOf(parts: Bytes): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
