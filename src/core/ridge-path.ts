/** Stops where a step of a shift changes nothing that counts. */
const SPENT = 1e-30;

export interface RidgePathOptions {
  /** Steps at most, and the relative residual of the weakest strength that ends the path earlier. */
  readonly most?: number;
  readonly tolerance?: number;
  readonly breathe?: () => Promise<void>;
}

/**
 * Solves (A + strength·diag(weights)) x = b for every strength at once, A symmetric k × k (row-major) and weights[0] = 0: unknown 0 is free,
 * the others' weights are positive. Conjugate gradients with many shifts (Jegerlehner, hep-lat/9612014): all strengths share the products of
 * the weakest. Unknown 0 is eliminated beforehand, and the others are scaled by the roots of their weights.
 */
export async function ridgePath(
  a: Float64Array,
  k: number,
  weights: Float64Array,
  strengths: readonly number[],
  b: Float64Array,
  { most = 200, tolerance = 1e-8, breathe }: RidgePathOptions = {},
): Promise<Float64Array[]> {
  const scales = weights.map((w, i) => (i === 0 ? 0 : 1 / Math.sqrt(w)));
  const first = Float64Array.from({ length: k }, (_, i) => (i === 0 ? 0 : a[i] * scales[i]));
  const own = a[0];
  const weakest = Math.min(...strengths);
  const shifts = strengths.map((s) => ({
    x: new Float64Array(k),
    p: new Float64Array(k),
    shift: s - weakest,
    zeta: 1,
    before: 1,
    live: true,
  }));
  const r = Float64Array.from({ length: k }, (_, i) => (i === 0 ? 0 : b[i] * scales[i] - (first[i] * b[0]) / own));
  const p = Float64Array.from(r);
  for (const s of shifts) s.p.set(r);
  const scaled = new Float64Array(k);
  const ap = new Float64Array(k);
  let rr = dot(r, r);
  const enough = rr * tolerance * tolerance;
  let stepBefore = 1;
  let turn = 0;
  for (let step = 0; step < most && rr > enough; step++) {
    for (let i = 0; i < k; i++) scaled[i] = p[i] * scales[i];
    const mean = dot(first, p) / own;
    for (let i = 1; i < k; i++) ap[i] = rowTimes(a, i * k, scaled) * scales[i] - first[i] * mean + weakest * p[i];
    const pap = dot(p, ap);
    if (!(pap > 0)) break;
    const length = rr / pap;
    for (let i = 0; i < k; i++) r[i] -= length * ap[i];
    const next = dot(r, r);
    const nextTurn = next / rr;
    for (const s of shifts) {
      if (!s.live) continue;
      const zeta =
        (s.zeta * s.before * stepBefore) / (length * turn * (s.before - s.zeta) + s.before * stepBefore * (1 + s.shift * length));
      const own = (length * zeta) / s.zeta;
      const back = nextTurn * (zeta / s.zeta) ** 2;
      for (let i = 1; i < k; i++) {
        s.x[i] += own * s.p[i];
        s.p[i] = zeta * r[i] + back * s.p[i];
      }
      s.before = s.zeta;
      s.zeta = zeta;
      s.live = zeta * zeta * next > SPENT * enough && Number.isFinite(zeta);
    }
    for (let i = 0; i < k; i++) p[i] = r[i] + nextTurn * p[i];
    rr = next;
    stepBefore = length;
    turn = nextTurn;
    await breathe?.();
  }
  return shifts.map(({ x }) => {
    const out = x.map((v, i) => v * scales[i]);
    out[0] = (b[0] - dot(first, x)) / own;
    return out;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** One row times a vector, in four sums that do not wait for one another. */
function rowTimes(a: Float64Array, at: number, x: Float64Array): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  const whole = x.length & ~3;
  for (let j = 0; j < whole; j += 4) {
    s += a[at + j] * x[j];
    t += a[at + j + 1] * x[j + 1];
    u += a[at + j + 2] * x[j + 2];
    v += a[at + j + 3] * x[j + 3];
  }
  for (let j = whole; j < x.length; j++) s += a[at + j] * x[j];
  return s + t + (u + v);
}
