export { attention } from './attention';
export { finish } from './finish';
export { gate } from './gate';
export { gatherRows } from './gather-rows';
export { layerNorm } from './layer-norm';
export { matmul } from './matmul';
