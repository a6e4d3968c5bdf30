/** Twin of shaders/matmul-direct.wgsl: both tilings mean the same product. */
export { matmul as matmulDirect } from './matmul.ts';
