/** ggml's numbers of the value types written here. */
const [UINT8, INT32, UINT32, FLOAT32, BOOL, STRING, ARRAY] = [0, 5, 4, 6, 7, 8, 9];

export type Written = number | boolean | string | readonly string[] | readonly number[];

export interface WrittenTensor {
  readonly name: string;
  /** Innermost first, as the file has it. */
  readonly sizes: readonly number[];
  readonly type: number;
  readonly bytes: Uint8Array;
  /** In place of where it lies. */
  readonly offset?: number;
}

export interface Oddities {
  readonly magic?: string;
  readonly version?: number;
  readonly tensorCount?: number | bigint;
  readonly keyCount?: number | bigint;
  /** Bytes that end the file before its time, or are put after it. */
  readonly cut?: number;
  readonly extra?: number;
}

/** Little-endian bytes one after another. */
export function createBytes() {
  const parts: number[] = [];
  const put = (value: number | bigint, size: number) => {
    for (let i = 0, rest = BigInt.asUintN(64, BigInt(value)); i < size; i++, rest >>= 8n) parts.push(Number(rest & 255n));
  };
  return {
    parts,
    put,
    string(text: string) {
      const bytes = new TextEncoder().encode(text);
      put(bytes.length, 8);
      parts.push(...bytes);
    },
    float(value: number) {
      parts.push(...new Uint8Array(Float32Array.of(value).buffer));
    },
  };
}

/** Whole numbers that are negative are int32 in a list of them, others uint32; other numbers are float32. */
function putValue(out: ReturnType<typeof createBytes>, value: Written): void {
  if (typeof value === 'boolean') {
    out.put(BOOL, 4);
    out.put(value ? 1 : 0, 1);
  } else if (typeof value === 'string') {
    out.put(STRING, 4);
    out.string(value);
  } else if (typeof value === 'number') {
    out.put(Number.isInteger(value) ? UINT32 : FLOAT32, 4);
    if (Number.isInteger(value)) out.put(value, 4);
    else out.float(value);
  } else {
    const strings = typeof value[0] === 'string';
    const whole = !strings && (value as readonly number[]).every(Number.isInteger);
    out.put(ARRAY, 4);
    out.put(strings ? STRING : whole ? INT32 : FLOAT32, 4);
    out.put(value.length, 8);
    for (const v of value)
      if (typeof v === 'string') out.string(v);
      else if (whole) out.put(v, 4);
      else out.float(v);
  }
}

/** A GGUF file as one may be, or, with oddities, as none should be. */
export function ggufFile(
  metadata: Readonly<Record<string, Written>>,
  tensors: readonly WrittenTensor[] = [],
  odd: Oddities = {},
): Uint8Array {
  const out = createBytes();
  out.parts.push(...new TextEncoder().encode(odd.magic ?? 'GGUF'));
  out.put(odd.version ?? 3, 4);
  out.put(odd.tensorCount ?? tensors.length, 8);
  out.put(odd.keyCount ?? Object.keys(metadata).length, 8);
  for (const [key, value] of Object.entries(metadata)) {
    out.string(key);
    putValue(out, value);
  }
  let at = 0;
  for (const { name, sizes, type, bytes, offset } of tensors) {
    out.string(name);
    out.put(sizes.length, 4);
    for (const size of sizes) out.put(size, 8);
    out.put(type, 4);
    out.put(offset ?? at, 8);
    at += Math.ceil(bytes.length / 32) * 32;
  }
  for (const { bytes } of tensors) {
    while (out.parts.length % 32 !== 0) out.parts.push(0);
    for (const b of bytes) out.parts.push(b);
  }
  for (let i = 0; i < (odd.extra ?? 0); i++) out.parts.push(0);
  return Uint8Array.from(out.parts.slice(0, out.parts.length - (odd.cut ?? 0)));
}

/** A list of bytes as its own type, which the shortcuts above do not write. */
export function byteList(key: string, declared: number | bigint, type = UINT8): number[] {
  const out = createBytes();
  out.string(key);
  out.put(ARRAY, 4);
  out.put(type, 4);
  out.put(declared, 8);
  return out.parts;
}
