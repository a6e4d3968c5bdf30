import { connectExplainer, type DeviceChoice, type Endpoint, type ProgressEvent, type RemoteExplainer } from '../src/text.ts';
import workerAddress from './worker.ts?worker&url';

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/** The page's one Trusted Types policy: it lets through the address of its own worker, as the bundler wrote it, and nothing else. */
const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('webspex-worker', {
  createScriptURL(url) {
    if (url !== workerAddress) throw new TypeError(`worker: expected ${workerAddress}, got another address`);
    return url;
  },
});

/** Starts the worker and loads the embedded model in it. @throws WebspexError whatever loading throws. */
export async function startEngine(device: DeviceChoice, onProgress: (event: ProgressEvent) => void): Promise<RemoteExplainer> {
  const worker = new Worker(policy ? policy.createScriptURL(workerAddress) : workerAddress, { type: 'module' });
  try {
    const model = new URL('./models/minilm-sst2/', document.baseURI).href;
    return await connectExplainer(worker as Endpoint, { model, device, progress_callback: onProgress });
  } catch (error) {
    worker.terminate();
    throw error;
  }
}
