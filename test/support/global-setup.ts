import { unpackSwiftShader } from '../../src/cli/swiftshader.ts';
import { lavapipeFolder } from './lavapipe.ts';

/** Test processes inherit this environment from their start, which is when libraries and the Vulkan loader read it. */
export async function setup(): Promise<void> {
  const found = await unpackSwiftShader();
  if (found) Object.assign(process.env, found.env);
  const lavapipe = lavapipeFolder();
  if (lavapipe) process.env.LD_LIBRARY_PATH = [process.env.LD_LIBRARY_PATH, lavapipe].filter(Boolean).join(':');
  else process.stderr.write('no lavapipe: tests of f16 and subgroups are skipped; test/support/fetch-lavapipe.sh fetches it\n');
}
