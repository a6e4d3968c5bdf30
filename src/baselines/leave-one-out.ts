import { WebspexError } from '../core/errors.ts';
import { createMasks, lastWordBits, type Masks, maskKey, maskStride, sliceMasks } from '../core/masks.ts';
import { checkValues, type Fit } from '../spectrum/spectrum.ts';
import { ends } from './kernelshap.ts';
import { polynomialBasis, polynomialFit } from './polynomial.ts';

/** The n masks that lack one player each, players in order. */
function withoutOne(n: number): Masks {
  const stride = maskStride(n);
  const masks = createMasks(n, n);
  for (let r = 0; r < n; r++) {
    for (let w = 0; w < stride; w++) masks.words[r * stride + w] = w === stride - 1 ? lastWordBits(n) : 0xffffffff;
    masks.words[r * stride + (r >> 5)] ^= 1 << (r & 31);
  }
  return masks;
}

/** The masks of leave-one-out beside the full and the empty one. */
export function leaveOneOutMasks(n: number, count: number): Masks {
  return sliceMasks(withoutOne(n), 0, n === 1 ? 0 : Math.min(n, count));
}

/**
 * What the whole loses with each player, f(N) − f(N ∖ i), and the additive function that these make down from the full mask. Differences of
 * evaluations: no sampling error. @throws usage where one of those masks is missing, non-finite where a value is not a number.
 */
export async function leaveOneOut(masks: Masks, values: ArrayLike<number>): Promise<Fit> {
  checkValues(masks, values);
  const { n } = masks;
  const { full } = ends(masks, values);
  const places = new Map(Array.from({ length: masks.count }, (_, r) => [maskKey(masks, r), r]));
  const without = withoutOne(n);
  const effects = Array.from({ length: n }, (_, i) => {
    const r = places.get(maskKey(without, i));
    if (r === undefined)
      throw new WebspexError('usage', `leave-one-out: expected the mask without player ${i}, got none; pass leaveOneOutMasks too`);
    return full - values[r];
  });
  const base = full - effects.reduce((a, b) => a + b, 0);
  return polynomialFit('leave-one-out', polynomialBasis(n, 1), [base, ...effects], new Float64Array(0));
}
