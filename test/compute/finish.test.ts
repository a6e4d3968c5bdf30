import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend, Executable } from '../../src/compute/backend.ts';
import type { Program } from '../../src/compute/program.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { finish } from '../../src/compute/reference/finish.ts';
import { readStamped } from '../../src/compute/stamp.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { createRandom } from '../../src/core/random.ts';
import { rejectedBy, thrownBy } from '../model/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { normals } from './support.ts';

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

let webgpu: Backend;
const reference = createReferenceBackend();
const executables: [string, Executable][] = [];
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
  for (const backend of [reference, webgpu]) executables.push([backend.info.backend, await backend.prepare(program, new Map())]);
});
afterAll(() => {
  for (const [, executable] of executables) executable.destroy();
  webgpu.destroy();
});

const hidden = normals(createRandom(1), ROWS, STRIDE).values;
const logits = normals(createRandom(2), ROWS, LOGIT_STRIDE).values;
const run = (executable: Executable, sequences: number, change: { hidden?: [number, number][]; logits?: [number, number][] } = {}) => {
  const inputs = { hidden: hidden.slice(), logits: logits.slice() };
  for (const name of ['hidden', 'logits'] as const) for (const [at, value] of change[name] ?? []) inputs[name][at] = value;
  return executable.run(inputs, { tokens: 0, tableRows: 0, sequences });
};

describe('finish', () => {
  it.each([1, 37, ROWS])('hands over the logits of %i rows as they are, in WGSL and in its twin', async (rows) => {
    const want = Array.from({ length: rows * LABELS }, (_, i) => logits[Math.floor(i / LABELS) * LOGIT_STRIDE + (i % LABELS)]);
    for (const [, executable] of executables) expect([...(await run(executable, rows))]).toEqual(want);
  });

  it('counts NaN and both infinities, in hidden numbers and in logits, and names the first row', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      for (const [, executable] of executables) {
        const inHidden = await rejectedBy(
          run(executable, 40, {
            hidden: [
              [33 * STRIDE + 7, bad],
              [35 * STRIDE, bad],
            ],
          }),
        );
        expect([inHidden.code, inHidden.message]).toEqual(['non-finite', expect.stringMatching(/in row 33, got 1 that/)]);
        const inLogits = await rejectedBy(
          run(executable, 40, {
            logits: [
              [LOGIT_STRIDE * 39, bad],
              [LOGIT_STRIDE * 39 + 2, bad],
            ],
          }),
        );
        expect([inLogits.code, inLogits.message]).toEqual(['non-finite', expect.stringMatching(/in row 39, got 2 that/)]);
      }
  });

  it('looks at no padding and at no row beyond the run', async () => {
    for (const [, executable] of executables) {
      const change = {
        hidden: [
          [WIDTH, Number.NaN],
          [STRIDE * 5, Number.NaN],
        ],
        logits: [[LABELS, Number.NaN]],
      } satisfies Parameters<typeof run>[2];
      expect((await run(executable, 5, change as never)).length).toBe(5 * LABELS);
    }
  });

  it('takes the largest and the smallest finite numbers for finite', async () => {
    const largest = 3.4028234663852886e38;
    const edges: [number, number][] = [
      [0, largest],
      [1, -largest],
      [2, -0],
    ];
    for (const [, executable] of executables) {
      const out = await run(executable, 1, {
        logits: edges,
        hidden: [
          [0, 1e-45],
          [1, largest],
        ],
      });
      expect([...out]).toEqual([Math.fround(largest), -Math.fround(largest), -0]);
    }
  });

  it('stamps every row with the number of the run, which a reader takes no row without', () => {
    const output = new Float64Array(2 * (LABELS + 2));
    const call = {
      buffers: { hidden, logits, output },
      constants: { WIDTH, LABELS },
      params: { hiddenStride: STRIDE, logitStride: LOGIT_STRIDE },
    };
    finish({ ...call, rows: 2, serial: 7 });
    expect([output[LABELS], output[2 * LABELS + 2]]).toEqual([7, 7]);
    const read = (serial: number) =>
      readStamped(
        2,
        LABELS,
        serial,
        (i) => output[i],
        (i) => output[i],
      );
    expect(read(7).length).toBe(2 * LABELS);
    const stale = thrownBy(() => read(8));
    expect([stale.code, stale.message]).toEqual(['device-lost', expect.stringMatching(/row 0 stamped 8, got 7/)]);
    finish({ ...call, rows: 1, serial: 8 });
    expect(thrownBy(() => read(8)).message).toMatch(/row 1 stamped 8, got 7/);
  });
});
