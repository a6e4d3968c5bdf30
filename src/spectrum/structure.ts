import { maskKey, maskStride } from '../core/masks.ts';
import { degrees, membersOf, type Spectrum } from './spectrum.ts';

/** How the energy of a spectrum, Σ F(S)² over S ≠ ∅, is spread. It is that of the explanation: what it has not found is not in it. */
export interface Structure {
  /** Share of the energy in frequencies of 1, 2, 3, … players; adds up to 1, empty where there is none. */
  readonly energy: readonly number[];
  /** How many coefficients, the largest, hold 95 % of the energy. */
  readonly terms: number;
  /** Direct subset rate of ∅ and those coefficients: the mean share of a set's subsets of one player less that are among them too. */
  readonly dsr: number;
  /** Strong chain rate: the share of those sets that can be built one player at a time without leaving them. */
  readonly scr: number;
}

const HELD = 0.95;

/** Structure of a spectrum (Butler et al. 2025, arXiv 2505.17495, §3: DSR and SCR). */
export function structureOf(spectrum: Spectrum): Structure {
  const { coefficients } = spectrum;
  const sizes = degrees(spectrum);
  const energy: number[] = [];
  let total = 0;
  for (let k = 0; k < sizes.length; k++) if (sizes[k] > 0) total += coefficients[k] ** 2;
  for (let k = 0; k < sizes.length && total > 0; k++) {
    while (energy.length < sizes[k]) energy.push(0);
    if (sizes[k] > 0) energy[sizes[k] - 1] += coefficients[k] ** 2 / total;
  }
  const largest = largestTerms(coefficients, sizes, total);
  return { energy, terms: largest.length, ...rates(spectrum, largest, sizes) };
}

function largestTerms(coefficients: Float64Array, sizes: Uint32Array, total: number): number[] {
  const order = Array.from(sizes.keys())
    .filter((k) => sizes[k] > 0 && coefficients[k] !== 0)
    .sort((a, b) => Math.abs(coefficients[b]) - Math.abs(coefficients[a]) || a - b);
  let held = 0;
  const end = order.findIndex((k) => {
    held += coefficients[k] ** 2;
    return held >= HELD * total;
  });
  return order.slice(0, end < 0 ? order.length : end + 1);
}

function rates(spectrum: Spectrum, terms: readonly number[], sizes: Uint32Array): { dsr: number; scr: number } {
  const { n, keys } = spectrum;
  const stride = maskStride(n);
  const list = { n, count: sizes.length, words: keys };
  const empty = maskKey({ n, count: 1, words: new Uint32Array(stride) }, 0);
  /** Sets that are there; true where a chain leads to them. */
  const chained = new Map<string, boolean>([[empty, true]]);
  for (const k of terms) chained.set(maskKey(list, k), false);
  let direct = 1;
  let chains = 1;
  for (const k of [...terms].sort((a, b) => sizes[a] - sizes[b])) {
    const below = { n, count: 1, words: keys.slice(k * stride, (k + 1) * stride) };
    let present = 0;
    let reached = false;
    for (const i of membersOf(keys, k, n)) {
      below.words[i >> 5] ^= 1 << (i & 31);
      const found = chained.get(maskKey(below, 0));
      below.words[i >> 5] ^= 1 << (i & 31);
      if (found !== undefined) present++;
      if (found) reached = true;
    }
    direct += present / sizes[k];
    if (reached) chains++;
    chained.set(maskKey(list, k), reached);
  }
  const count = terms.length + 1;
  return { dsr: direct / count, scr: chains / count };
}
