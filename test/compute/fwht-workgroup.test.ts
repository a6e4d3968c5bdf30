import { describe } from 'vitest';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from '../support/gpu.ts';
import { lavapipeFolder, lavapipeGpu, NO_LAVAPIPE } from '../support/lavapipe.ts';
import { describeStages, FEW_SHAPES } from './fwht-cases.ts';

describeStages('fwht-workgroup', () => createWebgpuBackend({ gpu: softwareGpu(), tiling: '64x64' }), FEW_SHAPES);

describe.skipIf(!lavapipeFolder())(`on lavapipe${NO_LAVAPIPE}`, () => {
  describeStages('fwht-workgroup', () => createWebgpuBackend({ gpu: lavapipeGpu(), tiling: '64x64' }));
});
