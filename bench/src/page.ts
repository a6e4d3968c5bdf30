import type { Contest, Engine } from './contest.ts';
import { SETUPS } from './setups.ts';

let contest: Contest | null = null;

/** What the runner calls in the page. */
const bench = {
  async open(name: string, sides: readonly string[]): Promise<readonly string[]> {
    const address = new URL(`ort/ort.${sides.includes('webgpu') ? 'webgpu' : 'wasm'}.min.mjs`, location.href).href;
    const web: Engine & { env: { wasm: { numThreads: number; wasmPaths: string } } } = await import(/* @vite-ignore */ address);
    web.env.wasm.numThreads = 1;
    web.env.wasm.wasmPaths = new URL('ort/', location.href).href;
    contest = await SETUPS[name]({ web, model: new URL('model/', location.href).href }, sides);
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
