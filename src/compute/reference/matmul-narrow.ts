/** Twin of shaders/matmul-narrow.wgsl: all tilings mean the same product. */
export { matmul as matmulNarrow } from './matmul.ts';
