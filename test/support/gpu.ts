import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);

const driver = process.env.VK_ICD_FILENAMES;

/** Dawn runs events of an instance whose object has been collected, and crashes: each is kept as long as the process. */
const kept: GPU[] = [];

/** Dawn on whatever driver the environment names now. */
export function openDawn(): GPU {
  const gpu = create([]);
  kept.push(gpu);
  return gpu;
}

/** Dawn on the software adapter whose place the global setup put into the environment. */
export function softwareGpu(): GPU {
  // A test of lavapipe in the same process names another driver.
  if (driver) process.env.VK_ICD_FILENAMES = driver;
  return openDawn();
}
