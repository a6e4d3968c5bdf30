import { type Mark, mark } from '../mark.ts';

/** In a box of 8 × 8; a path and not a letter, because not every font has the triangles. */
export const TRIANGLE = { toward: 'M0 7.5H8L4 0.5Z', away: 'M0 0.5H8L4 7.5Z' } as const;

/** ▲ toward the target, ▼ away from it: sign is never colour alone. */
export function signMark(value: number): Mark {
  return mark('svg', { class: 'sign', viewBox: '0 0 8 8', 'aria-hidden': 'true' }, mark('path', { d: trianglePath(value) }));
}

export function trianglePath(value: number): string {
  return value < 0 ? TRIANGLE.away : TRIANGLE.toward;
}
