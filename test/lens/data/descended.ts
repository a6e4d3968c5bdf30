import type { LabelledFeatures } from '../../../src/lens/data/logistic.ts';

/** `weights`: how often each example counts, 0 where it is left out. Plain gradient descent with backtracking in float64 until nothing moves: slow, and nothing of what it checks. */
export function descended({ features, width, labels }: LabelledFeatures, weights: readonly number[], l2: number): number[] {
  const rows = [...labels.keys()]
    .filter((i) => weights[i] > 0)
    .map((i) => ({ x: [...features.subarray(i * width, (i + 1) * width), 1], y: labels[i], often: weights[i] }));
  const score = (w: number[], x: number[]) => x.reduce((sum, v, c) => sum + v * w[c], 0);
  const loss = (w: number[]) =>
    rows.reduce((sum, { x, y, often }) => sum + often * Math.log1p(Math.exp(y === 1 ? -score(w, x) : score(w, x))), 0) +
    (l2 / 2) * w.reduce((sum, v) => sum + v * v, 0);
  const gradient = (w: number[]) => {
    const g = w.map((v) => l2 * v);
    for (const { x, y, often } of rows) {
      const r = often * (1 / (1 + Math.exp(-score(w, x))) - y);
      for (let c = 0; c < g.length; c++) g[c] += r * x[c];
    }
    return g;
  };
  let w = new Array<number>(width + 1).fill(0);
  let step = 1;
  for (let turn = 0; turn < 20_000; turn++) {
    const g = gradient(w);
    const square = g.reduce((sum, v) => sum + v * v, 0);
    if (square < 1e-18) break;
    const at = loss(w);
    step *= 2;
    while (step > 1e-12 && loss(w.map((v, c) => v - step * g[c])) > at - (step / 2) * square) step /= 2;
    w = w.map((v, c) => v - step * g[c]);
  }
  return w;
}
