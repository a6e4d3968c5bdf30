import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/compute/backend.ts';
import { createReferenceBackend } from '../../../src/compute/reference/backend.ts';
import { createWasmBackend } from '../../../src/compute/wasm/backend.ts';
import { createWebgpuBackend } from '../../../src/compute/webgpu/backend.ts';
import { excess } from '../../compute/support.ts';
import { softwareGpu } from '../../support/gpu.ts';
import { FOLDERS, golden, scored, tinyCausal, tinyParts } from './support.ts';

/** Both in float64, but weights with 1/√(head size) and what is read back are rounded to float32, and so are angles, there too. */
const FLOAT64 = { absolute: 5e-6, relative: 1e-6 };
/** A few layers in float32. */
const FLOAT32 = { absolute: 1e-4, relative: 0 };

let webgpu: Backend;
let wasm: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
  wasm = await createWasmBackend({ threads: 1 });
});
afterAll(() => {
  webgpu.destroy();
  wasm.destroy();
});

describe('the forward pass of a decoder', () => {
  it.each(FOLDERS)(
    'of %s gives every token the log-probability that PyTorch does, and names the likeliest, on all backends',
    async (folder) => {
      const { rows } = golden[folder];
      const parts = tinyParts(folder);
      for (const [backend, { absolute, relative }] of [
        [reference, FLOAT64],
        [wasm, FLOAT32],
        [webgpu, FLOAT32],
      ] as const) {
        const model = await tinyCausal(backend, parts);
        const got = await model.score(scored(rows.map(({ ids }) => ids)));
        expect(
          excess(
            got.logProbs,
            rows.flatMap(({ logProbs }) => logProbs),
            absolute,
            relative,
          ),
          backend.info.backend,
        ).toBeLessThanOrEqual(1);
        expect([...got.best]).toEqual(rows.flatMap(({ best }) => best));
        model.destroy();
      }
    },
  );
});
