/** Twin of shaders/matmul-tiled.wgsl: both tilings mean the same product. */
export { matmul as matmulTiled } from './matmul.ts';
