import { expect } from 'vitest';
import { WebspexError } from '../../src/core/errors.ts';
import type { Random } from '../../src/core/random.ts';

/** What `run` throws, which must be one of ours. */
export function thrownBy(run: () => unknown): WebspexError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(WebspexError);
    return error as WebspexError;
  }
  throw new Error('expected an error, got none');
}

/** What `promise` rejects with, which must be one of ours. */
export async function rejectedBy(promise: Promise<unknown>): Promise<WebspexError> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(WebspexError);
  return error as WebspexError;
}

/** Copies of some bytes, each with one to three changes: a bit flipped, a byte replaced, a stretch dropped, doubled or moved. */
export function* mutants(bytes: Uint8Array, count: number, random: Random): Generator<Uint8Array> {
  for (let m = 0; m < count; m++) {
    let out = Array.from(bytes);
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      const at = random.below(Math.max(1, out.length));
      const length = 1 + random.below(8);
      switch (random.below(5)) {
        case 0:
          out[at] ^= 1 << random.below(8);
          break;
        case 1:
          out[at] = random.below(256);
          break;
        case 2:
          out.splice(at, length);
          break;
        case 3:
          out.splice(at, 0, ...out.slice(at, at + length));
          break;
        default:
          out = [...out.slice(at, at + length), ...out.slice(0, at), ...out.slice(at + length)];
      }
    }
    yield Uint8Array.from(out);
  }
}

export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A safetensors file; `header` may replace the header that belongs to the tensors. */
export function safetensorsFile(tensors: Readonly<Record<string, StoredTensor>>, header?: string): Uint8Array {
  let at = 0;
  const entries = Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => {
    const begin = at;
    at += bytes.length;
    return [name, { dtype, shape, data_offsets: [begin, at] }] as const;
  });
  const text = new TextEncoder().encode(header ?? JSON.stringify(Object.fromEntries(entries)));
  const out = new Uint8Array(8 + text.length + at);
  new DataView(out.buffer).setUint32(0, text.length, true);
  out.set(text, 8);
  let place = 8 + text.length;
  for (const { bytes } of Object.values(tensors)) {
    out.set(bytes, place);
    place += bytes.length;
  }
  return out;
}
