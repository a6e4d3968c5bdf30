import { describe, expect, it } from 'vitest';
import { minimise } from '../../src/gp/minimise.ts';

/** The search stops where a step brings less than 1e-7: x is then within about the root of that. */
const CLOSE = 1e-3;
const breathe = async () => {};
const rosenbrock = (x: Float64Array, gradient: Float64Array) => {
  const [a, b] = [1 - x[0], x[1] - x[0] * x[0]];
  gradient[0] = -2 * a - 400 * x[0] * b;
  gradient[1] = 200 * b;
  return a * a + 100 * b * b;
};
const box = (high: number) => ({ low: Float64Array.of(-3, -3), high: Float64Array.of(high, 3) });

describe('the search', () => {
  it('finds the bottom of a curved valley', async () => {
    const found = await minimise(rosenbrock, Float64Array.of(-1.2, 1), box(3), 200, breathe);
    expect(Math.abs(found.x[0] - 1)).toBeLessThan(CLOSE);
    expect(Math.abs(found.x[1] - 1)).toBeLessThan(CLOSE);
  });

  it('stays in its box and finds the least value on its edge', async () => {
    const found = await minimise(rosenbrock, Float64Array.of(-1.2, 1), box(0.5), 200, breathe);
    expect(found.x[0]).toBe(0.5);
    expect(Math.abs(found.x[1] - 0.25)).toBeLessThan(CLOSE);
  });

  it('steps back from where there is no value', async () => {
    const wall = (x: Float64Array, gradient: Float64Array) => (x[0] < 0.9 ? Number.POSITIVE_INFINITY : rosenbrock(x, gradient));
    const found = await minimise(wall, Float64Array.of(2, 2), box(3), 200, breathe);
    expect(Math.abs(found.x[0] - 1)).toBeLessThan(CLOSE);
  });
});
