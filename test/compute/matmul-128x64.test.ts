import { describe, expect, it } from 'vitest';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { lavapipeFolder, lavapipeGpu, NO_LAVAPIPE } from '../support/lavapipe.ts';
import { productCase } from './matmul-cases.ts';
import { CROOKED, describeTiling } from './matmul-tiles.ts';
import { runKernel } from './support.ts';

describeTiling('128x64');

describe.skipIf(!lavapipeFolder())(`tiles through workgroup memory${NO_LAVAPIPE}`, () => {
  it('give the same bits whatever their size, so that the winner of a race changes no result', async () => {
    const { given } = productCase(CROOKED, 8);
    const outputs: Float32Array[] = [];
    for (const tiling of ['64x64', '128x64'] as const) {
      const backend = await createWebgpuBackend({ gpu: lavapipeGpu(), tiling });
      outputs.push(await runKernel(backend, given));
      backend.destroy();
    }
    expect([...outputs[0]]).toEqual([...outputs[1]]);
  });
});
