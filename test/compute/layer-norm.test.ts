import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from '../support/gpu.ts';
import { describeLayerNorm } from './layer-norm-cases.ts';

describeLayerNorm('layer-norm', () => createWebgpuBackend({ gpu: softwareGpu(), tiling: 'direct' }));
