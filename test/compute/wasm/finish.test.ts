import { describe, expect, it } from 'vitest';
import type { Program } from '../../../src/compute/program.ts';
import { createRandom } from '../../../src/core/random.ts';
import { rejectedBy } from '../../model/support.ts';
import { normals } from '../support.ts';
import { BUILDS, bothBuilds } from './support.ts';

const [ROWS, WIDTH, STRIDE, LABELS, LOGIT_STRIDE] = [70, 20, 24, 3, 8];
const program: Program = {
  buffers: [
    { name: 'hidden', kind: 'input', type: 'f32', rows: 'sequences', columns: STRIDE },
    { name: 'logits', kind: 'input', type: 'f32', rows: 'sequences', columns: LOGIT_STRIDE },
    { name: 'output', kind: 'output', type: 'u32', rows: 'sequences', columns: LABELS + 2 },
  ],
  steps: [
    {
      kernel: 'finish',
      rows: 'sequences',
      bindings: { hidden: 'hidden', logits: 'logits', output: 'output' },
      constants: { WIDTH, LABELS },
      params: { hiddenStride: STRIDE, logitStride: LOGIT_STRIDE },
    },
  ],
  capacity: { tokens: 0, tableRows: 0, sequences: ROWS },
};
const builds = bothBuilds();
const hidden = normals(createRandom(1), ROWS, STRIDE).values;
const logits = normals(createRandom(2), ROWS, LOGIT_STRIDE).values;

describe.each(BUILDS)('finish in WASM (%s)', (build) => {
  const run = async (rows: number, change: { hidden?: [number, number]; logits?: [number, number] } = {}) => {
    const backend = builds.get(build);
    if (!backend) return expect.unreachable();
    const executable = await backend.prepare(program, new Map());
    const inputs = { hidden: hidden.slice(), logits: logits.slice() };
    for (const name of ['hidden', 'logits'] as const) if (change[name]) inputs[name][change[name][0]] = change[name][1];
    try {
      return await executable.run(inputs, { tokens: 0, tableRows: 0, sequences: rows });
    } finally {
      executable.destroy();
    }
  };

  it.each([1, 37, ROWS])('hands over the logits of %i rows as they are', async (rows) => {
    const want = Array.from({ length: rows * LABELS }, (_, i) => logits[Math.floor(i / LABELS) * LOGIT_STRIDE + (i % LABELS)]);
    expect([...(await run(rows))]).toEqual(want);
  });

  it('finds NaN and both infinities, in hidden numbers and in logits, and names the row', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const inHidden = await rejectedBy(run(40, { hidden: [33 * STRIDE + 7, bad] }));
      expect([inHidden.code, inHidden.message]).toEqual(['non-finite', expect.stringMatching(/in row 33, got 1 that/)]);
      const inLogits = await rejectedBy(run(40, { logits: [39 * LOGIT_STRIDE + 2, bad] }));
      expect([inLogits.code, inLogits.message]).toEqual(['non-finite', expect.stringMatching(/in row 39, got 1 that/)]);
    }
  });

  it('looks at no padding and at no row beyond the run, and takes the largest finite number for finite', async () => {
    expect((await run(5, { hidden: [WIDTH, Number.NaN], logits: [LABELS, Number.NaN] })).length).toBe(5 * LABELS);
    expect((await run(5, { hidden: [5 * STRIDE, Number.NaN], logits: [5 * LOGIT_STRIDE, Number.NaN] })).length).toBe(5 * LABELS);
    expect((await run(1, { logits: [0, 3.4028234663852886e38] }))[0]).toBe(Math.fround(3.4028234663852886e38));
  });
});
