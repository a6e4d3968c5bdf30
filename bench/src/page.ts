import type { CausalFile, Contest, Engine } from './contest.ts';
import { setupOf } from './setups.ts';

let contest: Contest | null = null;

/** What the runner calls in the page. */
const bench = {
  async open(name: string, sides: readonly string[], causalFile?: string): Promise<readonly string[]> {
    const address = new URL(`ort/ort.${sides.includes('webgpu') ? 'webgpu' : 'wasm'}.min.mjs`, location.href).href;
    const web: Engine & { env: { wasm: { numThreads: number; wasmPaths: string } } } = await import(/* @vite-ignore */ address);
    web.env.wasm.numThreads = 1;
    web.env.wasm.wasmPaths = new URL('ort/', location.href).href;
    const at = (folder: string) => new URL(folder, location.href).href;
    const causal: CausalFile | undefined = causalFile === undefined ? undefined : { folder: at('causal/'), file: causalFile };
    contest = await setupOf(name)({ web, model: at('model/'), causal, wllama: at('wllama/') }, sides);
    return contest.sides;
  },
  warm: (side: string) => opened().warm(side),
  run: (side: string) => opened().run(side),
  apart: (side: string) => opened().apart(side),
  facts: () => opened().facts(),
  close: () => opened().close(),
};

function opened(): Contest {
  if (!contest) throw new Error('page: expected an open contest, got none');
  return contest;
}

export type PageBench = typeof bench;
Object.assign(globalThis, { bench });
