import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { createRandom } from '../../src/core/random.ts';
import { bertProgram } from '../../src/model/bert.ts';
import { bertWeights, takeEmbeddings } from '../../src/model/bert-weights.ts';
import { createClassifier } from '../../src/model/classifier.ts';
import { dequantiseRows, readSafetensors, toFloat32 } from '../../src/model/safetensors.ts';
import { softwareGpu } from '../support/gpu.ts';

const W = Number(process.env.WORDS ?? 16),
  M = Number(process.env.MASKS ?? 64);
it('scratch', async () => {
  const t = readSafetensors(new Uint8Array(readFileSync('models/minilm-sst2/model.safetensors')));
  const take = (name: string) => {
    const x = t.get(name)!;
    const s = t.get(name + '.scale');
    return s ? dequantiseRows(name, x, s) : toFloat32(name, x);
  };
  const sizes = { layers: 6, width: 384, heads: 12, hidden: 1536, activation: 'gelu' as const, epsilon: 1e-12, labels: 2 };
  const weights = bertWeights(sizes, take);
  const embeddings = takeEmbeddings(sizes, { vocabulary: 30522, positions: 512, types: 2 }, take);
  const random = createRandom(1);
  const ids: number[] = [],
    offsets = [0];
  for (let m = 0; m < M; m++) {
    ids.push(101);
    for (let i = 0; i < W; i++) ids.push(random.uniform() < 0.5 ? 103 : 2000 + i * 7);
    ids.push(102);
    offsets.push(ids.length);
  }
  const all = bertProgram(sizes, { tokens: 512, tableRows: 512, sequences: 128 });
  const variants = {
    all,
    noAttention: { ...all, steps: all.steps.filter((s) => s.kernel !== 'attention') },
    noNorm: { ...all, steps: all.steps.filter((s) => s.kernel !== 'layer-norm') },
    noGather: { ...all, steps: all.steps.filter((s) => s.kernel !== 'gather-rows') },
    noGelu: {
      ...all,
      steps: all.steps.map((s) => (s.constants.ACTIVATION === 1 ? { ...s, constants: { ...s.constants, ACTIVATION: 0 } } : s)),
    },
    noSequenceMatmul: { ...all, steps: all.steps.filter((s) => !(s.kernel === 'matmul' && s.rows === 'sequences')) },
  };
  const models = [];
  for (const [name, program] of Object.entries(variants)) {
    const real = await createWebgpuBackend({ gpu: softwareGpu() });
    const backend = { ...real, limits: { ...real.limits, firstTokens: 256, mostTokens: 256, targetMs: 1e9 } };
    models.push({
      name,
      times: [] as number[],
      model: await createClassifier(
        {
          info: { labels: ['a', 'b'], maxTokens: 512 } as never,
          tokenizer: null as never,
          vocabulary: 30522,
          program,
          weights,
          embeddings,
        },
        backend,
      ),
    });
  }
  for (let rep = 0; rep < 2; rep++)
    for (const m of models) {
      const cpu = process.cpuUsage();
      await m.model.classify({ ids: Uint32Array.from(ids), offsets: Uint32Array.from(offsets) });
      const u = process.cpuUsage(cpu);
      m.times.push((u.user + u.system) / 1e6);
    }
  for (const m of models) console.log(m.name, m.times.map((x) => x.toFixed(2)).join(' '), 'GF', m.model.counters.matmulFlops / 3e9);
  expect(1).toBe(1);
});
