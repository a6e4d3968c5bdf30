import { WebspexError } from '../src/index.ts';
import {
  connectExplainer,
  type DeviceChoice,
  type Endpoint,
  env,
  type ProgressEvent,
  type RemoteExplainer,
  type Task,
} from '../src/text.ts';
import { GPU_SILENCE_S, SLOW_SILENCE_S, watchSilence } from './silence.ts';
import { workerStarter } from './trusted-worker.ts';
import workerAddress from './worker.ts?worker&url';

const startWorker = workerStarter(workerAddress);

export interface EngineChoice {
  /** Null: the embedded model. */
  readonly own: readonly File[] | string | null;
  /** Default: what the model is for. */
  readonly task?: Task;
  readonly device: DeviceChoice;
  readonly signal: AbortSignal;
  readonly onProgress: (event: ProgressEvent) => void;
}

/**
 * Starts the worker and loads in it a model from the reader's own files or of the hub, or the embedded one. A worker that
 * owes an answer and says nothing for too long is ended; what was asked of it fails with device-lost. @throws WebspexError whatever loading throws.
 */
export async function startEngine({ own, task, device, signal, onProgress }: EngineChoice): Promise<RemoteExplainer> {
  const worker = startWorker();
  let giveUp: (reason: string) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    giveUp = (reason) => reject(new WebspexError('device-lost', `engine: expected an answer, got ${reason}; load the model again`));
  });
  const watched = watchSilence(worker as Endpoint, SLOW_SILENCE_S, (reason) => giveUp(reason));
  try {
    // The page asks nobody but its own server, which passes on to the hub what concerns models.
    env.remoteHost = new URL('./hub/', document.baseURI).href;
    const model = own ?? new URL('./models/minilm-sst2/', document.baseURI).href;
    const connecting = connectExplainer(watched.endpoint, { model, task, device, signal, progress_callback: onProgress });
    const engine = await Promise.race([connecting, lost]);
    const { backend, software } = engine.device;
    if (backend === 'webgpu' && !software) watched.limitTo(GPU_SILENCE_S);
    giveUp = engine.fail;
    return engine;
  } catch (error) {
    watched.endpoint.terminate?.();
    throw error;
  }
}
