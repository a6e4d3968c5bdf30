import { isPresent, type Masks } from '../../src/index.ts';

export * from '../../src/index.ts';

/** The mask as a string of 0 and 1. */
export function maskKeyOf(masks: Masks, r: number): string {
  return Array.from({ length: masks.n }, (_, i) => (isPresent(masks, r, i) ? '1' : '0')).join('');
}
