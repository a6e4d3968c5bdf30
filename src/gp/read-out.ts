import { isPresent, type Masks, maskStride, pickMasks } from '../core/masks.ts';
import { fwht } from '../spectrum/fwht.ts';
import { breathingRefit } from '../spectrum/refit.ts';
import { evaluateSpectrum, type Spectrum } from '../spectrum/spectrum.ts';
import { characterSums, keysOf, likelyFrequencies, type Members } from './frequencies.ts';
import { latentCoefficients } from './latent.ts';
import type { Process } from './process.ts';
import type { Surface } from './surface.ts';

/** Terms are kept, largest first, until less than this share of the variance is left out, and no more than so many. */
const LEFT_OUT = 5e-4;
const MOST_TERMS = 500;
/** Most terms of one kind in a regression, and the least correlation of each, in standard errors. */
const MOST_REGRESSED = 300;
const LEAST_EVIDENCE = 2;
/** Masks on which what is left out is measured, where not all of them are listed. */
const CHECKED = 2048;

/** A sparse spectrum of the surface: its own transform where it is complete, else that of the latent function and what the warp makes of it. */
export async function readOut(process: Process, surface: Surface, breathe?: () => Promise<void>): Promise<Spectrum> {
  return surface.complete ? transformed(surface) : composed(process, surface, breathe);
}

/** Mean square of the surface less the spectrum. */
export function leftOut(spectrum: Spectrum, { masks, complete, even, odd }: Surface): number {
  const rows = complete ? Array.from(even.keys()) : Array.from({ length: Math.min(CHECKED, masks.count) }, (_, r) => r);
  const predicted = evaluateSpectrum(spectrum, pickMasks(masks, rows));
  return rows.reduce((sum, r, i) => sum + (predicted[i] - even[r] - odd[r]) ** 2, 0) / rows.length;
}

function transformed({ masks: { n, count }, even, odd }: Surface): Spectrum {
  const table = new Float64Array(2 * count);
  for (let m = 0; m < count; m++) {
    table[m] = even[m] + odd[m];
    table[2 * count - 1 - m] = even[m] - odd[m];
  }
  const coefficients = fwht(table).map((v) => v / table.length);
  return largest({ n, keys: Uint32Array.from(coefficients.keys()), coefficients });
}

/** The constant and the largest coefficients. */
function largest({ n, keys, coefficients }: Spectrum): Spectrum {
  const stride = maskStride(n);
  const order = Array.from(coefficients.keys());
  const isConstant = (k: number) => keys.subarray(k * stride, (k + 1) * stride).every((w) => w === 0);
  const constant = order.find(isConstant) ?? 0;
  const rest = order.filter((k) => k !== constant).sort((a, b) => Math.abs(coefficients[b]) - Math.abs(coefficients[a]) || a - b);
  const energy = rest.reduce((sum, k) => sum + coefficients[k] ** 2, 0);
  let left = energy;
  const kept = [constant];
  for (const k of rest) {
    if (left <= LEFT_OUT * energy || kept.length >= MOST_TERMS) break;
    kept.push(k);
    left -= coefficients[k] ** 2;
  }
  const out = new Uint32Array(kept.length * stride);
  for (const [i, k] of kept.entries()) out.set(keys.subarray(k * stride, (k + 1) * stride), i * stride);
  return { n, keys: out, coefficients: Float64Array.from(kept, (k) => coefficients[k]) };
}

/**
 * The latent spectrum is known in closed form. Either half of the surface is a multiple of the latent function's and a rest, and only the
 * rest is regressed on characters of the drawn masks: its variance, and so the error, is a small part of the surface's (by half and more
 * on reviews of 16 to 113 words).
 */
async function composed(
  process: Process,
  { masks, even, odd, latent }: Surface,
  breathe: (() => Promise<void>) | undefined,
): Promise<Spectrum> {
  const { n } = masks;
  const columns = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: masks.count }, (_, r) => (isPresent(masks, r, i) ? -1 : 1)),
  );
  const frequencies: Members[] = [];
  const coefficients: number[] = [];
  for (const parity of [0, 1] as const) {
    const values = parity === 0 ? even : odd;
    const own = parity === 0 ? latent.even : latent.odd;
    const factor = slopeOf(values, own);
    const likely = likelyFrequencies(process.hyper.c, parity);
    const rest = await regress(
      masks,
      values.map((v, r) => v - factor * own[r]),
      columns,
      likely,
      breathe,
    );
    frequencies.push(...likely);
    for (const [k, c] of latentCoefficients(process, likely, parity).entries()) coefficients.push(factor * c + rest[k]);
  }
  return largest({ n, keys: keysOf(frequencies, n), coefficients: Float64Array.from(coefficients) });
}

/** Sums of so many frequencies between two breaths. */
const SLICE = 512;

async function breathingSums(
  terms: readonly Members[],
  columns: readonly Float64Array[],
  weights: Float64Array,
  breathe: (() => Promise<void>) | undefined,
): Promise<Float64Array> {
  const out = new Float64Array(terms.length);
  for (let at = 0; at < terms.length; at += SLICE) {
    out.set(characterSums(terms.slice(at, at + SLICE), columns, weights), at);
    await breathe?.();
  }
  return out;
}

/** Coefficients of the likely frequencies: 0 but for those that correlate with what lower degrees leave by more than chance. */
async function regress(
  masks: Masks,
  values: Float64Array,
  columns: readonly Float64Array[],
  likely: readonly Members[],
  breathe: (() => Promise<void>) | undefined,
): Promise<Float64Array> {
  const out = new Float64Array(likely.length);
  const chosen: number[] = [];
  const penalties: number[] = [];
  let residual = values;
  for (const isNext of [(d: number) => d < 2, (d: number) => d === 2 || d === 3, (d: number) => d > 3]) {
    const places = Array.from(likely.keys()).filter((k) => isNext(likely[k].length));
    const sums = await breathingSums(
      places.map((k) => likely[k]),
      columns,
      residual,
      breathe,
    );
    const noise = residual.reduce((sum, v) => sum + v * v, 0) / masks.count;
    const found = places
      .map((k, i) => ({ k, sum: Math.abs(sums[i]) }))
      .filter(({ sum }) => sum > LEAST_EVIDENCE * Math.sqrt(noise * masks.count))
      .sort((a, b) => b.sum - a.sum || a.k - b.k)
      .slice(0, MOST_REGRESSED);
    if (found.length === 0) continue;
    for (const { k, sum } of found) {
      chosen.push(k);
      // The coefficient's own square, less what chance adds to it, is its prior variance.
      penalties.push(noise / Math.max((sum / masks.count) ** 2 - noise / masks.count, (0.25 * noise) / masks.count));
    }
    const keys = keysOf(
      chosen.map((k) => likely[k]),
      masks.n,
    );
    const { spectrum } = await breathingRefit(masks, values, keys, Float64Array.from(penalties), breathe);
    for (const [i, k] of chosen.entries()) out[k] = spectrum.coefficients[i];
    residual = residualOf(
      values,
      columns,
      chosen.map((k) => likely[k]),
      spectrum.coefficients,
    );
  }
  return out;
}

function residualOf(values: Float64Array, columns: readonly Float64Array[], terms: readonly Members[], coefficients: Float64Array) {
  const residual = Float64Array.from(values);
  const column = new Float64Array(values.length);
  for (const [k, members] of terms.entries()) {
    column.fill(coefficients[k]);
    for (const i of members) for (let r = 0; r < column.length; r++) column[r] *= columns[i][r];
    for (let r = 0; r < column.length; r++) residual[r] -= column[r];
  }
  return residual;
}

/** Least-squares slope of y on x, both less their means. */
function slopeOf(y: Float64Array, x: Float64Array): number {
  const middle = (v: Float64Array) => v.reduce((a, b) => a + b, 0) / v.length;
  const [my, mx] = [middle(y), middle(x)];
  let [cross, square] = [0, 0];
  for (let r = 0; r < x.length; r++) {
    cross += (x[r] - mx) * (y[r] - my);
    square += (x[r] - mx) ** 2;
  }
  return square > 0 ? cross / square : 0;
}
