import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from '../support/gpu.ts';
import { describeAttention } from './attention-cases.ts';

describeAttention('attention', () => createWebgpuBackend({ gpu: softwareGpu() }));
