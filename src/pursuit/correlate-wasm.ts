import { openSolver } from '../compute/wasm/solver.ts';
import { wordColumns } from '../core/columns.ts';
import type { Masks } from '../core/masks.ts';
import { type Correlator, NIBBLE_ROWS, plainCorrelator } from './correlate.ts';

/** A correlator in WebAssembly; null where there is none. */
export function wasmCorrelator(masks: Masks): Correlator | null {
  const { groups, words } = wordColumns(masks);
  const { n, count } = masks;
  const solver = openSolver(words.byteLength + 16 * count + 512 * groups);
  if (!solver) return null;
  const { kernels, buffer, at } = solver;
  const sumsAt = at + 16 * count;
  const wordsAt = sumsAt + 512 * groups;
  new Uint32Array(buffer).set(words, wordsAt / 4);
  return {
    n,
    count,
    weights: new Float64Array(buffer, at, 2 * count),
    sums: new Float64Array(buffer, sumsAt, 64 * groups),
    run: () => kernels.correlate(wordsAt, count, groups, at, sumsAt, Number(count < NIBBLE_ROWS)),
  };
}

/** Correlates in WebAssembly where there is any, else in plain TypeScript, the same bit for bit. */
export function createCorrelator(masks: Masks): Correlator {
  return wasmCorrelator(masks) ?? plainCorrelator(masks);
}
