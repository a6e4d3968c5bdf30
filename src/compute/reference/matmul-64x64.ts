/** Twin of shaders/matmul-64x64.wgsl: all tilings mean the same product. */
export { matmul as matmul64x64 } from './matmul.ts';
