/** Pairs of steps and gradient changes kept. */
const MEMORY = 10;
/** A step must bring this share of what the slope promises (Armijo), and at most so many lengths are tried. */
const ENOUGH = 1e-4;
const TRIES = 20;

export interface Box {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** What is minimised. */
export interface Objective {
  /** +∞ only shortens a step. */
  value(x: Float64Array): Promise<number>;
  /** Overwrites `out` with the gradient at the x whose value was asked for last. */
  gradient(out: Float64Array): Promise<void>;
}

/**
 * Minimises inside a box by L-BFGS (Nocedal and Wright 2006, algorithm 7.4): variables at a bound that the gradient pushes against are left
 * out of the direction, and steps are cut at the box and halved until the value falls. Lengths that are refused cost no gradient. A step
 * that brings no more than `still` is the last. Returns the best point.
 */
export async function minimise(
  objective: Objective,
  start: Float64Array,
  { low, high }: Box,
  steps: number,
  still: number,
): Promise<{ x: Float64Array; value: number; steps: number }> {
  let x = start.map((v, i) => Math.min(high[i], Math.max(low[i], v)));
  let gradient = new Float64Array(x.length);
  let value = await objective.value(x);
  if (steps > 0 && Number.isFinite(value)) await objective.gradient(gradient);
  const history: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  let step = 0;
  for (; step < steps && Number.isFinite(value); step++) {
    const free = Uint8Array.from(x, (v, i) => ((gradient[i] > 0 ? v > low[i] : v < high[i]) ? 1 : 0));
    let direction = descent(gradient, history, free);
    if (!(dot(direction, gradient) < 0)) {
      history.length = 0;
      direction = descent(gradient, history, free);
    }
    if (!(dot(direction, gradient) < 0)) break;
    const next = new Float64Array(x.length);
    const nextGradient = new Float64Array(x.length);
    let nextValue = Number.POSITIVE_INFINITY;
    // Without curvature to go by, the first step moves no variable by more than 1.
    let length = history.length > 0 ? 1 : Math.min(1, 1 / Math.max(...direction.map(Math.abs)));
    let found = false;
    for (let t = 0; t < TRIES && !found; t++, length /= t > 2 ? 4 : 2) {
      let promised = 0;
      for (let i = 0; i < x.length; i++) {
        next[i] = Math.min(high[i], Math.max(low[i], x[i] + length * direction[i]));
        promised += gradient[i] * (next[i] - x[i]);
      }
      nextValue = await objective.value(next);
      found = nextValue <= value + ENOUGH * promised;
    }
    if (!found) break;
    await objective.gradient(nextGradient);
    remember(history, x, next, gradient, nextGradient);
    const fall = value - nextValue;
    x = next;
    gradient = nextGradient;
    value = nextValue;
    if (fall <= still) break;
  }
  return { x, value, steps: step };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The two-loop recursion on the free variables; 0 for the others. */
function descent(gradient: Float64Array, history: readonly { s: Float64Array; y: Float64Array; rho: number }[], free: Uint8Array) {
  const d = gradient.map((g, i) => (free[i] ? -g : 0));
  const weights: number[] = [];
  for (const { s, y, rho } of [...history].reverse()) {
    const weight = rho * dot(s, d);
    weights.push(weight);
    for (let i = 0; i < d.length; i++) d[i] -= weight * y[i];
  }
  const last = history.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < d.length; i++) d[i] *= scale;
  }
  for (const { s, y, rho } of history) {
    const weight = (weights.pop() ?? 0) - rho * dot(y, d);
    for (let i = 0; i < d.length; i++) d[i] += weight * s[i];
  }
  for (let i = 0; i < d.length; i++) if (!free[i]) d[i] = 0;
  return d;
}

function remember(
  history: { s: Float64Array; y: Float64Array; rho: number }[],
  x: Float64Array,
  next: Float64Array,
  gradient: Float64Array,
  nextGradient: Float64Array,
): void {
  const s = next.map((v, i) => v - x[i]);
  const y = nextGradient.map((v, i) => v - gradient[i]);
  const curvature = dot(s, y);
  if (curvature > 1e-10 * dot(y, y)) history.push({ s, y, rho: 1 / curvature });
  if (history.length > MEMORY) history.shift();
}
