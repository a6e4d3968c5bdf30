import { type Masks, maskStride } from '../core/masks.ts';
import { ridgeRefit } from '../spectrum/refit.ts';
import { checkValues, type DecodeOptions, type Fit } from '../spectrum/spectrum.ts';
import { createCorrelator } from './correlate-wasm.ts';
import { greedy } from './greedy.ts';
import { soften } from './posterior.ts';
import { scattered } from './scattered.ts';

/**
 * Hierarchical greedy pursuit of a sparse spectrum up to degree 5, then posterior means: frequencies enter by single players, pairs, and
 * chosen frequencies with one player more, each only if its evidence z² = ⟨χ, r⟩²/(Nσ²) exceeds a Bayesian cost that depends on its degree
 * and on whether its players are in use already; around that support a spike-and-slab posterior weighs every doubtful frequency by its
 * probability. Where all that leaves a fifth of the variance, every frequency up to degree 3 or 4 is screened as long as that is affordable.
 * Nothing is cross-validated inside.
 * @throws usage where masks and values do not match, non-finite where a value is not a number.
 */
export async function pursuit(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  checkValues(masks, values);
  const { n, count } = masks;
  let mean = 0;
  for (let r = 0; r < count; r++) mean += values[r];
  mean /= count;
  let variance = 0;
  for (let r = 0; r < count; r++) variance += (values[r] - mean) ** 2 / count;
  const scale = Math.sqrt(variance);
  // A constant, up to the rounding of its own mean.
  if (!(scale > 1e-12 * Math.abs(mean)))
    return {
      method: 'pursuit',
      spectrum: { n, keys: new Uint32Array(maskStride(n)), coefficients: Float64Array.of(mean) },
      factor: Float64Array.of(Math.sqrt(count)),
    };
  const rows = { masks, y: Float64Array.from({ length: count }, (_, r) => (values[r] - mean) / scale) };
  const correlator = createCorrelator(masks);
  const start = await scattered(rows, correlator, await greedy(rows, correlator, options), options);
  const found = await soften(rows, correlator, start, options);
  const penalties = Float64Array.from([0, ...found.map((t) => t.penalty)]);
  const keys = keysOf([[], ...found.map((t) => t.members)], n);
  const { spectrum } = ridgeRefit(masks, rows.y, keys, penalties);
  const { factor } = ridgeRefit(masks, rows.y, keys, Float64Array.from([0, ...found.map((t) => t.doubt)]));
  for (let k = 0; k < spectrum.coefficients.length; k++) spectrum.coefficients[k] *= scale;
  spectrum.coefficients[0] += mean;
  return { method: 'pursuit', spectrum, factor };
}

function keysOf(frequencies: readonly (readonly number[])[], n: number): Uint32Array {
  const stride = maskStride(n);
  const keys = new Uint32Array(frequencies.length * stride);
  for (const [k, members] of frequencies.entries()) for (const i of members) keys[k * stride + (i >> 5)] |= 1 << (i & 31);
  return keys;
}
