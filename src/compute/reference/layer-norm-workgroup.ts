/** Twin of shaders/layer-norm-workgroup.wgsl: however its sums are formed, it is the same norm. */
export { layerNorm as layerNormWorkgroup } from './layer-norm.ts';
