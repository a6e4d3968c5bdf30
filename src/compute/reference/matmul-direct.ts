/** Twin of shaders/matmul-direct.wgsl: all tilings mean the same product. */
export { matmul as matmulDirect } from './matmul.ts';
