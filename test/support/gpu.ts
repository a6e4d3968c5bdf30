import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);

/** Dawn on the software adapter whose place the global setup put into the environment. */
export function softwareGpu(): GPU {
  return create([]);
}
