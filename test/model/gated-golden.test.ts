import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadClassifier } from '../../src/model/load.ts';
import { openSource } from '../../src/model/source.ts';
import { excess } from '../compute/support.ts';
import { reference, useBackends, wasm, webgpu } from '../support/backends.ts';
import { sequences } from './tiny-encoder.ts';

/** The bound for a logit of float32. */
const LOGIT = 1e-4;
const TINY = new URL('golden/tiny/', import.meta.url);

interface Folder {
  readonly layers: number;
  readonly heads: number;
  readonly reference: readonly number[][];
  readonly rows: readonly { readonly ids: number[]; readonly gates: number[]; readonly zero: number[]; readonly mean: number[] }[];
}
const golden = JSON.parse(readFileSync(new URL('gated.json', TINY), 'utf8')) as { folders: Record<string, Folder> };

useBackends();

describe('heads and blocks multiplied by gates', () => {
  // One folder of each architecture in WGSL, whose pipelines take long to compile; the others differ in sizes and storage.
  it.each(Object.entries(golden.folders).map(([name, folder]) => [name, ['f32', 'distilbert', 'electra'].includes(name), folder] as const))(
    'in %s give PyTorch’s logits, fading into nothing and into mean outputs, on every backend (in WGSL: %s)',
    async (name, inWgsl, folder) => {
      const asked = sequences(folder.rows.map((r) => r.ids));
      const values = Float32Array.from(folder.rows.flatMap((r) => r.gates));
      const [zero, mean] = [folder.rows.flatMap((r) => r.zero), folder.rows.flatMap((r) => r.mean)];
      expect(excess(zero, mean, LOGIT, 0)).toBeGreaterThan(1);
      for (const backend of [reference, wasm, ...(inWgsl ? [webgpu] : [])]) {
        const model = await loadClassifier(openSource(new URL(`${name}/`, TINY)), { backend });
        const components = model.components ?? expect.unreachable();
        expect([components.layers, components.heads]).toEqual([folder.layers, folder.heads]);
        expect(excess(await model.classify(asked, { gates: { values } }), zero, LOGIT, 0)).toBeLessThanOrEqual(1);
        const means = await components.means(sequences(folder.reference));
        expect(excess(await model.classify(asked, { gates: { values, means } }), mean, LOGIT, 0)).toBeLessThanOrEqual(1);
        model.destroy();
      }
    },
  );
});
