import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import type { CausalModel, Gates, TokenSequences } from '../../../src/model/model.ts';
import { excess } from '../../compute/support.ts';
import { reference, useBackends, wasm, webgpu } from '../../support/backends.ts';
import { rejectedBy } from '../support.ts';
import { scored, tinyCausal, tinyParts } from './support.ts';

/** The bound for a log-probability of float32. */
const LOG_PROB = 1e-4;

interface Row {
  readonly ids: number[];
  readonly from: number;
  readonly gates: number[];
  readonly zero: number[];
  readonly mean: number[];
}
interface Folder {
  readonly layers: number;
  readonly heads: number;
  readonly reference: readonly number[][];
  readonly rows: readonly Row[];
}
const GOLDEN = new URL('../golden/tiny-decoders/gated.json', import.meta.url);
const { folders } = JSON.parse(readFileSync(GOLDEN, 'utf8')) as { folders: Record<string, Folder> };

useBackends();

function textsOf(lists: readonly (readonly number[])[]): TokenSequences {
  const { ids, offsets } = scored(lists);
  return { ids, offsets };
}
const gatesOf = (rows: readonly Row[], more: Partial<Gates> = {}): Gates => ({
  values: Float32Array.from(rows.flatMap((r) => r.gates)),
  ...more,
});
const ask = async (model: CausalModel, rows: readonly Row[], gates: Gates) =>
  (await model.score(scored(rows.map((r) => r.ids)), { gates })).logProbs;

describe('heads and blocks of a causal model multiplied by gates', () => {
  // One architecture of each kind in WGSL, whose pipelines take long to compile.
  it.each(Object.entries(folders).map(([name, folder]) => [name, ['gpt2', 'llama'].includes(name), folder] as const))(
    'in %s give PyTorch’s log-probabilities, fading into nothing and into mean outputs, on every backend (in WGSL: %s)',
    async (name, inWgsl, { rows, layers, heads, reference: texts }) => {
      const [zero, mean] = [rows.flatMap((r) => r.zero), rows.flatMap((r) => r.mean)];
      expect(excess(zero, mean, LOG_PROB, 0)).toBeGreaterThan(1);
      for (const backend of [reference, wasm, ...(inWgsl ? [webgpu] : [])]) {
        const model = await tinyCausal(backend, tinyParts(name));
        const components = model.components ?? expect.unreachable();
        expect([components.layers, components.heads]).toEqual([layers, heads]);
        expect(excess(await ask(model, rows, gatesOf(rows)), zero, LOG_PROB, 0)).toBeLessThanOrEqual(1);
        const means = await components.means(textsOf(texts));
        expect(excess(await ask(model, rows, gatesOf(rows, { means })), mean, LOG_PROB, 0)).toBeLessThanOrEqual(1);
        model.destroy();
      }
    },
  );

  it.each(Object.keys(folders))(
    'need what comes before the first gate once for each text, and nothing of the numbers changes (%s)',
    async (name) => {
      const { rows, layers } = folders[name];
      for (let from = 0; from < layers; from++) {
        const some = rows.filter((row) => row.from === from);
        for (const backend of [reference, wasm]) {
          const model = await tinyCausal(backend, tinyParts(name));
          const got = await ask(model, some, gatesOf(some, { from }));
          expect(
            excess(
              got,
              some.flatMap((r) => r.zero),
              LOG_PROB,
              0,
            ),
          ).toBeLessThanOrEqual(1);
          model.destroy();
        }
      }
    },
  );

  it('share what two continuations begin with within a gating, and everything before the first gate among all', async () => {
    const { layers, heads } = folders.llama;
    const columns = layers * (heads + 1);
    const prompt = [1, 2, 3, 4, 5, 6];
    const random = createRandom(3);
    const gatings = Array.from({ length: 7 }, () =>
      Array.from({ length: columns }, (_, c) => (c < columns - heads - 1 ? 1 : random.below(2))),
    );
    const lists = gatings.flatMap(() => [
      [...prompt, 7, 8],
      [...prompt, 9],
    ]);
    const values = Float32Array.from(gatings.flatMap((gating) => [...gating, ...gating]));
    const asked = scored(lists, 6);
    const model = await tinyCausal(reference, tinyParts('llama'), 4096);
    const distinct = new Set(gatings.map((gating) => gating.join())).size;

    const plain = await model.score(asked, { gates: { values } });
    // The last token of a sequence is only ever scored: seven rows of a gating, of which six end in both continuations.
    expect(model.counters).toMatchObject({ tokens: 7 * distinct, sharedTokens: 6 * distinct, tableRows: 7, readRows: 2 * distinct });
    const before = { ...model.counters };
    const late = await model.score(asked, { gates: { values, from: layers - 1 } });
    expect(model.counters.tokens - before.tokens).toBe(0);
    expect(model.counters.tableRows - before.tableRows).toBe(7);
    expect(late).toEqual(plain);
    expect(model.counters.distinctSequences).toBe(4 * distinct);
    model.destroy();
  });

  it('of 1 change no bit, in chunks of any size', async () => {
    const { rows, layers, heads } = folders.llama;
    const lists = rows.map((row) => row.ids);
    const ones = new Float32Array(lists.length * layers * (heads + 1)).fill(1);
    for (const backend of [reference, wasm]) {
      const model = await tinyCausal(backend, tinyParts('llama'), 40);
      const plain = await model.score(scored(lists));
      for (let from = 0; from < layers; from++) expect(await model.score(scored(lists), { gates: { values: ones, from } })).toEqual(plain);
      model.destroy();
    }
  });

  it('that are not those of the model, or not of these sequences, are refused', async () => {
    const model = await tinyCausal(reference, tinyParts('gpt2'));
    const asked = scored([[1, 2, 3]]);
    const { layers, heads } = folders.gpt2;
    const refused = async (gates: Gates) => (await rejectedBy(model.score(asked, { gates }))).message;
    const ones = new Float32Array(layers * (heads + 1)).fill(1);
    expect(await refused({ values: ones.subarray(1) })).toMatch(/expected 6 numbers for each of 1 sequences, got 5/);
    expect(await refused({ values: ones, from: 2 })).toMatch(/first layer from 0 to 1, got 2/);
    expect(await refused({ values: ones.map((one, i) => (i === 0 ? 0 : one)), from: 1 })).toMatch(/gates of 1 before layer 1/);
    expect(await refused({ values: ones, means: new Float32Array(3) })).toMatch(/means, got 3/);
    expect((await rejectedBy(model.components?.means(textsOf([])) as Promise<unknown>)).code).toBe('empty-input');
    model.destroy();
  });
});
