import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { rejectedBy } from '../../model/support.ts';
import { type KernelCase, type Matrix, normals, runKernel, whole } from '../support.ts';
import { BUILDS, beyond, bothBuilds } from './support.ts';

/** Scores of up to 100 products and sums of up to 500 weighted values, in float32. */
const FLOAT32 = { absolute: 1e-5, relative: 1e-5 };
const builds = bothBuilds();

interface Shape {
  readonly heads: number;
  /** Key heads, where query heads share them. */
  readonly keyHeads?: number;
  readonly width: number;
  /** [start, end) of the keys of each query row. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** Queries in a buffer of their own; keys and values side by side behind eight columns of rubbish. */
function attentionCase({ heads, keyHeads = heads, width, ranges }: Shape, keyValue?: Matrix): KernelCase {
  const wide = heads * width;
  const columns = 8 + 2 * keyHeads * width;
  const keys = Math.max(...ranges.map(([, end]) => end));
  return {
    kernel: 'attention',
    reads: {
      query: normals(createRandom(wide), ranges.length, wide),
      keyValue: keyValue ?? normals(createRandom(wide + 1), keys, columns),
      ranges: whole(ranges.length, 2, ranges.flat()),
    },
    constants: { HEADS: heads, KEY_HEADS: keyHeads, HEAD_WIDTH: width, SCALE: 0.8125 },
    params: { queryStride: wide, keyStride: columns, keyColumn: 8, valueColumn: 8 + keyHeads * width, outputStride: wide + 8 },
    rows: ranges.length,
    outputColumns: wide + 8,
  };
}

/** Sequences packed end to end, each row with all keys of its own. */
const packed = (lengths: readonly number[]) => {
  let start = 0;
  return lengths.flatMap((length) => {
    const range = [start, start + length] as const;
    start += length;
    return Array.from({ length }, () => range);
  });
};

const SHAPES: readonly (Shape & { readonly what: string })[] = [
  { what: 'one token', heads: 1, width: 8, ranges: packed([1]) },
  { what: 'sequences on every side of sixteen keys', heads: 2, width: 4, ranges: packed([2, 1, 3, 15, 16, 17, 5, 31, 33]) },
  { what: 'a masked text of [CLS] and [SEP] beside a whole one', heads: 12, width: 32, ranges: packed([2, 17]) },
  { what: 'heads of 20', heads: 3, width: 20, ranges: packed([37]) },
  { what: 'heads of 36', heads: 2, width: 36, ranges: packed([5, 6]) },
  { what: 'heads of 64', heads: 1, width: 64, ranges: packed([11, 1]) },
  { what: 'heads of 100', heads: 2, width: 100, ranges: packed([6]) },
  { what: 'long sequences', heads: 2, width: 32, ranges: packed([500, 1, 13]) },
  { what: 'one row of each sequence', heads: 2, width: 32, ranges: [[0, 300] as const, [300, 301] as const, [301, 314] as const] },
  { what: 'causal ranges', heads: 2, width: 8, ranges: Array.from({ length: 37 }, (_, r) => [0, r + 1] as const) },
  { what: 'twelve heads on one of keys', heads: 12, keyHeads: 1, width: 72, ranges: [[0, 7] as const, [7, 8] as const, [8, 48] as const] },
  { what: 'pairs of heads on three of keys', heads: 6, keyHeads: 3, width: 8, ranges: packed([5, 18]) },
  { what: 'ranges that overlap', heads: 2, width: 8, ranges: [[0, 9] as const, [3, 7] as const, [3, 40] as const, [0, 2] as const] },
];

describe('attention in WASM', () => {
  it.each(SHAPES)('over $what is its twin’s, in both builds', async (shape) => {
    expect(await beyond(builds, attentionCase(shape), FLOAT32)).toEqual([]);
  });

  it('stands scores far beyond what exp takes', async () => {
    const given = attentionCase({ heads: 1, width: 8, ranges: packed([37, 6]) });
    for (let i = 0; i < given.reads.query.values.length; i++) given.reads.query.values[i] *= 100;
    // A score of 500 is good to 3e-5 in float32, and a weight is e to it.
    expect(await beyond(builds, given, { absolute: 1e-4, relative: 1e-4 })).toEqual([]);
  });

  it.each(BUILDS)('gives a sequence the same bits wherever it lies and whatever is beside it (%s)', async (build) => {
    const backend = builds.get(build);
    if (!backend) return expect.unreachable();
    const lengths = [3, 21, 2, 21];
    const given = attentionCase({ heads: 2, width: 12, ranges: packed(lengths) });
    const { query, keyValue } = given.reads;
    // The second and the fourth sequence are equal.
    keyValue.values.copyWithin(26 * keyValue.columns, 3 * keyValue.columns, 24 * keyValue.columns);
    query.values.copyWithin(26 * query.columns, 3 * query.columns, 24 * query.columns);
    const out = await runKernel(backend, given);
    expect([...out.subarray(26 * 32, 47 * 32)]).toEqual([...out.subarray(3 * 32, 24 * 32)]);
  });

  it.each(BUILDS)('gives a causal row the same bits whichever rows are asked for beside it (%s)', async (build) => {
    const backend = builds.get(build);
    if (!backend) return expect.unreachable();
    const ranges = Array.from({ length: 21 }, (_, r) => [0, r + 1] as const);
    const all = attentionCase({ heads: 1, width: 16, ranges });
    const whole21 = await runKernel(backend, all);
    const { keyValue, query } = all.reads;
    for (const r of [0, 6, 20]) {
      const one = attentionCase({ heads: 1, width: 16, ranges: [ranges[r]] }, keyValue);
      one.reads.query.values.set(query.values.subarray(r * 16, r * 16 + 16));
      expect([...(await runKernel(backend, one)).subarray(0, 16)]).toEqual([...whole21.subarray(r * 24, r * 24 + 16)]);
    }
  });

  it.each(BUILDS)('reads no key outside its range (%s)', async (build) => {
    const backend = builds.get(build);
    if (!backend) return expect.unreachable();
    const given = attentionCase({ heads: 2, width: 8, ranges: packed([3, 5, 2]) });
    const { keyValue } = given.reads;
    const values = keyValue.values.slice();
    values.fill(1e3, 0, 3 * keyValue.columns);
    values.fill(-1e3, 8 * keyValue.columns);
    const changed = { ...given, reads: { ...given.reads, keyValue: { ...keyValue, values } } };
    const [before, after] = [await runKernel(backend, given), await runKernel(backend, changed)];
    expect([...after.subarray(3 * 24, 8 * 24)]).toEqual([...before.subarray(3 * 24, 8 * 24)]);
  });

  it.each([
    [
      [0, 2],
      [2, 2],
      [2, 4],
    ],
    [
      [0, 2],
      [2, 4],
      [3, 3],
    ],
  ] as [number, number][][])('of a row without keys is an error, never a plausible number (%j %j %j)', async (...ranges) => {
    for (const backend of builds.values()) {
      const error = await rejectedBy(runKernel(backend, attentionCase({ heads: 1, width: 8, ranges })));
      const empty = ranges.findIndex(([start, end]) => start === end);
      expect([error.code, error.message]).toEqual(['non-finite', expect.stringContaining(`in row ${empty}, got`)]);
    }
  });
});
