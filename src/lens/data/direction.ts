import type { Ask, Task } from './newton.ts';

const MOST_TURNS = 80;

/** A step, what it does to the scores of all examples, and the slope of the loss along it. */
export interface Direction {
  readonly d: Float32Array;
  readonly xd: Float32Array;
  readonly slope: number;
}

/** How well a step's equations are solved: squared norms of what is left of the gradient, relative in the preconditioner's norm, or absolute. */
export interface Precision {
  readonly relative: number;
  readonly absolute: number;
}

/** Solves (Xᵀ D X + l2) d = −g by preconditioned conjugate gradients; `curvature`: the diagonal D of one head. */
export function* newtonDirection(
  { sizes, l2 }: Pick<Task, 'sizes' | 'l2'>,
  curvature: Float32Array,
  g: Float32Array,
  { relative, absolute }: Precision,
): Generator<Ask, Direction, Float32Array> {
  const { rows, columns } = sizes;
  const d = new Float32Array(columns);
  const xd = new Float32Array(rows);
  const weighted = new Float32Array(rows);
  const r = new Float32Array(columns);
  for (let c = 0; c < columns; c++) r[c] = -g[c];
  let left = dot32(r, r);
  let z = yield { by: 'precondition', vector: r };
  const p = z.slice();
  let rz = dot32(r, z);
  const enough = rz * relative;
  for (let turn = 0; turn < MOST_TURNS && rz > enough && left > absolute; turn++) {
    const xp = yield { by: 'scores', vector: p };
    for (let i = 0; i < rows; i++) weighted[i] = xp[i] * curvature[i];
    const q = yield { by: 'gradient', vector: weighted };
    let pq = 0;
    for (let c = 0; c < columns; c++) {
      q[c] += l2 * p[c];
      pq += p[c] * q[c];
    }
    if (!(pq > 0)) break;
    const alpha = rz / pq;
    for (let c = 0; c < columns; c++) {
      d[c] += alpha * p[c];
      r[c] -= alpha * q[c];
    }
    for (let i = 0; i < rows; i++) xd[i] += alpha * xp[i];
    left = dot32(r, r);
    if (left <= absolute) break;
    z = yield { by: 'precondition', vector: r };
    const next = dot32(r, z);
    const beta = next / rz;
    for (let c = 0; c < columns; c++) p[c] = z[c] + beta * p[c];
    rz = next;
  }
  return { d, xd, slope: dot32(g, d) };
}

/** A dot product of float32 rows, summed in float64. */
function dot32(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c] * b[c];
  return sum;
}
