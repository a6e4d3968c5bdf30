import { openSolver } from '../compute/wasm/solver.ts';
import { wordColumns } from '../core/columns.ts';
import type { Masks } from '../core/masks.ts';
import { type Leaves, packingFor, plainLeaves } from './leaves.ts';

/** Leaves whose sums WebAssembly adds up; null where there is none. */
export function wasmLeaves(masks: Masks, slots: number): Leaves | null {
  const { groups, words: columns } = wordColumns(masks);
  const { n, count } = masks;
  const list = 8 * Math.ceil(count / 2);
  const players = 32 * groups;
  const solver = openSolver(columns.byteLength + 8 + 2 * list + 24 * count + 8 * players * slots);
  if (!solver) return null;
  const { kernels, buffer } = solver;
  const weightsAt = solver.at;
  const residualAt = weightsAt + 8 * count;
  const spareAt = residualAt + 8 * count;
  const slotsAt = (spareAt + 8 * count + list + 15) & ~15;
  const rowsAt = slotsAt + 8 * players * slots;
  const wordsAt = rowsAt + list;
  new Uint32Array(buffer).set(columns, wordsAt / 4);
  const sums = new Float64Array(buffer, slotsAt, players * slots);
  const { unit, most } = packingFor(count);
  const slotAt = (slot: number) => slotsAt + 8 * players * slot;
  const rowsIn = (sum: number) => Math.round(sum / unit);
  const gradientIn = (sum: number) => sum - rowsIn(sum) * unit;
  let scale = 1;
  return {
    n,
    count,
    residual: new Float64Array(buffer, residualAt, count),
    rowsIn,
    gradientIn,
    unscaled: (gradient) => gradient / scale,
    begin() {
      const top = kernels.largestOf(count, residualAt);
      scale = top > 0 ? most / top : 1;
      return kernels.packRows(count, residualAt, scale, unit, rowsAt, weightsAt);
    },
    sum: (from, to, slot) => kernels.histogram(wordsAt, count, groups, rowsAt, weightsAt, from, to, slotAt(slot)),
    present: (slot, player) => sums[players * slot + player],
    subtract: (whole, part) => kernels.subtract(players, slotAt(whole), slotAt(part)),
    best(slot, sum, minLeaf) {
      const feature = kernels.bestSplit(n, slotAt(slot), gradientIn(sum), rowsIn(sum), unit, minLeaf);
      return { feature, gain: kernels.bestGain() };
    },
    partition: (from, to, player) =>
      kernels.partition(wordsAt + 4 * (player >> 5) * count, player & 31, from, to, rowsAt, weightsAt, spareAt),
    settle: (from, to, value) => kernels.settle(rowsAt, from, to, residualAt, value),
  };
}

/** Leaves over these masks, with room for so many slots: in WebAssembly where there is any, else in plain TypeScript, the same bit for bit. */
export function createLeaves(masks: Masks, slots: number): Leaves {
  return wasmLeaves(masks, slots) ?? plainLeaves(masks);
}
