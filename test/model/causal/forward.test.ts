import { describe, expect, it } from 'vitest';
import { excess } from '../../compute/support.ts';
import { reference, useBackends, wasm, webgpu } from '../../support/backends.ts';
import { FOLDERS, golden, scored, tinyCausal, tinyParts } from './support.ts';

/** Both in float64, but weights with 1/√(head size) and what is read back are rounded to float32, and so are angles, there too. */
const FLOAT64 = { absolute: 5e-6, relative: 1e-6 };
/** A few layers in float32. */
const FLOAT32 = { absolute: 1e-4, relative: 0 };

useBackends();

describe('the forward pass of a decoder', () => {
  it.each(FOLDERS)(
    'of %s gives every token the log-probability that PyTorch does, and names the likeliest, on all backends',
    async (folder) => {
      const { rows } = golden[folder];
      const parts = tinyParts(folder);
      for (const [backend, { absolute, relative }] of [
        [reference, FLOAT64],
        [wasm, FLOAT32],
        [webgpu, FLOAT32],
      ] as const) {
        const model = await tinyCausal(backend, parts);
        const got = await model.score(scored(rows.map(({ ids }) => ids)));
        expect(
          excess(
            got.logProbs,
            rows.flatMap(({ logProbs }) => logProbs),
            absolute,
            relative,
          ),
          backend.info.backend,
        ).toBeLessThanOrEqual(1);
        expect([...got.best]).toEqual(rows.flatMap(({ best }) => best));
        model.destroy();
      }
    },
  );
});
