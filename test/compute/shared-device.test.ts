import { describe, expect, it } from 'vitest';
import { openBackend } from '../../src/compute/open.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { openDevice } from '../../src/compute/webgpu/device.ts';
import { rejectedBy } from '../model/support.ts';
import { softwareGpu } from '../support/gpu.ts';

async function pageDevice(): Promise<GPUDevice> {
  return (await (await softwareGpu().requestAdapter())?.requestDevice()) as GPUDevice;
}

describe('a device that the page has', () => {
  it('is used, named as one of our own would be, and left open', async () => {
    const device = await pageDevice();
    const shared = await openDevice({ device });
    expect(shared.device).toBe(device);
    const own = await openDevice({ gpu: softwareGpu() });
    expect(shared.info).toEqual(own.info);
    own.destroy();
    shared.destroy();
    expect(shared.failure()?.code).toBe('device-lost');
    device.createBuffer({ size: 16, usage: 8 }).destroy();
    const backend = await createWebgpuBackend({ device });
    backend.destroy();
    const lost = await Promise.race([device.lost, new Promise((resolve) => setTimeout(resolve, 20, 'open'))]);
    expect(lost).toBe('open');
    device.destroy();
  });

  it('is refused where it is lost already', async () => {
    const device = await pageDevice();
    device.destroy();
    await device.lost;
    expect((await rejectedBy(openDevice({ device }))).code).toBe('device-lost');
  });

  it('is refused without a feature that is wanted, where software will not do, and beside another device', async () => {
    const device = await pageDevice();
    expect(await rejectedBy(openDevice({ device, features: ['shader-f16'] }))).toMatchObject({
      code: 'no-adapter',
      message: expect.stringMatching(/expected an adapter with shader-f16, got .* without; use dtype fp32/),
    });
    expect((await rejectedBy(openDevice({ device, allowSoftware: false }))).message).toMatch(/expected a hardware adapter/);
    expect(await rejectedBy(openBackend('wasm', { gpuDevice: device }))).toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/gpuDevice: expected device webgpu or auto beside it, got wasm/),
    });
    device.destroy();
  });

  it('makes no result of ours after an error that nobody caught', async () => {
    const device = await pageDevice();
    const shared = await openDevice({ device });
    device.addEventListener('uncapturederror', (event) => event.preventDefault());
    device.createBuffer({ size: 16, usage: 0x7fff });
    await device.queue.onSubmittedWorkDone();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(shared.failure()?.code).toBe('self-check');
    shared.destroy();
    device.destroy();
  });
});
