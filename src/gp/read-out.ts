import { isPresent, maskStride } from '../core/masks.ts';
import { fwht } from '../spectrum/fwht.ts';
import { ridgeRefit } from '../spectrum/refit.ts';
import type { Spectrum } from '../spectrum/spectrum.ts';
import type { Surface } from './surface.ts';
import { REACH } from './windows.ts';

/** Terms are kept, largest first, until less than this share of the variance is left out, and no more than so many. */
const LEFT_OUT = 1e-3;
const MOST_TERMS = 500;
/** Strongest players among which pairs, triples and quadruples are looked for, beside neighbours. */
const STRONGEST = [256, 24, 12];
/** Most candidates of one degree, and the least correlation with what is left, in standard errors. */
const MOST_CANDIDATES = 300;
const LEAST_EVIDENCE = 2;
/** Ridge per mask: characters of sampled masks are nearly orthogonal. */
const RIDGE = 1e-6;

type Members = readonly number[];

/** A sparse spectrum of the surface: its own transform where it is complete, else characters chosen by correlation and refitted. */
export function readOut(surface: Surface, influences: Float64Array): Spectrum {
  return surface.complete ? transformed(surface) : selected(surface, influences);
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

function selected(surface: Surface, influences: Float64Array): Spectrum {
  const { n } = surface.masks;
  const columns = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: surface.masks.count }, (_, r) => (isPresent(surface.masks, r, i) ? -1 : 1)),
  );
  const strongest = STRONGEST.map((most) => strongestOf(influences, most));
  const single: Members[] = Array.from({ length: n }, (_, i) => [i]);
  const pairs = [...subsetsOf(strongest[0], 2), ...runs(n, 2)];
  const triples = [...subsetsOf(strongest[1], 3), ...runs(n, 3)];
  const even = fitPart(surface, surface.even, columns, [[]], [pairs, subsetsOf(strongest[2], 4)]);
  const odd = fitPart(surface, surface.odd, columns, single, [triples]);
  const keys = new Uint32Array(even.keys.length + odd.keys.length);
  keys.set(even.keys);
  keys.set(odd.keys, even.keys.length);
  return largest({ n, keys, coefficients: Float64Array.from([...even.coefficients, ...odd.coefficients]) });
}

/** Regression of one half of the surface on frequencies that are always there and on those, degree by degree, that explain what is left. */
function fitPart(
  { masks }: Surface,
  values: Float64Array,
  columns: readonly Float64Array[],
  always: readonly Members[],
  candidates: readonly (readonly Members[])[],
): Spectrum {
  const chosen = [...always];
  const known = new Set(chosen.map((members) => members.join()));
  const refit = () =>
    ridgeRefit(masks, values, keysOf(chosen, masks.n), new Float64Array(chosen.length).fill(RIDGE * masks.count)).spectrum;
  let spectrum = refit();
  for (const [step, degree] of candidates.entries()) {
    const fresh = degree.filter((members) => !known.has(members.join()) && known.add(members.join()));
    const residual = residualOf(values, columns, chosen, spectrum.coefficients);
    chosen.push(...explaining(fresh, residual, columns));
    if (step < candidates.length) spectrum = refit();
  }
  return spectrum;
}

/** The candidates that correlate most with the residual, and more than chance. */
function explaining(candidates: readonly Members[], residual: Float64Array, columns: readonly Float64Array[]): Members[] {
  let square = 0;
  for (const v of residual) square += v * v;
  const least = LEAST_EVIDENCE * Math.sqrt(square);
  const product = new Float64Array(residual.length);
  let prefix = '';
  const scored: { members: Members; score: number }[] = [];
  for (const members of candidates) {
    const head = members.slice(0, -1);
    if (head.join() !== prefix || prefix === '') {
      prefix = head.join();
      product.set(residual);
      for (const i of head) for (let r = 0; r < product.length; r++) product[r] *= columns[i][r];
    }
    const last = columns[members[members.length - 1]];
    let score = 0;
    for (let r = 0; r < product.length; r++) score += product[r] * last[r];
    if (Math.abs(score) > least) scored.push({ members, score: Math.abs(score) });
  }
  scored.sort((a, b) => b.score - a.score);
  return scored.slice(0, MOST_CANDIDATES).map(({ members }) => members);
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

function strongestOf(influences: Float64Array, most: number): number[] {
  const order = Array.from(influences.keys()).sort((a, b) => influences[b] - influences[a] || a - b);
  return order.slice(0, most).sort((a, b) => a - b);
}

/** All subsets of `size` of ascending players, those with the same head together. */
function subsetsOf(players: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  const out: number[][] = [];
  for (const [k, i] of players.entries()) for (const rest of subsetsOf(players.slice(k + 1), size - 1)) out.push([i, ...rest]);
  return out;
}

/** Neighbours: pairs up to the reach of the kernel apart, longer runs without gaps. */
function runs(n: number, size: number): number[][] {
  const out: number[][] = [];
  if (size === 2) for (let i = 0; i < n; i++) for (let d = 1; d <= REACH && i + d < n; d++) out.push([i, i + d]);
  else for (let i = 0; i + size <= n; i++) out.push(Array.from({ length: size }, (_, k) => i + k));
  return out;
}

function keysOf(frequencies: readonly Members[], n: number): Uint32Array {
  const stride = maskStride(n);
  const keys = new Uint32Array(frequencies.length * stride);
  for (const [k, members] of frequencies.entries()) for (const i of members) keys[k * stride + (i >> 5)] |= 1 << (i & 31);
  return keys;
}
