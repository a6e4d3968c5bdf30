import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { bertProgram } from '../../src/model/bert.ts';
import { bertWeights, takeEmbeddings } from '../../src/model/bert-weights.ts';
import { createClassifier } from '../../src/model/classifier.ts';
import { dequantiseRows, readSafetensors, toFloat32 } from '../../src/model/safetensors.ts';

it('scratch', async () => {
  const t = readSafetensors(new Uint8Array(readFileSync('models/minilm-sst2/model.safetensors')));
  const take = (name: string) => {
    const x = t.get(name)!;
    const s = t.get(name + '.scale');
    return s ? dequantiseRows(name, x, s) : toFloat32(name, x);
  };
  const sizes = { layers: 6, width: 384, heads: 12, hidden: 1536, activation: 'gelu' as const, epsilon: 1e-12, labels: 2 };
  const program = bertProgram(sizes, { tokens: 512, tableRows: 512, sequences: 128 });
  console.time('w');
  const weights = bertWeights(sizes, take);
  const embeddings = takeEmbeddings(sizes, { vocabulary: 30522, positions: 512, types: 2 }, take);
  console.timeEnd('w');
  const model = await createClassifier(
    { info: { labels: ['a', 'b'], maxTokens: 512 } as never, tokenizer: null as never, vocabulary: 30522, program, weights, embeddings },
    createReferenceBackend(),
  );
  const golden = JSON.parse(readFileSync('test/model/golden/minilm-sst2.json', 'utf8'));
  const ids = golden.rows.flatMap((r: { ids: number[] }) => r.ids);
  const offsets = [0];
  for (const r of golden.rows) offsets.push(offsets.at(-1)! + r.ids.length);
  const cpu = process.cpuUsage();
  const t0 = performance.now();
  const out = await model.classify({ ids: Uint32Array.from(ids), offsets: Uint32Array.from(offsets) });
  const u = process.cpuUsage(cpu);
  console.log(model.counters, performance.now() - t0, u.user / 1e3, 'GF/cpu-s', model.counters.matmulFlops / u.user / 1e3);
  const want = golden.rows.flatMap((r: { logits: number[] }) => r.logits);
  console.log(Math.max(...want.map((w: number, i: number) => Math.abs(w - out[i]))));
  expect(1).toBe(1);
});
