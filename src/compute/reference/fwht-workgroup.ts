/** Twin of shaders/fwht-workgroup.wgsl: whoever owns its numbers, it is the same transform. */
export { fwht as fwhtWorkgroup } from './fwht.ts';
