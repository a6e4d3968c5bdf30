import { afterAll, beforeAll } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWasmBackend } from '../../src/compute/wasm/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { softwareGpu } from './gpu.ts';

/** A backend of each kind; the last two are there from the first test on, where `useBackends` was called. */
export const reference = createReferenceBackend();
export let wasm: Backend;
export let webgpu: Backend;

/** Opens the backends before the tests of a file, and closes them after. */
export function useBackends(): void {
  beforeAll(async () => {
    wasm = await createWasmBackend({ threads: 1 });
    webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
  });
  afterAll(() => {
    webgpu.destroy();
    wasm.destroy();
  });
}
