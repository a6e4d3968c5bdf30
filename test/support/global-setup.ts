import { unpackSwiftShader } from '../../src/cli/swiftshader.ts';

/** Test processes inherit this environment from their start, which is when the Vulkan loader reads it. */
export async function setup(): Promise<void> {
  const found = await unpackSwiftShader();
  if (found) Object.assign(process.env, found.env);
}
