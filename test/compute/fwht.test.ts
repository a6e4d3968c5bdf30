import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from '../support/gpu.ts';
import { describeStages } from './fwht-cases.ts';

describeStages('fwht', () => createWebgpuBackend({ gpu: softwareGpu() }));
