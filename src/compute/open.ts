import { WebspexError } from '../core/errors.ts';
import type { Backend } from './backend.ts';
import { createReferenceBackend } from './reference/backend.ts';
import { createWebgpuBackend } from './webgpu/backend.ts';

/**
 * The backend a user asked for. `auto`: WebGPU where there is an adapter, else float64 on the CPU; which one it became is in its info.
 * @throws usage, insecure-context, no-webgpu, no-adapter, device-lost.
 */
export async function openBackend(device: 'auto' | 'webgpu' | 'reference', options: { gpu?: GPU } = {}): Promise<Backend> {
  switch (device) {
    case 'reference':
      return createReferenceBackend();
    case 'webgpu':
      return createWebgpuBackend(options);
    case 'auto':
      try {
        return await createWebgpuBackend(options);
      } catch (error) {
        if (error instanceof WebspexError && ['no-webgpu', 'no-adapter', 'insecure-context'].includes(error.code))
          return createReferenceBackend();
        throw error;
      }
    default:
      throw new WebspexError('usage', `device: expected auto, webgpu or reference, got ${String(device)}; name one of them`);
  }
}
