import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from '../support/gpu.ts';
import { describeTokenScores } from './token-scores-cases.ts';

describeTokenScores('token-scores', () => createWebgpuBackend({ gpu: softwareGpu() }));
