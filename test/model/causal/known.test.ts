import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/compute/backend.ts';
import type { Program } from '../../../src/compute/program.ts';
import { createReferenceBackend } from '../../../src/compute/reference/backend.ts';
import { STAMP_COLUMNS } from '../../../src/compute/stamp.ts';
import { createWasmBackend } from '../../../src/compute/wasm/backend.ts';
import type { CausalParts } from '../../../src/model/causal/causal.ts';
import { decoderProgram } from '../../../src/model/causal/decoder.ts';
import { greedyTokens } from '../../../src/model/causal/greedy.ts';
import { inputsOf } from '../../../src/model/causal/inputs.ts';
import { growTree } from '../../../src/model/causal/planner.ts';
import { sortSequences } from '../../../src/model/causal/sequences.ts';
import { excess } from '../../compute/support.ts';
import { greedyStory, hasModel, openStories, readGptNano } from './known-models.ts';
import { scored, tinyCausal } from './support.ts';

/** Activations as PyTorch computed them in float32, of size up to 10. */
const FLOAT32 = { absolute: 2e-5, relative: 2e-5 };

/** What a buffer holds right after its `write`-th write, for every token of one sequence: the program up to there, and the buffer as its output. */
function upTo(program: Program, buffer: string, write: number): Program {
  const writes = program.steps.flatMap(({ bindings }, i) => (bindings.output === buffer ? [i] : []));
  const { columns } = program.buffers.find((b) => b.name === buffer) ?? { columns: 0 };
  return {
    capacity: program.capacity,
    buffers: [
      ...program.buffers.filter((b) => b.kind !== 'output'),
      { name: 'home', kind: 'output', type: 'u32', rows: 'sequences', columns: columns + STAMP_COLUMNS },
    ],
    steps: [
      ...program.steps.slice(0, writes[write] + 1),
      {
        kernel: 'finish',
        rows: 'sequences',
        bindings: { hidden: buffer, logits: buffer, output: 'home' },
        constants: { WIDTH: columns, LABELS: columns },
        params: { hiddenStride: columns, logitStride: columns },
      },
    ],
  };
}

async function activation(
  backend: Backend,
  parts: CausalParts,
  ids: readonly number[],
  buffer: string,
  write: number,
): Promise<Float32Array> {
  // One more token, so that every real one is a row, and all of them are read.
  const sorted = sortSequences(scored([[...ids, 0]]));
  const capacity = { tokens: 16, tableRows: 16, sequences: 16 };
  const chunk = growTree(sorted, 0, 16, capacity);
  const program = upTo(decoderProgram(parts.sizes, capacity), buffer, write);
  const kept = new Map([...parts.weights()].filter(([name]) => program.buffers.some((b) => b.name === name)));
  const executable = await backend.prepare(program, kept);
  try {
    return await executable.run(inputsOf(chunk, parts, capacity), chunk.counts);
  } finally {
    executable.destroy();
  }
}

describe.skipIf(!hasModel('gpt-nano-sort'))('gpt-nano-sort (skipped where ../shared is absent)', () => {
  const backends = async () => [createReferenceBackend(), await createWasmBackend({ threads: 1 })];

  it('has every activation that PyTorch recorded', async () => {
    const { parts, tensors, partials } = readGptNano();
    const get = (name: string) => partials.get(name) as Float32Array;
    const bias = tensors.get('transformer.h.0.attn.c_attn.bias') as Float32Array;
    // Q, K and V of a row lie side by side; Q is a quarter of PyTorch's, as 1/√16 is in it, and K is without its bias.
    const qkv = get('qkv').map((v, i) => {
      const c = i % 144;
      return c < 48 ? v / 4 : c < 96 ? v - bias[c] : v;
    });
    const recorded: [buffer: string, write: number, want: Float32Array][] = [
      ['tableNormed', 0, get('ln1')],
      ['qkv', 0, qkv],
      ['context', 0, get('y')],
      ['y', 0, get('attnResid')],
      ['normed', 0, get('ln2')],
      ['up', 0, get('gelu')],
      ['x', 1, get('block0')],
      ['x', 2, get('block1')],
      ['readX', 1, get('block2')],
      ['readNormed', 2, get('ln_f')],
      ['logits', 0, get('lm_head')],
    ];
    const idx = [...get('idx')];
    for (const backend of await backends())
      for (const [buffer, write, want] of recorded)
        for (let b = 0; b < 3; b++) {
          const got = await activation(backend, parts, idx.slice(11 * b, 11 * (b + 1)), buffer, write);
          const columns = want.length / 33;
          const stride = got.length / 11;
          const cut = Array.from({ length: 11 * columns }, (_, i) => got[Math.floor(i / columns) * stride + (i % columns)]);
          const part = want.subarray(11 * b * columns, 11 * (b + 1) * columns);
          expect(excess(cut, part, FLOAT32.absolute, FLOAT32.relative), `${buffer} of input ${b}`).toBeLessThanOrEqual(1);
        }
  });

  it('sorts all 729 rows of six letters', async () => {
    const { parts } = readGptNano();
    const model = await tinyCausal(await createWasmBackend({ threads: 1 }), { ...parts, info: { ...parts.info, maxTokens: 12 } });
    const rows = Array.from({ length: 729 }, (_, i) => Array.from({ length: 6 }, (_, d) => Math.floor(i / 3 ** d) % 3));
    const lists = rows.map((row) => [...row, ...row.toSorted()]);
    const { best } = await model.score(scored(lists, 6));
    // Given the letters and those of the answer so far, the next is the likeliest.
    expect([...best]).toEqual(rows.flatMap((row) => row.toSorted()));
  });
});

describe.skipIf(!hasModel('stories260K'))('stories260K (skipped where ../shared is absent)', () => {
  it('tells its story letter for letter', async () => {
    const { model, pieces } = await openStories(await createWasmBackend({ threads: 1 }));
    const tokens = await greedyTokens(model, [1], { most: 256 });
    const text = tokens
      .map((id) => pieces[id].replace(/^<0x([0-9A-F]{2})>$/, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))))
      .join('');
    expect(text.trim()).toBe(greedyStory());
    model.destroy();
  });
});
