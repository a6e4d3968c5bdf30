import { describe, expect, it } from 'vitest';
import { fwhtRow } from '../../../../src/bench/fwht.ts';
import { createRandom } from '../../../../src/core/random.ts';
import { fwht, plainFwht } from '../../../../src/spectrum/fwht.ts';
import { LEAST_KERNEL, wasmTransform } from '../../../../src/spectrum/fwht-wasm.ts';

/** Eighteen stages in float32 (6e-8 each) against sums in float64, relative to the largest. */
const FLOAT32 = 2e-6;
/** From the fewest numbers to beyond all blocks of the caches, every remainder of stages by three at each level. */
const SIZES = Array.from({ length: 15 }, (_, i) => Math.log2(LEAST_KERNEL) + i);

describe('the Walsh–Hadamard transform in WASM', () => {
  it.each(SIZES)('of 2^%i numbers is plain TypeScript’s: float64 bit for bit, float32 to its last digits', (n) => {
    const random = createRandom(n);
    const table = Float64Array.from({ length: 2 ** n }, () => random.normal());
    const wide = wasmTransform(table);
    wide?.run();
    const want = plainFwht(table.slice());
    expect(wide?.data).toEqual(want);
    const narrow = wasmTransform(Float32Array.from(table));
    narrow?.run();
    const exact = plainFwht(Float64Array.from(Float32Array.from(table)));
    const largest = exact.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    expect(narrow?.data.length).toBe(2 ** n);
    const off = narrow?.data.reduce((most, v, i) => Math.max(most, Math.abs(v - exact[i])), 0) ?? Number.NaN;
    expect(off).toBeLessThanOrEqual(FLOAT32 * largest);
  });

  it.each([17, 18, 19, 20])('is what 2^%i numbers are transformed by, in place, float64 bit for bit', (n) => {
    const random = createRandom(n);
    const table = Float64Array.from({ length: 2 ** n }, () => random.normal());
    const given = table.slice();
    expect(fwht(given)).toBe(given);
    expect(given).toEqual(plainFwht(table));
  });

  it('takes float32 too, in place', () => {
    const narrow = new Float32Array(2 ** 18).fill(1);
    expect(fwht(narrow)[0]).toBe(2 ** 18);
    expect(narrow.subarray(1).every((v) => v === 0)).toBe(true);
  });

  it('is benchmarked against radix-2 JavaScript, which gives the same numbers', async () => {
    let seconds = 0;
    const context = { commit: 'abc', cpuSeconds: () => seconds++, backends: [], readText: async () => '', report: () => {} };
    expect(await fwhtRow(context, 10)).toMatchObject({ id: 'fwht', ours: 100, peer: 100, ratio: 1, equal: true, unit: 'cpu-ms' });
  });
});
