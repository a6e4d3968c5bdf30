import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Backend } from '../../../src/compute/backend.ts';
import { openBackend } from '../../../src/compute/open.ts';
import { rejectedBy } from '../../model/support.ts';
import { softwareGpu } from '../../support/gpu.ts';

const opened: Backend[] = [];
const open = async (...given: Parameters<typeof openBackend>) => {
  const backend = await openBackend(...given);
  opened.push(backend);
  return backend.info;
};
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  for (const backend of opened.splice(0)) backend.destroy();
});

const none = { requestAdapter: async () => null } as unknown as GPU;
/** As a content security policy without 'wasm-unsafe-eval' refuses it. */
const refuseWasm = () =>
  vi.spyOn(WebAssembly, 'compile').mockRejectedValue(new WebAssembly.CompileError('violates the Content Security Policy directive'));

describe('opening a backend by the name auto', () => {
  it('takes WebAssembly before a software adapter, which is only taken where webgpu is asked for', async () => {
    const gpu = softwareGpu();
    expect(await open('auto', { gpu, threads: 1 })).toMatchObject({ backend: 'wasm', software: false });
    expect(await open('webgpu', { gpu })).toMatchObject({ backend: 'webgpu', software: true });
  });

  it('takes WebAssembly where there is no adapter, no WebGPU or no secure page', async () => {
    expect((await open('auto', { gpu: none, threads: 1 })).backend).toBe('wasm');
    vi.stubGlobal('navigator', {});
    expect((await open('auto', { threads: 1 })).backend).toBe('wasm');
    vi.stubGlobal('isSecureContext', false);
    expect((await open('auto', { threads: 1 })).backend).toBe('wasm');
  });

  it('goes on to a software adapter, and then to float64, where WebAssembly is refused', async () => {
    refuseWasm();
    expect((await open('auto', { gpu: softwareGpu() })).backend).toBe('webgpu');
    expect((await open('auto', { gpu: none })).backend).toBe('reference');
    const error = await rejectedBy(openBackend('wasm'));
    expect([error.code, error.message]).toEqual(['no-wasm', expect.stringContaining("allow 'wasm-unsafe-eval'")]);
    vi.stubGlobal('WebAssembly', undefined);
    expect((await open('auto', { gpu: none })).backend).toBe('reference');
    expect((await rejectedBy(openBackend('wasm'))).code).toBe('no-wasm');
  });

  it('hides no failure of a GPU that is there', async () => {
    const info = { vendor: 'v', architecture: '', device: '', description: '' };
    const broken = { requestAdapter: async () => ({ info, requestDevice: () => Promise.reject(new Error('no')) }) } as unknown as GPU;
    expect((await rejectedBy(openBackend('auto', { gpu: broken }))).code).toBe('device-lost');
  });

  it('is one of four names', async () => {
    expect((await open('wasm', { threads: 1 })).backend).toBe('wasm');
    expect((await open('reference')).backend).toBe('reference');
    expect((await rejectedBy(openBackend('cuda' as 'auto'))).message).toContain('auto, webgpu, wasm, reference, got cuda');
  });
});
