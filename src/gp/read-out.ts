import { type Masks, maskStride, sliceMasks } from '../core/masks.ts';
import { fwht } from '../spectrum/fwht.ts';
import { parityColumns, parityProduct } from '../spectrum/gram.ts';
import { breathingRefit } from '../spectrum/refit.ts';
import type { Spectrum } from '../spectrum/spectrum.ts';
import { characterSums, columnsOf, keysOf, likelyFrequencies, type Members } from './frequencies.ts';
import { latentCoefficients } from './latent.ts';
import { type Pace, restOf } from './pace.ts';
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
/** What a likely frequency takes before anything is computed of it. */
const LIST_WORK = 200;

/** A sparse spectrum of the surface: its own transform where it is complete, else that of the latent function and what the warp makes of it. */
export async function readOut(process: Process, surface: Surface, pace: Pace): Promise<Spectrum> {
  return surface.complete ? transformed(surface) : composed(process, surface, pace);
}

/** Mean square of the surface less the spectrum. */
export function leftOut({ keys, coefficients }: Spectrum, { masks, complete, even, odd }: Surface): number {
  const rows = complete ? masks : sliceMasks(masks, 0, Math.min(CHECKED, masks.count));
  const predicted = parityProduct(parityColumns(rows, keys), rows.count, coefficients);
  return predicted.reduce((sum, p, r) => sum + (p - even[r] - odd[r]) ** 2, 0) / rows.count;
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
async function composed(process: Process, { masks, even, odd, latent }: Surface, pace: Pace): Promise<Spectrum> {
  const { n } = masks;
  const players = await columnsOf(masks, pace);
  const frequencies: Members[] = [];
  const coefficients: number[] = [];
  for (const parity of [0, 1] as const) {
    const values = parity === 0 ? even : odd;
    const own = parity === 0 ? latent.even : latent.odd;
    const factor = slopeOf(values, own);
    const likely = likelyFrequencies(process.hyper.c, parity);
    const listed = pace(LIST_WORK * likely.length);
    if (listed) await listed;
    const rest = await regress(
      { masks, players },
      values.map((v, r) => v - factor * own[r]),
      likely,
      pace,
    );
    frequencies.push(...likely);
    for (const [k, c] of (await latentCoefficients(process, likely, parity, pace)).entries()) coefficients.push(factor * c + rest[k]);
    await pace(LIST_WORK * likely.length);
  }
  return largest({ n, keys: keysOf(frequencies, n), coefficients: Float64Array.from(coefficients) });
}

interface Drawn {
  readonly masks: Masks;
  /** Their `playerColumns`. */
  readonly players: Uint32Array;
}

/** Coefficients of the likely frequencies: 0 but for those that correlate with what lower degrees leave by more than chance. */
async function regress({ masks, players }: Drawn, values: Float64Array, likely: readonly Members[], pace: Pace): Promise<Float64Array> {
  const out = new Float64Array(likely.length);
  const chosen: number[] = [];
  const penalties: number[] = [];
  let residual = values;
  for (const isNext of [(d: number) => d < 2, (d: number) => d === 2 || d === 3, (d: number) => d > 3]) {
    const places = Array.from(likely.keys()).filter((k) => isNext(likely[k].length));
    const next = places.map((k) => likely[k]);
    const sums = await characterSums(masks, players, next, residual, pace);
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
    const { spectrum } = await breathingRefit(masks, values, keys, Float64Array.from(penalties), restOf(pace));
    for (const [i, k] of chosen.entries()) out[k] = spectrum.coefficients[i];
    const fitted = parityProduct(parityColumns(masks, keys, players), masks.count, spectrum.coefficients);
    residual = values.map((v, r) => v - fitted[r]);
    const rest = pace(chosen.length * masks.count);
    if (rest) await rest;
  }
  return out;
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
