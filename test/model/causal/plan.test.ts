import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/compute/backend.ts';
import { createReferenceBackend } from '../../../src/compute/reference/backend.ts';
import { createWasmBackend } from '../../../src/compute/wasm/backend.ts';
import { createWebgpuBackend } from '../../../src/compute/webgpu/backend.ts';
import { allMasks, isPresent } from '../../../src/core/masks.ts';
import { createCausal } from '../../../src/model/causal/causal.ts';
import { growTree } from '../../../src/model/causal/planner.ts';
import { sortSequences } from '../../../src/model/causal/sequences.ts';
import type { CausalModel, ScoredSequences } from '../../../src/model/model.ts';
import { excess } from '../../compute/support.ts';
import { rejectedBy } from '../../model/support.ts';
import { softwareGpu } from '../../support/gpu.ts';
import { FOLDERS, golden, scored, tinyCausal, tinyParts } from './support.ts';

/** The same float32 sums in another order at most. */
const FLOAT32 = { absolute: 1e-5, relative: 1e-5 };

let wasm: Backend;
let webgpu: Backend;
const reference = createReferenceBackend();
beforeAll(async () => {
  wasm = await createWasmBackend({ threads: 1 });
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
});
afterAll(() => {
  wasm.destroy();
  webgpu.destroy();
});

/** A prompt of one token, n words of one token each (the last two alike), a token that is never masked, and two continuations. */
function maskings(n: number, rule: 'remove' | 'replace'): { lists: number[][]; from: number[] } {
  const masks = allMasks(n);
  const lists: number[][] = [];
  const from: number[] = [];
  for (let r = 0; r < masks.count; r++) {
    const words = Array.from({ length: n }, (_, i) => i)
      .filter((i) => rule === 'replace' || isPresent(masks, r, i))
      .map((i) => (isPresent(masks, r, i) ? 10 + Math.min(i, n - 2) : 3));
    const prompt = [1, ...words, 7];
    lists.push([...prompt, 5, 6], [...prompt, 8]);
    from.push(prompt.length, prompt.length);
  }
  return { lists, from };
}

/** Scores of one sequence after another, each in a call of its own: nothing is packed, deduplicated or shared. */
async function oneByOne(model: CausalModel, { lists, from }: { lists: number[][]; from: number[] }): Promise<number[]> {
  const out: number[] = [];
  for (const [s, list] of lists.entries()) out.push(...(await model.score(scored([list], [from[s]]))).logProbs);
  return out;
}

describe('a tree of prefixes', () => {
  it.each(
    FOLDERS.flatMap((folder) => (['remove', 'replace'] as const).map((rule) => [folder, rule, folder === 'llama' ? 10 : 6] as const)),
  )('of all maskings gives %s under %s the bits that one masking at a time does (n = %i)', async (folder, rule, n) => {
    const asked = maskings(n, rule);
    const parts = tinyParts(folder);
    for (const backend of [reference, wasm]) {
      const model = await tinyCausal(backend, parts, 40);
      const together = (await model.score(scored(asked.lists, asked.from))).logProbs;
      const { chunks, sharedTokens } = model.counters;
      expect(chunks).toBeGreaterThan(1);
      expect(sharedTokens).toBeGreaterThan(0);
      expect([...together]).toEqual(await oneByOne(model, asked));
      model.destroy();
    }
  });

  it('of all maskings of five words is what one masking at a time gives, in WGSL', async () => {
    const asked = maskings(5, 'remove');
    const model = await tinyCausal(webgpu, tinyParts('llama'));
    const together = (await model.score(scored(asked.lists, asked.from))).logProbs;
    expect(excess(together, await oneByOne(model, asked), FLOAT32.absolute, FLOAT32.relative)).toBeLessThanOrEqual(1);
    model.destroy();
  });

  it('counts what it computes and what it saves', async () => {
    const { lists, from } = maskings(6, 'replace');
    const model = await tinyCausal(reference, tinyParts('gpt2'), 4096);
    await model.score(scored([...lists, ...lists], [...from, ...from]));
    // A row for each distinct beginning, of prompts and of the one continuation of two tokens.
    const rows = new Set(lists.flatMap((list) => list.slice(0, -1).map((_, i) => list.slice(0, i + 1).join())));
    const distinct = new Set(lists.map((list) => list.join()));
    const uniqueRows = [...distinct].map((list) => list.split(',').length - 1).reduce((a, b) => a + b, 0);
    expect(model.counters).toMatchObject({
      sequences: 2 * lists.length,
      distinctSequences: distinct.size,
      tokens: rows.size,
      sharedTokens: uniqueRows - rows.size,
      // The end of each prompt, with both first tokens of the continuations, and the first token of the longer one.
      readRows: distinct.size,
      chunks: 1,
    });
    model.destroy();
  });

  it('makes room for a text longer than any before, and refuses one that the model cannot take, with both numbers', async () => {
    const parts = tinyParts('mistral');
    const model = await tinyCausal(reference, { ...parts, info: { ...parts.info, maxTokens: 600 } }, 40);
    const short = scored([golden.mistral.rows[2].ids]);
    const before = (await model.score(short)).logProbs;
    await model.score(scored([Array.from({ length: 590 }, (_, i) => i % 50)], 580));
    expect((await model.score(short)).logProbs).toEqual(before);
    const error = await rejectedBy(model.score(scored([new Array(601).fill(1)])));
    expect([error.code, error.message]).toEqual(['too-long', expect.stringMatching(/at most 600 tokens.*got 601/)]);
    model.destroy();
  });

  it('is not begun for a model or a text that a backend has no room for, which is told with both numbers', async () => {
    const parts = tinyParts('llama');
    const within = (limits: object) => createCausal(parts, { ...reference, limits: { ...reference.limits, ...limits } });
    const large = await rejectedBy(within({ totalBytes: 50_000 }));
    expect([large.code, large.message]).toEqual([
      'unsupported-model',
      expect.stringMatching(/at most 50000 bytes of weights and rows, got \d{6}; use/),
    ]);
    const wide = await rejectedBy(within({ bufferBytes: 6000 }));
    expect([wide.code, wide.message]).toEqual(['unsupported-model', expect.stringMatching(/buffers of at most 6000 bytes, got \d+ for /)]);
    // Where there is room for less than is wanted, runs are smaller.
    const model = await within({ bufferBytes: 65_536, mostTokens: 64 });
    await model.score(scored([golden.llama.rows[4].ids]));
    model.destroy();
  });

  it.each([
    ['a sequence with nothing before its scored token', scored([[1, 2]], 0), 'empty-input'],
    ['a sequence without a scored token', scored([[1, 2]], 2), 'empty-input'],
    ['a token beyond the vocabulary', scored([[1, 50]]), 'usage'],
    ['offsets of other sequences', { ...scored([[1, 2]]), offsets: Uint32Array.of(0, 1) }, 'usage'],
  ] as [string, ScoredSequences, string][])('refuses %s', async (_, asked, code) => {
    const model = await tinyCausal(reference, tinyParts('mistral'));
    expect((await rejectedBy(model.score(asked))).code).toBe(code);
    model.destroy();
  });
});

describe('growing a tree', () => {
  const capacity = { tokens: 32, tableRows: 32, sequences: 16 };

  it('lists each beginning once, reads both targets of a row at once, and knows what every row sees', () => {
    const sorted = sortSequences(
      scored(
        [
          [1, 2, 3, 9],
          [1, 2, 4, 9],
          [1, 2, 3, 8],
          [1, 2, 3, 9],
        ],
        3,
      ),
    );
    const chunk = growTree(sorted, 0, 32, capacity);
    expect([...sorted.sourceOf]).toEqual([1, 2, 0, 1]);
    expect([...chunk.rowPosition]).toEqual([0, 1, 2, 2]);
    expect([...chunk.tableTokens]).toEqual([1, 2, 3, 4]);
    expect([...chunk.paths]).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 3]);
    expect([...chunk.rowRanges]).toEqual([0, 1, 0, 2, 0, 3, 6, 9]);
    expect([[...chunk.readRows], [...chunk.targets]]).toEqual([
      [2, 3],
      [8, 9, 9, 9],
    ]);
    expect(chunk.places).toEqual([
      { row: 0, target: 0 },
      { row: 0, target: 1 },
      { row: 1, target: 0 },
    ]);
    expect(chunk.shared).toBe(5);
  });

  it('cuts chunks between sequences, at its rows, its reads and its paths', () => {
    const lists = Array.from({ length: 40 }, (_, i) => [1, 2, 10 + i, 3]);
    const sorted = sortSequences(scored(lists, 3));
    expect(growTree(sorted, 0, 8, capacity).sequences).toBe(6);
    expect(growTree(sorted, 0, 32, capacity).sequences).toBe(16);
    const long = sortSequences(
      scored(
        Array.from({ length: 40 }, (_, i) => [...Array.from({ length: 25 }, (_, t) => t), 30 + i, 3]),
        26,
      ),
    );
    // Sixteen entries a row: 512, of which a path of 26 takes its share, though it adds but one row.
    expect(growTree(long, 0, 100, { tokens: 100, tableRows: 100, sequences: 100 }).sequences).toBe(40);
    expect(growTree(long, 0, 32, { ...capacity, sequences: 100 }).sequences).toBe(7);
    expect(() => growTree(long, 0, 8, { tokens: 8, tableRows: 8, sequences: 8 })).toThrow(/at most 8 rows/);
  });
});
