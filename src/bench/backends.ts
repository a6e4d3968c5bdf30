import type { Backend, DeviceInfo } from '../compute/backend.ts';
import { type DeviceChoice, type OpenOptions, openBackend } from '../compute/open.ts';
import { EMBEDDED_MODEL } from '../embedded.ts';
import { loadClassifier } from '../model/load.ts';
import { openSource } from '../model/source.ts';
import type { BenchContext } from './harness.ts';

export interface Place {
  /** Where a GPU is got from, and its tiles remembered. */
  readonly open?: Omit<OpenOptions, 'dtype'>;
  /** The adapter that is there, and whether it has shader-f16; null for none. */
  readonly gpu: { readonly software: boolean; readonly half: boolean } | null;
  /** Folder or address of the embedded model, where it lies elsewhere than in the package. */
  readonly model?: string | URL;
  /** This backend only; `auto`, the default: each that there is. */
  readonly device?: DeviceChoice;
  /** The GPU in this precision only; default every one that it has. */
  readonly dtype?: 'fp32' | 'fp16';
}

/** What a benchmark measures on: a backend, or a GPU in half precision. */
export type BackendName = DeviceInfo['backend'] | 'webgpu-fp16';

/** A model on a backend of its own, which goes with it. */
export async function loadOn<M extends { destroy(): void }>(
  name: BackendName,
  open: Place['open'],
  load: (backend: Backend) => Promise<M>,
): Promise<M> {
  const half = name === 'webgpu-fp16';
  const backend = await openBackend(half ? 'webgpu' : name, { ...open, dtype: half ? 'f16' : 'f32' });
  try {
    const loaded = await load(backend);
    return {
      ...loaded,
      destroy() {
        loaded.destroy();
        backend.destroy();
      },
    };
  } catch (error) {
    backend.destroy();
    throw error;
  }
}

/** What can run the embedded model, the quickest first: a real GPU, WebAssembly, a software GPU, the float64 reference; a GPU in f16 last. */
export function embeddedBackends({ open, gpu, model = EMBEDDED_MODEL, device = 'auto', dtype }: Place): BenchContext['backends'] {
  const on = (name: BackendName) => ({
    name,
    load: () => loadOn(name, open, (backend) => loadClassifier(openSource(model), { backend })),
  });
  if (dtype === 'fp16') return [on('webgpu-fp16')];
  const names: readonly DeviceInfo['backend'][] = [
    ...(gpu && !gpu.software ? (['webgpu'] as const) : []),
    'wasm',
    ...(gpu?.software ? (['webgpu'] as const) : []),
    'reference',
  ];
  const asked = names.filter((name) => device === 'auto' || name === device);
  // Software is slow enough at one.
  const both = dtype === undefined && gpu && !gpu.software && gpu.half && asked.includes('webgpu');
  return [...asked.map(on), ...(both ? [on('webgpu-fp16')] : [])];
}
