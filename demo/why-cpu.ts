import type { DeviceChoice, DeviceInfo } from '../src/text.ts';
import { ADVICE, strings } from './strings.ts';

/** The part of navigator.gpu that is used here. */
interface Gpu {
  requestAdapter(options: { powerPreference: 'high-performance' }): Promise<unknown>;
}

/** Never a silent fallback: why `auto` took no real GPU, and then no WebAssembly, in a sentence or two; empty where it had no need to. */
export async function whyCpu(device: DeviceInfo, asked: DeviceChoice): Promise<string> {
  if (asked !== 'auto' || (device.backend === 'webgpu' && !device.software)) return '';
  const gpu = strings.noGpu[await whyNoGpu()];
  return device.backend === 'wasm' ? `${gpu} ${strings.onCpu}` : `${gpu} ${ADVICE['no-wasm'].cause}`;
}

/** Asked only where no real GPU was taken: an adapter that is there all the same is a software one. */
async function whyNoGpu(): Promise<keyof typeof strings.noGpu> {
  if (!isSecureContext) return 'insecure-context';
  const { gpu } = navigator as { gpu?: Gpu };
  if (!gpu) return 'no-webgpu';
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  return adapter ? 'software' : 'no-adapter';
}
