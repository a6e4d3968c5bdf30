import { maskKey, maskStride } from '../core/masks.ts';
import type { Fit } from './spectrum.ts';

/** The mean of several fits of one function by weights that add up to 1: spectra are linear, so it predicts the mean of their predictions. */
export function averageFits(fits: readonly Fit[], weights: readonly number[]): Fit {
  const n = fits[0].spectrum.n;
  const stride = maskStride(n);
  const places = new Map<string, number>();
  const keys: number[] = [];
  const sums: number[] = [];
  const at = fits.map(({ spectrum }, f) => {
    const count = spectrum.coefficients.length;
    const list = { n, count, words: spectrum.keys };
    return Array.from({ length: count }, (_, k) => {
      const key = maskKey(list, k);
      let place = places.get(key);
      if (place === undefined) {
        place = sums.length;
        places.set(key, place);
        keys.push(...spectrum.keys.subarray(k * stride, (k + 1) * stride));
        sums.push(0);
      }
      sums[place] += weights[f] * spectrum.coefficients[k];
      return place;
    });
  });
  const parts = fits.map((fit, f) => {
    const terms = new Int32Array(sums.length).fill(-1);
    at[f].forEach((place, k) => {
      terms[place] = k;
    });
    return { fit, weight: weights[f], terms };
  });
  return {
    method: fits.map((f) => f.method).join('+'),
    spectrum: { n, keys: Uint32Array.from(keys), coefficients: Float64Array.from(sums) },
    factor: null,
    parts,
  };
}
