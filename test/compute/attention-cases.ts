import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createRandom } from '../../src/core/random.ts';
import { rejectedBy } from '../model/support.ts';
import { excess, type KernelCase, type Matrix, normals, placed, runKernel, whole } from './support.ts';

/** Scores of up to 100 products and sums of up to 300 weighted values, in float32; exp of a software adapter is good to 16 ulp. */
const FLOAT32 = { absolute: 2e-5, relative: 2e-5 };
/** A float32, so that it is the same number on all backends. */
const SCALE = 0.8125;
/** Both in float64, and rounded to float32 once on the way home. */
const ROUNDED_ONCE = { absolute: 1e-9, relative: 1e-7 };

export interface Shape {
  readonly heads: number;
  /** Key heads, where query heads share them. */
  readonly keyHeads?: number;
  readonly width: number;
  /** Rows of each packed sequence. */
  readonly lengths: readonly number[];
  /** Queries for the first row of each sequence only, as in the last layer. */
  readonly readRowsOnly?: boolean;
}

/** One buffer of Q, K and V side by side, with eight columns of rubbish before Q. */
export function attentionCase(
  { heads, keyHeads = heads, width, lengths, readRowsOnly }: Shape,
  qkvOf?: (rows: number, columns: number) => Matrix,
) {
  const wide = heads * width;
  const keys = keyHeads * width;
  const columns = 8 + wide + 2 * keys;
  const total = lengths.reduce((a, b) => a + b, 0);
  const qkv = qkvOf?.(total, columns) ?? normals(createRandom(wide), total, columns);
  const starts = lengths.map((_, s) => lengths.slice(0, s).reduce((a, b) => a + b, 0));
  const queries = lengths.flatMap((length, s) =>
    Array.from({ length: readRowsOnly ? 1 : length }, (_, i) => ({ row: starts[s] + i, start: starts[s], end: starts[s] + length })),
  );
  const at = (row: number, from: number, head: number, d: number) => qkv.values[row * columns + 8 + from + head * width + d];
  const want = queries.map(({ row, start, end }) =>
    Array.from({ length: wide }, (_, c) => {
      const head = Math.floor(c / width);
      const keyHead = Math.floor(head / (heads / keyHeads));
      const scores = Array.from({ length: end - start }, (_, j) => {
        let score = 0;
        for (let d = 0; d < width; d++) score += at(row, 0, head, d) * at(start + j, wide, keyHead, d);
        return SCALE * score;
      });
      const top = Math.max(...scores);
      const weights = scores.map((s) => Math.exp(s - top));
      const sum = weights.reduce((a, b) => a + b, 0);
      return weights.reduce((v, w, j) => v + (w / sum) * at(start + j, wide + keys, keyHead, c % width), 0);
    }),
  );
  // Queries lie in a buffer of their own here, as in the last layer; whole layers bind the packed one twice, which model tests show.
  const query: Matrix = {
    rows: queries.length,
    columns: wide,
    values: Float32Array.from(queries.flatMap(({ row }) => Array.from({ length: wide }, (_, c) => at(row, 0, 0, c)))),
  };
  const given: KernelCase = {
    kernel: 'attention',
    reads: {
      query,
      keyValue: qkv,
      ranges: whole(
        queries.length,
        2,
        queries.flatMap(({ start, end }) => [start, end]),
      ),
    },
    constants: { HEADS: heads, KEY_HEADS: keyHeads, HEAD_WIDTH: width, SCALE },
    params: { queryStride: wide, keyStride: columns, keyColumn: 8 + wide, valueColumn: 8 + wide + keys, outputStride: wide + 8 },
    rows: queries.length,
    outputColumns: wide + 8,
  };
  return { given, want: placed(given, want) };
}

/** One token; a masked text of [CLS] and [SEP] alone; key counts on every side of the kernel's four; widths on either side of its 64. */
export const SHAPES: readonly Shape[] = [
  { heads: 1, width: 8, lengths: [1] },
  { heads: 2, width: 4, lengths: [2, 1, 3, 4, 5, 7, 8, 9] },
  { heads: 12, width: 32, lengths: [2, 17] },
  { heads: 3, width: 20, lengths: [37] },
  { heads: 2, width: 36, lengths: [5, 6] },
  { heads: 1, width: 64, lengths: [11, 1] },
  { heads: 2, width: 100, lengths: [6] },
  { heads: 2, width: 32, lengths: [300, 1, 13], readRowsOnly: true },
  // As absorbed keys are: heads as wide as a row, one key head for all of them.
  { heads: 12, keyHeads: 1, width: 72, lengths: [7, 1, 40], readRowsOnly: true },
  { heads: 6, keyHeads: 3, width: 8, lengths: [5, 18] },
];

/** What is claimed of attention on a device, whoever owns the keys. */
export function describeAttention(name: string, open: () => Promise<Backend>, shapes: readonly Shape[] = SHAPES): void {
  let webgpu: Backend;
  const reference = createReferenceBackend();
  const check = async (given: KernelCase, want: number[]) => {
    expect(excess(await runKernel(reference, given), want, ROUNDED_ONCE.absolute, ROUNDED_ONCE.relative)).toBeLessThanOrEqual(1);
    expect(excess(await runKernel(webgpu, given), want, FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
  };

  describe(name, () => {
    beforeAll(async () => {
      webgpu = await open();
    });
    afterAll(() => webgpu.destroy());

    it.each(shapes)(
      'of $heads heads of $width over sequences of $lengths rows is the textbook softmax in WGSL and in its twin',
      async (shape) => {
        const { given, want } = attentionCase(shape);
        await check(given, want);
      },
    );

    it('weighs equal keys equally, so a wholly masked text is the mean of its values', async () => {
      const shape = { heads: 2, width: 8, lengths: [7] };
      const random = createRandom(9);
      const { given, want } = attentionCase(shape, (rows, columns) => {
        const m = normals(random, rows, columns);
        // Every key alike: K lies behind 8 columns of rubbish and 16 of Q.
        for (let r = 1; r < rows; r++) m.values.copyWithin(r * columns + 24, 24, 40);
        return m;
      });
      const { keyValue } = given.reads;
      const mean = Array.from({ length: 7 }, (_, r) => keyValue.values[r * keyValue.columns + 40]).reduce((a, b) => a + b, 0) / 7;
      expect(Math.abs(want[0] - mean)).toBeLessThan(1e-6);
      await check(given, want);
    });

    it('stands scores far beyond what exp takes', async () => {
      const { given, want } = attentionCase({ heads: 1, width: 8, lengths: [37, 6] }, (rows, columns) => {
        const m = normals(createRandom(11), rows, columns);
        // Scores of several hundred either way; values stay normal.
        for (let r = 0; r < rows; r++) for (let c = 0; c < 24; c++) m.values[r * columns + c] *= 10;
        return m;
      });
      await check(given, want);
    });

    it('reads no key outside its range', async () => {
      const { given } = attentionCase({ heads: 2, width: 8, lengths: [3, 5, 2] });
      const values = given.reads.keyValue.values.slice();
      values.fill(1e3, 0, 3 * given.reads.keyValue.columns);
      values.fill(-1e3, 8 * given.reads.keyValue.columns);
      const changed = { ...given, reads: { ...given.reads, keyValue: { ...given.reads.keyValue, values } } };
      for (const backend of [reference, webgpu]) {
        const [before, after] = [await runKernel(backend, given), await runKernel(backend, changed)];
        expect([...after.subarray(3 * 24, 8 * 24)]).toEqual([...before.subarray(3 * 24, 8 * 24)]);
      }
    });

    it('of a row without keys is an error, never a plausible number', async () => {
      const { given } = attentionCase({ heads: 1, width: 8, lengths: [2, 2] });
      const ranges = whole(4, 2, [0, 2, 0, 2, 2, 2, 2, 4]);
      for (const backend of [reference, webgpu]) {
        const error = await rejectedBy(runKernel(backend, { ...given, reads: { ...given.reads, ranges } }));
        expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/in row 2, got/)]);
      }
    });
  });
}
