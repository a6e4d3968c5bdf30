/** Twin of shaders/rms-norm-workgroup.wgsl: however its sums are formed, it is the same norm. */
export { rmsNorm as rmsNormWorkgroup } from './rms-norm.ts';
