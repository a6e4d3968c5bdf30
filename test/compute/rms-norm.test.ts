import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from '../support/gpu.ts';
import { describeRmsNorm } from './rms-norm-cases.ts';

describeRmsNorm('rms-norm', () => createWebgpuBackend({ gpu: softwareGpu() }));
