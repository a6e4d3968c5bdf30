/** Twin of shaders/token-scores-workgroup.wgsl: however its sums are formed, they are the same scores. */
export { tokenScores as tokenScoresWorkgroup } from './token-scores.ts';
