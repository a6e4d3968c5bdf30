import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from '../support/gpu.ts';
import { describeRmsNorm } from './rms-norm-cases.ts';

describeRmsNorm('rms-norm-workgroup', () => createWebgpuBackend({ gpu: softwareGpu(), tiling: '64x64' }));
