import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { dequantiseRows, readSafetensors, type Tensor, toFloat32 } from '../../src/model/safetensors.ts';
import { mutants, type StoredTensor, safetensorsFile, thrownBy } from './support.ts';

const bytesOf = (a: ArrayBufferView) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
const f32 = (values: number[], shape = [values.length]): StoredTensor => ({
  dtype: 'F32',
  shape,
  bytes: bytesOf(Float32Array.from(values)),
});
const u16 = (dtype: string, values: number[]): StoredTensor => ({
  dtype,
  shape: [values.length],
  bytes: bytesOf(Uint16Array.from(values)),
});
const i8 = (values: number[], shape: number[]): StoredTensor => ({ dtype: 'I8', shape, bytes: bytesOf(Int8Array.from(values)) });
const stored = (t: StoredTensor) => t as Tensor;

const small = {
  'a.weight': f32([1, -2, 3.5, 4, 5, -0], [2, 3]),
  odd: i8([1, -2, 127], [3, 1]),
  half: u16('F16', [0x3c00, 0xc000]),
  none: f32([], [0, 4]),
};
const file = safetensorsFile(small);
const headerOf = (entries: object) => JSON.stringify(entries);
const one = (entry: object, data = 4) =>
  safetensorsFile({ x: { dtype: 'U8', shape: [data], bytes: new Uint8Array(data) } }, headerOf({ x: entry }));

describe('a safetensors file', () => {
  it('gives back the tensors that were written, views of its own bytes, metadata left out', () => {
    const tensors = readSafetensors(file);
    expect([...tensors.keys()].sort()).toEqual(['a.weight', 'half', 'none', 'odd']);
    for (const [name, { dtype, shape, bytes }] of Object.entries(small)) {
      const t = tensors.get(name) as Tensor;
      expect([t.dtype, t.shape, [...t.bytes]]).toEqual([dtype, shape, [...bytes]]);
      expect(t.bytes.buffer).toBe(file.buffer);
    }
    const header = headerOf({ __metadata__: { format: 'pt' }, x: { dtype: 'U8', shape: [4], data_offsets: [0, 4] } });
    expect([...readSafetensors(safetensorsFile({ x: f32([1]) }, header)).keys()]).toEqual(['x']);
  });

  it('is read at any alignment within a larger buffer', () => {
    for (const shift of [0, 1, 2, 3]) {
      const wide = new Uint8Array(file.length + 8);
      wide.set(file, shift);
      const t = readSafetensors(wide.subarray(shift, shift + file.length)).get('a.weight') as Tensor;
      expect([...toFloat32('a.weight', t)]).toEqual([1, -2, 3.5, 4, 5, -0]);
    }
  });

  it('keeps names such as __proto__ as names', () => {
    const header =
      '{"__proto__":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"constructor":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}';
    const tensors = readSafetensors(safetensorsFile({ x: f32([1]) }, header));
    expect([...tensors.keys()]).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
    // What an entry inherits does not count as stated.
    const inherited = safetensorsFile({ x: f32([1]) }, '{"x":{"__proto__":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}}');
    expect(thrownBy(() => readSafetensors(inherited)).message).toMatch(/tensor x: expected dtype .*got none/);
  });

  const bad: [string, () => Uint8Array, RegExp][] = [
    ['no bytes', () => new Uint8Array(), /at least 8 bytes, got 0/],
    ['an empty header', () => new Uint8Array(8), /"\{" at byte 8/],
    ['a header beyond 2 MiB', () => bytesOf(BigUint64Array.of(2n ** 40n, 0n)), /at most 2097152 bytes at byte 0, got 1099511627776/],
    ['a header beyond 2^53', () => bytesOf(BigUint64Array.of(2n ** 64n - 1n, 0n)), /at most 2097152 bytes/],
    ['a list', () => safetensorsFile({}, '[]'), /"\{" at byte 8, got 91/],
    ['a blank before the header', () => safetensorsFile({}, ' {}'), /"\{" at byte 8, got 32/],
    ['half a header', () => safetensorsFile({}, '{"x":'), /does not parse/],
    ['a header that is no UTF-8', () => safetensorsFile({}, '{"x"}').fill(0xff, 9), /does not parse/],
    ['deep nesting', () => safetensorsFile({}, `{"x":${'['.repeat(90_000)}`), /4 levels deep, got more at character 8 of it/],
    [
      'a name twice',
      () => safetensorsFile({ x: f32([1]) }, '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x" : 1}'),
      /"x" again at character 54 of the header/,
    ],
    ['a name twice, once escaped', () => safetensorsFile({}, '{"x":1,"\\u0078":2}'), /"x" again/],
    [
      'a field twice',
      () => safetensorsFile({ x: f32([1]) }, '{"x":{"dtype":"F32","shape":[9],"shape":[1],"data_offsets":[0,4]}}'),
      /"shape" again/,
    ],
    ['an entry that is no object', () => safetensorsFile({}, '{"x":null}'), /tensor x: expected dtype/],
    ['an unknown dtype', () => one({ dtype: 'F8_E4M3', shape: [4], data_offsets: [0, 4] }), /tensor x: expected dtype .*"F8_E4M3"/],
    ['a dtype from the prototype', () => one({ dtype: 'toString', shape: [4], data_offsets: [0, 4] }), /expected dtype/],
    ['a negative size', () => one({ dtype: 'U8', shape: [-4], data_offsets: [0, 4] }), /shape of at most 8 sizes, got \[-4\]/],
    ['a fractional size', () => one({ dtype: 'U8', shape: [4.5], data_offsets: [0, 4] }), /shape/],
    ['rank nine', () => one({ dtype: 'U8', shape: [4, 1, 1, 1, 1, 1, 1, 1, 1], data_offsets: [0, 4] }), /at most 8 sizes/],
    ['a product beyond 2^53', () => one({ dtype: 'U8', shape: [2 ** 40, 2 ** 40, 0], data_offsets: [0, 0] }), /below 2\^53/],
    ['a product that wraps to the size', () => one({ dtype: 'U8', shape: [2 ** 32, 2 ** 32 + 1], data_offsets: [0, 4] }), /below 2\^53/],
    ['three offsets', () => one({ dtype: 'U8', shape: [4], data_offsets: [0, 4, 4] }), /two data offsets/],
    [
      'offsets that do not fit the shape',
      () => one({ dtype: 'F32', shape: [2], data_offsets: [0, 4] }),
      /8 bytes for its shape, got offsets 0 to 4/,
    ],
    ['offsets the wrong way round', () => one({ dtype: 'U8', shape: [4], data_offsets: [4, 0] }), /expected 4 bytes/],
    [
      'an end outside',
      () => one({ dtype: 'U8', shape: [5], data_offsets: [0, 5] }),
      /within 4 bytes of data, got 5; the file is truncated/,
    ],
    [
      'a gap at the start',
      () => one({ dtype: 'U8', shape: [3], data_offsets: [1, 4] }),
      /tensor x: expected to begin at data byte 0, got 1/,
    ],
    ['bytes left over', () => one({ dtype: 'U8', shape: [3], data_offsets: [0, 3] }), /expected 3 bytes of data after byte \d+, got 4/],
    [
      'an overlap',
      () =>
        safetensorsFile(
          { x: f32([1]) },
          '{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}',
        ),
      /tensor b: expected to begin at data byte 3, got 2/,
    ],
    [
      'too many tensors',
      () => safetensorsFile({}, `{${Array.from({ length: 65_537 }, (_, i) => `"${i}":0`).join(',')}}`),
      /at most 65536 tensors, got 65537/,
    ],
    [
      'a name that would draw on a terminal',
      () => safetensorsFile({}, JSON.stringify({ ['\u001b[2J\n\u202e' + 'x'.repeat(5000)]: 0 })),
      /tensor \\u\{1b\}\[2J\\u\{a\}\\u\{202e\}x{1,200}…: expected dtype/,
    ],
  ];
  for (const [what, make, message] of bad)
    it(`is refused with ${what}`, () => {
      const error = thrownBy(() => readSafetensors(make()));
      expect([error.code, error.message]).toEqual(['bad-file', expect.stringMatching(message)]);
      expect(error.message).toMatch(/^safetensors: .*; download the file again$/);
      expect(error.message).not.toMatch(/\p{Cc}/u);
    });

  it('is refused when cut anywhere', () => {
    for (let length = 0; length < file.length; length++)
      expect(thrownBy(() => readSafetensors(file.subarray(0, length))).code).toBe('bad-file');
    expect(thrownBy(() => readSafetensors(Uint8Array.of(...file, 0))).code).toBe('bad-file');
  });

  it('survives 5,000 seeded mutants: each is read within its bytes or refused', () => {
    let refused = 0;
    for (const bytes of mutants(file, 5000, createRandom(7))) {
      let tensors: Map<string, Tensor>;
      try {
        tensors = readSafetensors(bytes);
      } catch {
        expect(thrownBy(() => readSafetensors(bytes)).code).toBe('bad-file');
        refused++;
        continue;
      }
      const covered = [...tensors.values()].reduce((sum, t) => sum + t.bytes.length, 0);
      const header = new DataView(bytes.buffer).getUint32(0, true);
      expect(covered).toBe(bytes.length - 8 - header);
      for (const [name, t] of tensors)
        try {
          toFloat32(name, t);
        } catch {
          expect(thrownBy(() => toFloat32(name, t)).code).toBe('bad-file');
        }
    }
    expect(refused).toBeGreaterThan(2500);
    expect(refused).toBeLessThan(5000);
  });
});

describe('weights', () => {
  it('come from every half-precision number exactly, infinities and NaN aside', () => {
    const oracle = (h: number) => {
      const sign = h >> 15 ? -1 : 1;
      const exponent = (h >> 10) & 31;
      const fraction = (h & 1023) / 1024;
      return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
    };
    const finite = Array.from({ length: 65_536 }, (_, h) => h).filter((h) => ((h >> 10) & 31) !== 31);
    expect(finite.length).toBe(63_488);
    const got = toFloat32('h', stored(u16('F16', finite)));
    const wrong = finite.filter((h, i) => !Object.is(got[i], oracle(h)));
    expect(wrong).toEqual([]);
  });

  it('come from every bfloat16 as the upper half of a float32', () => {
    const finite = Array.from({ length: 65_536 }, (_, h) => h).filter((h) => ((h >> 7) & 255) !== 255);
    const got = toFloat32('b', stored(u16('BF16', finite)));
    const view = new DataView(new ArrayBuffer(4));
    const wrong = finite.filter((h, i) => {
      view.setUint16(0, h);
      view.setUint16(2, 0);
      return !Object.is(got[i], view.getFloat32(0));
    });
    expect(wrong).toEqual([]);
  });

  it('that are NaN or infinite are refused with tensor and element, in every type', () => {
    const cases: [StoredTensor, RegExp][] = [
      [f32([1, Number.NaN]), /tensor w: expected finite weights, got NaN at element 1/],
      [f32([Number.NEGATIVE_INFINITY]), /got -Infinity at element 0/],
      [u16('F16', [0, 0, 0x7c00]), /got Infinity at element 2/],
      [u16('F16', [0x7e01]), /got NaN/],
      [u16('BF16', [0xff80]), /got -Infinity/],
      [u16('BF16', [0x7fc0]), /got NaN/],
      [{ dtype: 'I64', shape: [1], bytes: new Uint8Array(8) }, /expected F32, F16, BF16 or I8 weights, got I64/],
    ];
    for (const [tensor, message] of cases) {
      const error = thrownBy(() => toFloat32('w', stored(tensor)));
      expect([error.code, error.message]).toEqual(['bad-file', expect.stringMatching(message)]);
    }
  });

  it('in int8 rows are the float32 product of number and scale, whatever the rounding of float64 would be', () => {
    const random = createRandom(3);
    const values = Array.from({ length: 40 * 7 }, () => random.below(256) - 128);
    const scales = Float32Array.from({ length: 40 }, () => random.uniform() * 0.01);
    const got = dequantiseRows('w', stored(i8(values, [40, 7])), stored(f32([...scales])));
    for (let i = 0; i < got.length; i++) expect(got[i]).toBe(Math.fround(values[i] * scales[Math.floor(i / 7)]));
  });

  it('in int8 rows need one finite F32 scale a row', () => {
    const rows = stored(i8([1, 2, 3, 4], [2, 2]));
    const cases: [Tensor, Tensor, RegExp][] = [
      [rows, stored(f32([1])), /one scale a row, got shapes \[2,2\] and \[1\]/],
      [rows, stored(f32([1, 2], [1, 2])), /one scale a row/],
      [stored(i8([1, 2], [2])), stored(f32([1, 2])), /one scale a row/],
      [rows, stored(u16('F16', [0, 0])), /I8 rows and F32 scales, got I8 and F16/],
      [stored(f32([1, 2], [2, 1])), stored(f32([1, 2])), /got F32 and F32/],
      [rows, stored(f32([1, Number.NaN])), /tensor w\.scale: expected finite/],
      [rows, stored(f32([1, 3e38])), /tensor w: expected finite weights, got Infinity at element 2/],
    ];
    for (const [a, b, message] of cases) expect(thrownBy(() => dequantiseRows('w', a, b)).message).toMatch(message);
  });
});

const peer = new URL('../../../shared/models/sst-tiny/model.safetensors', import.meta.url);
it.skipIf(!existsSync(peer))('a file written by the original library is read (needs ../shared/models/sst-tiny)', () => {
  const tensors = readSafetensors(new Uint8Array(readFileSync(peer)));
  expect(tensors.size).toBeGreaterThan(10);
  for (const [name, t] of tensors) if (t.dtype === 'F32') expect(toFloat32(name, t).length).toBe(t.shape.reduce((a, b) => a * b, 1));
});
