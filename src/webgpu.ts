export type { Backend, BackendLimits, DeviceInfo, Executable } from './compute/backend.ts';
export { DEVICES, type OpenOptions, openBackend } from './compute/open.ts';
export { createReferenceBackend } from './compute/reference/backend.ts';
export { createRowTransform, type RowTransform, transformRows } from './compute/transform.ts';
export { createWasmBackend, type WasmOptions } from './compute/wasm/backend.ts';
export { createWebgpuBackend, type WebgpuOptions } from './compute/webgpu/backend.ts';
export { type AdapterFacts, adapterFacts, type DeviceOptions, describeAdapter } from './compute/webgpu/device.ts';
export { type TileMemory, timeTilings } from './compute/webgpu/tiles.ts';
export { type TransformTimes, timeTransform } from './compute/webgpu/time-transform.ts';
