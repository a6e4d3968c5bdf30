/** erf by Simpson's rule on its integral, without a formula of the code under test; about 1e-14; beyond 6 it is 1 in float64. */
export function erfBySimpson(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  const steps = 2000;
  let sum = 1 + Math.exp(-z * z);
  for (let i = 1; i < steps; i++) sum += (i % 2 ? 4 : 2) * Math.exp(-(((z * i) / steps) ** 2));
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * ((z / steps / 3) * sum);
}

/** The activations as their papers and PyTorch state them, by the number that a program gives. */
export const NAIVE_ACTIVATIONS: readonly ((x: number) => number)[] = [
  (x) => x,
  (x) => (x * (1 + erfBySimpson(x / Math.SQRT2))) / 2,
  (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))) / 2,
  (x) => Math.max(x, 0),
  (x) => Math.tanh(x),
  (x) => x / (1 + Math.exp(-x)),
];
