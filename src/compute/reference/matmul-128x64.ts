/** Twin of shaders/matmul-128x64.wgsl: all tilings mean the same product. */
export { matmul as matmul128x64 } from './matmul.ts';
