import { describe, expect, it } from 'vitest';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { rejectedBy } from '../model/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { lavapipeFolder, lavapipeGpu, NO_LAVAPIPE } from '../support/lavapipe.ts';
import { describeLayerNorm } from './layer-norm-cases.ts';

describeLayerNorm('layer-norm-subgroup, in subgroups of four', () => createWebgpuBackend({ gpu: softwareGpu(), subgroups: true }));

describe.skipIf(!lavapipeFolder())(`on lavapipe${NO_LAVAPIPE}`, () => {
  describeLayerNorm('layer-norm-subgroup, in subgroups of eight', () => createWebgpuBackend({ gpu: lavapipeGpu(), subgroups: true }));
});

describe('subgroups', () => {
  it('are refused by name where the runtime knows none', async () => {
    const gpu = softwareGpu();
    Object.defineProperty(gpu, 'wgslLanguageFeatures', { value: new Set() });
    const error = await rejectedBy(createWebgpuBackend({ gpu, subgroups: true }));
    expect([error.code, error.message]).toEqual([
      'no-adapter',
      expect.stringMatching(/with subgroup_id, got SwiftShader.* leave subgroups out/),
    ]);
  });
});
