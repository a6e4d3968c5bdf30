import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);

const driver = process.env.VK_ICD_FILENAMES;

/** Dawn on the software adapter whose place the global setup put into the environment. */
export function softwareGpu(): GPU {
  // A test of lavapipe in the same process names another driver.
  if (driver) process.env.VK_ICD_FILENAMES = driver;
  return create([]);
}
