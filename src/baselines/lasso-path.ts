import type { Masks } from '../core/masks.ts';
import { parityColumns, parityMoments } from '../spectrum/gram.ts';

/** Sweeps at most. */
const SWEEPS = 200;

/** Characters on masks, one column each. */
export interface Design {
  readonly rows: number;
  readonly count: number;
  /** Bit-packed, for a look at all of them. */
  readonly packed: Uint32Array;
  /** ±1, rows: unpacked when first asked for, since a path touches few. */
  column(k: number): Int8Array;
}

export function designOf(masks: Masks, keys: Uint32Array): Design {
  const packed = parityColumns(masks, keys);
  const rows = masks.count;
  const width = Math.ceil(rows / 32);
  const unpacked: (Int8Array | undefined)[] = new Array(packed.length / width);
  return {
    rows,
    count: packed.length / width,
    packed,
    column(k) {
      const known = unpacked[k];
      if (known) return known;
      const made = new Int8Array(rows);
      for (let r = 0; r < rows; r++) made[r] = (packed[k * width + (r >> 5)] >>> (r & 31)) & 1 ? -1 : 1;
      unpacked[k] = made;
      return made;
    },
  };
}

/** Where a path of penalties stands: min ½·mean (y − ȳ − Xc)² + λ·|c|₁ over the rows before `from` and from `to` on. */
export interface Path {
  readonly from: number;
  readonly to: number;
  /** ȳ over the rows it fits. */
  readonly mean: number;
  readonly c: Float64Array;
  /** y − ȳ − Xc at all rows, those it does not fit too. */
  readonly residual: Float64Array;
  /** Xᵀ of the residual over the rows it fits, a mean, as it was after the last step. */
  readonly correlations: Float64Array;
  /** The change of a coefficient that ends a descent. */
  readonly settled: number;
  /** The last penalty. */
  lambda: number;
}

/** A path on all rows but `from` … `to` − 1 before its first step, all coefficients 0; `settled` is a share of the spread of the values. */
export function startPath(design: Design, values: ArrayLike<number>, { from, to }: { from: number; to: number }, settled: number): Path {
  const { rows, count } = design;
  const seen = rows - (to - from);
  let mean = 0;
  for (let r = 0; r < rows; r++) if (r < from || r >= to) mean += values[r] / seen;
  const residual = Float64Array.from({ length: rows }, (_, r) => values[r] - mean);
  let square = 0;
  for (let r = 0; r < rows; r++) if (r < from || r >= to) square += residual[r] ** 2;
  const path: Path = {
    from,
    to,
    mean,
    c: new Float64Array(count),
    residual,
    correlations: new Float64Array(count),
    settled: settled * Math.sqrt(square / seen),
    lambda: Number.POSITIVE_INFINITY,
  };
  correlate(design, path);
  path.lambda = path.correlations.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  return path;
}

function correlate({ packed, rows }: Design, { residual, from, to, correlations }: Path): void {
  const fitted = Float64Array.from(residual).fill(0, from, to);
  const sums = parityMoments(packed, rows, fitted);
  for (let k = 0; k < sums.length; k++) correlations[k] = sums[k] / (rows - (to - from));
}

/** Four sums that do not wait for one another. */
function dot(column: Int8Array, residual: Float64Array, from: number, to: number): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  let r = from;
  for (; r + 3 < to; r += 4) {
    s += column[r] * residual[r];
    t += column[r + 1] * residual[r + 1];
    u += column[r + 2] * residual[r + 2];
    v += column[r + 3] * residual[r + 3];
  }
  for (; r < to; r++) s += column[r] * residual[r];
  return s + t + (u + v);
}

/** Coordinate descent over some columns, from where the path stands (Friedman, Hastie and Tibshirani 2010). */
function descend(design: Design, { c, residual, from, to, settled }: Path, columns: readonly number[], lambda: number): void {
  const { rows } = design;
  const seen = rows - (to - from);
  const update = (k: number): number => {
    const column = design.column(k);
    const z = c[k] + (dot(column, residual, 0, from) + dot(column, residual, to, rows)) / seen;
    const next = Math.sign(z) * Math.max(0, Math.abs(z) - lambda);
    const change = next - c[k];
    if (change === 0) return 0;
    for (let r = 0; r < rows; r++) residual[r] -= change * column[r];
    c[k] = next;
    return Math.abs(change);
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let largest = 0;
    for (const k of columns) largest = Math.max(largest, update(k));
    if (largest <= settled) return;
    const active = columns.filter((k) => c[k] !== 0);
    for (let inner = 0; inner < SWEEPS && largest > settled; inner++) {
      largest = 0;
      for (const k of active) largest = Math.max(largest, update(k));
    }
  }
}

/**
 * On to a smaller penalty: the descent touches only the columns that the sequential strong rule keeps, and starts again with those that turn
 * out to break the optimality conditions, until none does (Tibshirani et al. 2012, §7).
 */
export function stepPath(design: Design, path: Path, lambda: number): void {
  const { c, correlations, settled } = path;
  const kept = new Uint8Array(design.count);
  for (let k = 0; k < kept.length; k++) kept[k] = Number(c[k] !== 0 || Math.abs(correlations[k]) >= 2 * lambda - path.lambda);
  for (let broken = true; broken; ) {
    descend(
      design,
      path,
      Array.from(kept.keys()).filter((k) => kept[k] === 1),
      lambda,
    );
    correlate(design, path);
    broken = false;
    for (let k = 0; k < kept.length; k++)
      if (kept[k] === 0 && Math.abs(correlations[k]) > lambda + settled) {
        kept[k] = 1;
        broken = true;
      }
  }
  path.lambda = lambda;
}
