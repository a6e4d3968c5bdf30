/** Twin of shaders/layer-norm-subgroup.wgsl: however its sums are formed, it is the same norm. */
export { layerNorm as layerNormSubgroup } from './layer-norm.ts';
