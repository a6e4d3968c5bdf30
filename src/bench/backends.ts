import type { DeviceInfo } from '../compute/backend.ts';
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

/** What can run the embedded model, the quickest first: a real GPU, WebAssembly, a software GPU, the float64 reference; a GPU in f16 last. */
export function embeddedBackends({ open, gpu, model = EMBEDDED_MODEL, device = 'auto', dtype }: Place): BenchContext['backends'] {
  const load = async (name: DeviceInfo['backend'], half: boolean) => {
    const backend = await openBackend(name, { ...open, dtype: half ? 'f16' : 'f32' });
    const loaded = await loadClassifier(openSource(model), { backend });
    return {
      ...loaded,
      destroy() {
        loaded.destroy();
        backend.destroy();
      },
    };
  };
  const half = { name: 'webgpu-fp16', load: () => load('webgpu', true) };
  if (dtype === 'fp16') return [half];
  const names: readonly DeviceInfo['backend'][] = [
    ...(gpu && !gpu.software ? (['webgpu'] as const) : []),
    'wasm',
    ...(gpu?.software ? (['webgpu'] as const) : []),
    'reference',
  ];
  const asked = names.filter((name) => device === 'auto' || name === device);
  // Software is slow enough at one.
  const both = dtype === undefined && gpu && !gpu.software && gpu.half && asked.includes('webgpu');
  return [...asked.map((name) => ({ name, load: () => load(name, false) })), ...(both ? [half] : [])];
}
