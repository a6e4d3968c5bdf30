import { describe, expect, it } from 'vitest';
import { minimise } from '../../src/gp/minimise.ts';

/** The search stops where a step brings no more than this: x is then within about the root of it. */
const STILL = 1e-7;
const CLOSE = 1e-3;
/** With how often its value and its gradient were asked for. */
function rosenbrock(wall = Number.NEGATIVE_INFINITY) {
  let at = new Float64Array(2);
  const asked = { values: 0, gradients: 0 };
  return {
    asked,
    async value(x: Float64Array) {
      asked.values++;
      at = x.slice();
      const [a, b] = [1 - x[0], x[1] - x[0] * x[0]];
      return x[0] < wall ? Number.POSITIVE_INFINITY : a * a + 100 * b * b;
    },
    async gradient(out: Float64Array) {
      asked.gradients++;
      const [a, b] = [1 - at[0], at[1] - at[0] * at[0]];
      out[0] = -2 * a - 400 * at[0] * b;
      out[1] = 200 * b;
    },
  };
}
const box = (high: number) => ({ low: Float64Array.of(-3, -3), high: Float64Array.of(high, 3) });

describe('the search', () => {
  it('finds the bottom of a curved valley', async () => {
    const found = await minimise(rosenbrock(), Float64Array.of(-1.2, 1), box(3), 200, STILL);
    expect(Math.abs(found.x[0] - 1)).toBeLessThan(CLOSE);
    expect(Math.abs(found.x[1] - 1)).toBeLessThan(CLOSE);
  });

  it('stays in its box and finds the least value on its edge', async () => {
    const found = await minimise(rosenbrock(), Float64Array.of(-1.2, 1), box(0.5), 200, STILL);
    expect(found.x[0]).toBe(0.5);
    expect(Math.abs(found.x[1] - 0.25)).toBeLessThan(CLOSE);
  });

  it('asks for no gradient where a step is refused', async () => {
    const objective = rosenbrock();
    const { steps } = await minimise(objective, Float64Array.of(-1.2, 1), box(3), 200, STILL);
    // One at the start, one a step, one at the step that brought too little to go on.
    expect(objective.asked.gradients).toBeLessThanOrEqual(steps + 2);
    expect(objective.asked.values).toBeGreaterThan(steps + 2);
  });

  it('stops sooner where less of a fall is enough', async () => {
    const [near, far] = await Promise.all(
      [0.1, STILL].map((still) => minimise(rosenbrock(), Float64Array.of(-1.2, 1), box(3), 200, still)),
    );
    expect(near.steps).toBeLessThan(far.steps);
    expect(near.value).toBeGreaterThan(far.value);
  });

  it('steps back from where there is no value', async () => {
    const found = await minimise(rosenbrock(0.9), Float64Array.of(2, 2), box(3), 200, STILL);
    expect(Math.abs(found.x[0] - 1)).toBeLessThan(CLOSE);
  });
});
