import { WebspexError } from '../../core/errors.ts';
import type { Sound } from './windows.ts';

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

function refuse(name: string, what: string, then: string): never {
  throw new WebspexError('bad-file', `${name}: ${what}; ${then}`);
}

/** How one sample is read, from −1 to 1, by format and bits. */
const READERS: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  [`${PCM}/8`]: (v, at) => (v.getUint8(at) - 128) / 128,
  [`${PCM}/16`]: (v, at) => v.getInt16(at, true) / 2 ** 15,
  [`${PCM}/24`]: (v, at) => (v.getUint8(at) | (v.getInt16(at + 1, true) << 8)) / 2 ** 23,
  [`${PCM}/32`]: (v, at) => v.getInt32(at, true) / 2 ** 31,
  [`${FLOAT}/32`]: (v, at) => v.getFloat32(at, true),
  [`${FLOAT}/64`]: (v, at) => v.getFloat64(at, true),
};

/** A RIFF WAVE file of whole or real numbers, its channels averaged. @throws bad-file. */
export function readWav(bytes: Uint8Array, name = 'sound'): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 44 || tag(0) !== 'RIFF' || tag(8) !== 'WAVE')
    refuse(name, 'expected a WAVE file, got something else', 'convert it to WAV');
  let format: { kind: number; channels: number; rate: number; bits: number } | null = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    if (tag(at) === 'fmt ' && at + 24 <= bytes.length) {
      const kind = view.getUint16(at + 8, true);
      format = {
        kind: kind === EXTENSIBLE && at + 34 <= bytes.length ? view.getUint16(at + 32, true) : kind,
        channels: view.getUint16(at + 10, true),
        rate: view.getUint32(at + 12, true),
        bits: view.getUint16(at + 22, true),
      };
    }
    if (tag(at) === 'data') {
      const end = Math.min(bytes.length, at + 8 + size);
      return { rate: format?.rate ?? 0, samples: samplesOf(view, at + 8, end, format, name) };
    }
    at += 8 + size + (size & 1);
  }
  return refuse(name, 'expected samples, got none', 'save it as WAV again');
}

function samplesOf(
  view: DataView,
  from: number,
  end: number,
  format: { kind: number; channels: number; rate: number; bits: number } | null,
  name: string,
): Float32Array {
  const read = format && READERS[`${format.kind}/${format.bits}`];
  if (!format || !read || format.channels === 0 || format.rate === 0)
    return refuse(
      name,
      `expected PCM of 8 to 32 bits or floats, got ${format ? `format ${format.kind} of ${format.bits} bits` : 'no format'}`,
      'convert it',
    );
  const size = format.bits / 8;
  const count = Math.floor((end - from) / (size * format.channels));
  return Float32Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < format.channels; c++) sum += read(view, from + (i * format.channels + c) * size);
    return sum / format.channels;
  });
}
