import { join } from 'node:path';
import { unpackSwiftShader } from '../../src/cli/swiftshader.ts';

/** What a process needs from its start to find software Vulkan drivers, and where those are that this machine has. */
export async function environment(): Promise<Record<string, string>> {
  const { lavapipeFolder } = await import('../../test/support/lavapipe.ts');
  const swiftShader = await unpackSwiftShader();
  if (!swiftShader) return {};
  const lavapipe = lavapipeFolder();
  return {
    LD_LIBRARY_PATH: [swiftShader.env.LD_LIBRARY_PATH, lavapipe].filter(Boolean).join(':'),
    BENCH_SWIFTSHADER: swiftShader.icdFile,
    ...(lavapipe && { BENCH_LAVAPIPE: join(lavapipe, 'lvp_icd.json') }),
  };
}
