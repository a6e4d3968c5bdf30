import { afterAll, beforeAll } from 'vitest';
import type { Backend } from '../../../src/compute/backend.ts';
import { createReferenceBackend } from '../../../src/compute/reference/backend.ts';
import { createWasmBackend } from '../../../src/compute/wasm/backend.ts';
import type { Build } from '../../../src/compute/wasm/compile.ts';
import { excess, type KernelCase, runKernel } from '../support.ts';

export const BUILDS: readonly Build[] = ['plain', 'relaxed'];
export const reference = createReferenceBackend();

/** The builds on the calling thread, open while the tests of a file run. */
export function bothBuilds(): Map<Build, Backend> {
  const open = new Map<Build, Backend>();
  beforeAll(async () => {
    for (const build of BUILDS) open.set(build, await createWasmBackend({ build, threads: 1 }));
  });
  afterAll(() => {
    for (const backend of open.values()) backend.destroy();
  });
  return open;
}

/** How far both builds are from the float64 twin: at most 1 where all is within tolerance, by build. */
export async function apart(
  builds: ReadonlyMap<Build, Backend>,
  given: KernelCase,
  tolerance: { absolute: number; relative: number },
): Promise<[Build, number][]> {
  const want = await runKernel(reference, given);
  const out: [Build, number][] = [];
  for (const [build, backend] of builds)
    out.push([build, excess(await runKernel(backend, given), want, tolerance.absolute, tolerance.relative)]);
  return out;
}

/** Those of `apart` that are beyond tolerance: none, where all is well. */
export async function beyond(...given: Parameters<typeof apart>): Promise<[Build, number][]> {
  return (await apart(...given)).filter(([, most]) => !(most <= 1));
}
