/** Twin of shaders/attention-workgroup.wgsl: it is the same attention, whoever fetches the keys. */
export { attention as attentionWorkgroup } from './attention.ts';
