import { describe, expect, it, vi } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWasmBackend } from '../../src/compute/wasm/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { halfBuffers } from '../../src/compute/webgpu/storage.ts';
import { WebspexError } from '../../src/core/errors.ts';
import { createPasses, MOST_ROW_BYTES } from '../../src/model/passes.ts';
import { productProgram } from '../compute/support.ts';
import { watchedGpu } from '../compute/watched-gpu.ts';
import { scored, tinyCausal, tinyParts } from './causal/support.ts';
import { randomTensors, sequences, type TinySizes, tinyModel } from './tiny-encoder.ts';

const sizes: TinySizes = {
  ...{ layers: 2, width: 16, heads: 2, hidden: 24, activation: 'gelu', epsilon: 1e-12 },
  ...{ labels: 2, vocabulary: 31, positions: 16 },
};
const tensors = randomTensors(sizes, 7);
const LISTS = [
  [1, 5, 6, 2],
  [1, 7, 2],
  [1, 9, 30, 11, 2],
];
const gatesOf = (columns: number) => Float32Array.from({ length: LISTS.length * columns }, (_, i) => ((i * 7) % 5) / 4);

const finite = (means?: Float32Array) => means?.every(Number.isFinite) === true && means.some((x) => x !== 0);

type Ask = (gated: boolean) => Promise<number[]>;
/** Models that take gates, and how one is asked with them and without. */
const MODELS: Readonly<Record<string, (backend: Backend) => Promise<{ ask: Ask; means(): Promise<boolean>; destroy(): void }>>> = {
  async 'an encoder'(backend) {
    const model = await tinyModel(backend, sizes, tensors);
    const values = gatesOf(sizes.layers * (sizes.heads + 1));
    return {
      ask: async (gated) => [...(await model.classify(sequences(LISTS), gated ? { gates: { values } } : {}))],
      means: async () => finite(await model.components?.means(sequences(LISTS))),
      destroy: model.destroy,
    };
  },
  async 'a decoder'(backend) {
    const model = await tinyCausal(backend, tinyParts('gpt2'));
    const { layers, heads } = model.components ?? expect.unreachable();
    const values = gatesOf(layers * (heads + 1));
    return {
      ask: async (gated) => [...(await model.score(scored(LISTS), gated ? { gates: { values } } : {})).logProbs],
      means: async () => finite(await model.components?.means(sequences(LISTS))),
      destroy: model.destroy,
    };
  },
};

/** What fresh models say with gates and without. */
async function alone(name: string, backend: Backend): Promise<number[][]> {
  const answers: number[][] = [];
  for (const gated of [false, true]) {
    const model = await MODELS[name](backend);
    answers.push(await model.ask(gated));
    model.destroy();
  }
  expect(answers[0]).not.toEqual(answers[1]);
  return answers;
}

describe.each(Object.keys(MODELS))('%s that is asked with gates and without', (name) => {
  it('has its weights once in buffers of a GPU, makes nothing the second time, and gives all back', async () => {
    const made: { label: string; size: number }[] = [];
    let destroyed = 0;
    let created = 0;
    const gpu = watchedGpu(({ name: call, args, go }) => {
      if (call === 'createBuffer') made.push(args[0] as { label: string; size: number });
      if (call === 'destroy') destroyed++;
      if (/^create/.test(call) && call !== 'createCommandEncoder') created++;
      return go();
    });
    const backend = await createWebgpuBackend({ gpu, tiling: 'direct' });
    const uploads = vi.spyOn(backend, 'upload');
    const want = await alone(name, backend);
    const names = new Set(uploads.mock.calls.flatMap(([, weights]) => [...weights.keys()]));
    made.length = 0;
    destroyed = 0;
    const model = await MODELS[name](backend);
    const weightBytes = () => made.filter(({ label }) => names.has(label)).reduce((sum, { size }) => sum + size, 0);
    const once = weightBytes();
    expect([await model.ask(false), await model.ask(true)]).toEqual(want);
    const before = created;
    expect([await model.ask(false), await model.ask(true)]).toEqual(want);
    expect([weightBytes(), created]).toEqual([once, before]);
    expect(once).toBeGreaterThan(0);
    model.destroy();
    expect(destroyed).toBe(made.length);
    backend.destroy();
  });

  it('has them once in the memory of WebAssembly, and once in the reference, with the bits it has alone', async () => {
    const memories: WebAssembly.Memory[] = [];
    const { Memory } = WebAssembly;
    const wasm = await createWasmBackend({ threads: 1 });
    for (const backend of [wasm, createReferenceBackend()]) {
      const want = await alone(name, backend);
      const uploads = vi.spyOn(backend, 'upload');
      const memory = vi.spyOn(WebAssembly, 'Memory').mockImplementation(function make(descriptor) {
        memories.push(new Memory(descriptor));
        return memories[memories.length - 1];
      });
      const model = await MODELS[name](backend);
      for (let i = 0; i < 2; i++) expect([await model.ask(false), await model.ask(true)]).toEqual(want);
      expect(uploads).toHaveBeenCalledTimes(1);
      memory.mockRestore();
      model.destroy();
    }
    expect(memories.length).toBe(1);
    wasm.destroy();
  });

  it('and loses its device between has the same bits of the one that is opened anew', async () => {
    let [submits, lose] = [0, 0];
    const gpu = watchedGpu(({ name: call, device, go }) => {
      if (call === 'submit' && ++submits === lose) device?.destroy();
      return go();
    });
    const backend = await createWebgpuBackend({ gpu, tiling: 'direct' });
    const want = await alone(name, backend);
    const reopened = vi.spyOn(backend, 'reopen');
    const model = await MODELS[name](backend);
    expect([await model.ask(false), await model.ask(true)]).toEqual(want);
    for (const gated of [true, false]) {
      lose = submits + 1;
      expect(await model.ask(gated)).toEqual(want[Number(gated)]);
      expect([await model.ask(false), await model.ask(true)]).toEqual(want);
    }
    expect(reopened).toHaveBeenCalledTimes(2);
    model.destroy();
    backend.destroy();
  });
});

describe('programs of one model', () => {
  /** Rows of a product that come to so many bytes beside its weights. */
  const rowsFor = (bytes: number) =>
    Math.floor(bytes / productProgram(1).buffers.reduce((sum, b) => sum + (b.kind === 'weight' ? 0 : 4 * b.columns), 0));
  const programs = [0.5, 0.4, 0.4].map((share) => productProgram(rowsFor(share * MOST_ROW_BYTES)));
  const nameOf = (program: unknown) => 'abc'[programs.indexOf(program as never)];

  /** A backend that notes what is prepared and destroyed, and has room for so many programs. */
  function noting(most = 3) {
    const [notes, alive]: [string[], Set<string>] = [[], new Set()];
    const backend: Backend = {
      ...createReferenceBackend(),
      async upload() {
        notes.push('weights');
        return { destroy: () => void notes.push('no weights') };
      },
      async prepare(program) {
        if (alive.size >= most) throw new WebspexError('out-of-memory', 'full');
        const name = nameOf(program);
        notes.push(name);
        alive.add(name);
        const destroy = () => {
          alive.delete(name);
          notes.push(`no ${name}`);
        };
        return { run: async ({ input }) => input as Float32Array, destroy };
      },
    };
    return { backend, notes };
  }
  const piece = {
    units: 1,
    counts: { tokens: 0, tableRows: 0, sequences: 1 },
    inputs: { input: new Float32Array(8) },
    nameRow: String,
    take() {},
  };
  const work = { units: 1, rows: () => 1, longest: 1, pack: () => piece };

  it('stay prepared while their rows fit, those used last', async () => {
    const { backend, notes } = noting();
    const [a, b, c] = programs;
    const passes = await createPasses(a, new Map(), backend);
    const { generation } = passes;
    await passes.run({ ...work, program: b });
    await passes.run(work);
    expect([notes, passes.generation]).toEqual([['weights', 'a', 'b'], generation]);
    await passes.run({ ...work, program: c });
    await passes.run({ ...work, program: b });
    expect(notes).toEqual(['weights', 'a', 'b', 'no b', 'c', 'no a', 'b']);
    await passes.run(work);
    expect(passes.generation).not.toBe(generation);
    passes.replace(c);
    await passes.run(work);
    passes.destroy();
    expect(notes.slice(7)).toEqual(['no c', 'a', 'no b', 'no a', 'c', 'no c', 'no weights']);
  });

  it('make room for one that there is no memory for beside them', async () => {
    const { backend, notes } = noting(1);
    const passes = await createPasses(programs[0], new Map(), backend);
    await passes.run({ ...work, program: programs[1] });
    expect(notes).toEqual(['weights', 'a', 'no a', 'b']);
    const none = noting(0);
    await expect(createPasses(programs[0], new Map(), none.backend)).rejects.toMatchObject({ code: 'out-of-memory' });
    expect(none.notes).toEqual(['weights', 'no weights']);
  });
});

describe.each(Object.keys(MODELS))('all programs of %s', (name) => {
  it('read each weight in one precision where the device is asked for halves', async () => {
    const reference = createReferenceBackend();
    const prepared = vi.spyOn(reference, 'prepare');
    const model = await MODELS[name](reference);
    await model.ask(true);
    expect(await model.means()).toBe(true);
    model.destroy();
    const [[plain], ...others] = prepared.mock.calls;
    const uploaded = halfBuffers(plain, 'f16');
    expect(others.length).toBe(2);
    for (const [program] of others) {
      const half = halfBuffers(program, 'f16');
      const bound = new Set(program.steps.flatMap(({ bindings }) => Object.values(bindings)));
      const weights = program.buffers.filter((spec) => spec.kind === 'weight' && bound.has(spec.name)).map((spec) => spec.name);
      expect(weights.filter((weight) => half.has(weight))).toEqual(weights.filter((weight) => uploaded.has(weight)));
      expect(weights.filter((weight) => half.has(weight)).length).toBeGreaterThan(0);
    }
  });
});
