import { describe, expect, it } from 'vitest';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from '../support/gpu.ts';
import { lavapipeFolder, lavapipeGpu, NO_LAVAPIPE } from '../support/lavapipe.ts';
import { attentionCase, describeAttention, type Shape } from './attention-cases.ts';
import { runKernel } from './support.ts';

/** Sequences that end within a workgroup's 64 rows, at its end and beyond it; keys on every side of sixteen. */
const LONG: Shape = { heads: 2, width: 36, lengths: [64, 63, 1, 65, 17, 15, 16] };

// A little on SwiftShader, which compiles barriers slowly.
describeAttention('attention-workgroup', () => createWebgpuBackend({ gpu: softwareGpu(), tiling: '64x64' }), [
  { heads: 2, width: 8, lengths: [2, 1, 17, 5] },
  { heads: 6, keyHeads: 3, width: 8, lengths: [5, 18] },
]);

describe.skipIf(!lavapipeFolder())(`attention-workgroup on lavapipe${NO_LAVAPIPE}`, () => {
  describeAttention('of long sequences and heads of 64', () => createWebgpuBackend({ gpu: lavapipeGpu(), tiling: '64x64' }), [
    LONG,
    { heads: 1, width: 64, lengths: [33] },
  ]);

  it('gives the bits of the kernel without barriers, so that a sequence’s result hangs on no other', async () => {
    const { given } = attentionCase(LONG);
    const outputs: Float32Array[] = [];
    for (const tiling of ['direct', '64x64'] as const) {
      const backend = await createWebgpuBackend({ gpu: lavapipeGpu(), tiling });
      outputs.push(await runKernel(backend, given));
      backend.destroy();
    }
    expect([...outputs[1]]).toEqual([...outputs[0]]);
  });
});
