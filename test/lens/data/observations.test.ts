import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { WebspexError } from '../../../src/core/errors.ts';
import { isPresent } from '../../../src/core/masks.ts';
import { createRandom } from '../../../src/core/random.ts';
import { readObservations } from '../../../src/lens/data/observations.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** numpy.save of version 1. */
function npy(descr: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const head = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padded = `${head.padEnd(Math.ceil((10 + head.length + 1) / 64) * 64 - 11)}\n`;
  return Uint8Array.from([0x93, ...bytes('NUMPY'), 1, 0, padded.length & 255, padded.length >> 8, ...bytes(padded), ...data]);
}

const raw = (a: ArrayBufferView) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

function rowsOf(masks: ReturnType<typeof readObservations>['masks']): string[] {
  return Array.from({ length: masks.count }, (_, r) =>
    Array.from({ length: masks.n }, (_, i) => (isPresent(masks, r, i) ? '1' : '0')).join(''),
  );
}

function refusal(work: () => unknown): WebspexError {
  try {
    work();
  } catch (error) {
    if (error instanceof WebspexError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('observations', () => {
  it('are read from JSON lines, blank lines passed over', () => {
    const { masks, values } = readObservations(bytes('{"mask":"011","value":1.5}\n\n{"value":-2,"mask":"000"}\r\n'), 'o.jsonl');
    expect(rowsOf(masks)).toEqual(['011', '000']);
    expect([...values]).toEqual([1.5, -2]);
  });

  it.each([
    ['|b1', new Uint8Array([1, 0, 1, 0, 0, 1])],
    ['|u1', new Uint8Array([1, 0, 1, 0, 0, 1])],
    ['<i8', new BigInt64Array([1n, 0n, 1n, 0n, 0n, 1n])],
    ['<f4', new Float32Array([1, 0, 1, 0, 0, 1])],
  ] as const)('are read from an .npz of %s masks and a column of margins', (descr, masks) => {
    const margins = new Float64Array([1, 2, 3, 4]);
    const file = zipSync({ 'masks.npy': npy(descr, [2, 3], raw(masks)), 'margins.npy': npy('<f8', [2, 2], raw(margins)) });
    const got = readObservations(file, 'o.npz', 1);
    expect(rowsOf(got.masks)).toEqual(['101', '001']);
    expect([...got.values]).toEqual([2, 4]);
  });

  it('reads half precision as numpy writes it', () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x3555, 0x0001]);
    const masks = npy('|u1', [4, 1], new Uint8Array([0, 1, 0, 1]));
    const { values } = readObservations(zipSync({ 'masks.npy': masks, 'values.npy': npy('<f2', [4], raw(halves)) }), 'o.npz');
    expect([...values]).toEqual([1, -2, 0.333251953125, Math.fround(2 ** -24)]);
  });

  const good = { 'masks.npy': npy('|u1', [2, 2], new Uint8Array([0, 1, 1, 0])), 'values.npy': npy('<f4', [2], raw(new Float32Array(2))) };
  const bad: readonly [string, Uint8Array, RegExp][] = [
    ['nothing', bytes(' \n'), /expected observations, got none/],
    ['prose', bytes('hello'), /line 1: .*got no JSON/],
    ['a number', bytes('{"mask":"01","value":1}\n7'), /line 2: expected "mask"/],
    ['a letter in a mask', bytes('{"mask":"0x","value":1}'), /"mask" of zeros and ones, got "0x"/],
    [
      'masks of two lengths',
      bytes('{"mask":"01","value":1}\n{"mask":"011","value":1}'),
      /line 2: expected a mask of 2 players as before, got 3/,
    ],
    ['a value that is no number', bytes('{"mask":"01","value":"1"}'), /"value" to be a finite number, got "1"/],
    ['a NaN as Python writes it', bytes('{"mask": "01", "value": NaN}'), /line 1: expected "value" to be a finite number, got NaN; leave/],
    ['a value beyond float64', bytes('{"mask":"01","value":-1e400}'), /finite number, got -Infinity/],
    ['a value beyond float32', bytes('{"mask":"01","value":1e300}'), /finite number, got 1e\+300/],
    ['bytes that are no text', Uint8Array.from([0xff, 0xfe, 0]), /JSON lines or an \.npz, got neither/],
    ['a torn zip', zipSync(good).subarray(0, 60), /does not unpack/],
    ['a zip without masks', zipSync({ 'values.npy': good['values.npy'] }), /array named masks, got values/],
    ['a zip without outcomes', zipSync({ 'masks.npy': good['masks.npy'] }), /named values or outcomes or margins, got masks/],
    ['a mask of 2', zipSync({ ...good, 'masks.npy': npy('|u1', [2, 2], new Uint8Array([0, 2, 1, 0])) }), /0 and 1, got 2 in row 0/],
    ['more masks than values', zipSync({ ...good, 'values.npy': npy('<f4', [1], raw(new Float32Array(1))) }), /shape \(2\).*got \(1\)/],
    ['a NaN', zipSync({ ...good, 'values.npy': npy('<f4', [2], raw(new Float32Array([0, Number.NaN]))) }), /got NaN in row 1/],
    ['strings', zipSync({ ...good, 'values.npy': npy('<U3', [2], new Uint8Array(24)) }), /got <U3/],
    ['a shape too large for its bytes', zipSync({ ...good, 'masks.npy': npy('|u1', [2 ** 31, 2], new Uint8Array(4)) }), /got 4/],
  ];
  it.each(bad)('of %s are refused', (_, file, message) => {
    const { code, message: said } = refusal(() => readObservations(file, 'o'));
    expect([code, said]).toEqual(['bad-file', expect.stringMatching(message)]);
  });

  it('of a column that is not there are refused as usage', () => {
    expect(refusal(() => readObservations(zipSync(good), 'o', 1)).message).toMatch(/column: expected 0 to 0, got 1/);
    const { code, message } = refusal(() => readObservations(bytes('{"mask":"01","value":1}'), 'o', 1));
    expect([code, message]).toEqual(['usage', expect.stringMatching(/column: expected an \.npz, got JSON lines with one value each/)]);
  });

  it('of 3,000 mutants are read or refused, never anything else', () => {
    const random = createRandom(5);
    const seeds = [zipSync(good, { level: 0 }), bytes('{"mask":"01","value":1}\n{"mask":"11","value":2}')];
    for (let i = 0; i < 3000; i++) {
      const mutant = Uint8Array.from(seeds[i % 2]);
      for (let k = 0; k < 1 + (i % 4); k++) mutant[random.below(mutant.length)] = random.below(256);
      try {
        const { masks, values } = readObservations(mutant, 'o');
        expect(values).toHaveLength(masks.count);
      } catch (error) {
        expect(error, String(error)).toBeInstanceOf(WebspexError);
      }
    }
  });
});
