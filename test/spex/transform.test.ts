import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { transformRows } from '../../src/compute/transform.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { createRandom } from '../../src/core/random.ts';
import { fillBins, fillBinsBy } from '../../src/spex/bins.ts';
import { onGrid } from '../../src/spex/digits.ts';
import { planSpex } from '../../src/spex/plan.ts';
import { spex } from '../../src/spex/spex.ts';
import { evaluateTerms, hierarchical } from '../spectrum/planted.ts';
import { reference, useBackends, wasm, webgpu } from '../support/backends.ts';
import { lavapipeFolder, lavapipeGpu, NO_LAVAPIPE } from '../support/lavapipe.ts';

useBackends();

const plan = planSpex(40, { budget: 6000, seed: 5 });
const random = createRandom(8);
/** With noise, so that bins are full and decisions close. */
const values = evaluateTerms(hierarchical(40, 120, 5), plan.masks).map((v) => v + 0.1 * random.normal());

/** The backend’s transform, and how often it was asked. */
function on(backend: Backend) {
  const asked: number[] = [];
  return {
    asked,
    transform: (rows: Float32Array, size: number) => {
      asked.push(size);
      return transformRows(backend, rows, size);
    },
  };
}

async function same(backend: Backend): Promise<void> {
  for (const decoding of ['soft', 'hard'] as const) {
    const { asked, transform } = on(backend);
    const given = await spex(plan.masks, values, { plan, seed: 1, decoding, transform });
    const own = await spex(plan.masks, values, { plan, seed: 1, decoding });
    expect(asked).toEqual([2 ** plan.b]);
    expect(own.spectrum.coefficients.length).toBeGreaterThan(40);
    expect(given).toEqual(own);
  }
}

describe('SPEX with its bins transformed on a device', () => {
  it('makes the same decisions on SwiftShader, in WASM and in float64, and has the same coefficients to the last bit', async () => {
    for (const backend of [webgpu, wasm, reference]) await same(backend);
  });

  it.skipIf(!lavapipeFolder())(`and through workgroup memory on lavapipe${NO_LAVAPIPE}`, async () => {
    const lavapipe = await createWebgpuBackend({ gpu: lavapipeGpu(), tiling: '64x64' });
    try {
      await same(lavapipe);
    } finally {
      lavapipe.destroy();
    }
  });

  it('has the bins of every stage bit for bit', async () => {
    const grid = onGrid(Float64Array.from(values));
    for (const { b } of plan.stages) expect(await fillBinsBy(on(webgpu).transform, plan, grid, b)).toEqual(fillBins(plan, grid.values, b));
  });
});
