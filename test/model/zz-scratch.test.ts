import { expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { createRandom } from '../../src/core/random.ts';
import { loadClassifier } from '../../src/model/load.ts';
import { openSource } from '../../src/model/source.ts';
import { softwareGpu } from '../support/gpu.ts';

const W = Number(process.env.WORDS ?? 16),
  M = Number(process.env.MASKS ?? 256);
it.each((process.env.CHUNKS ?? '256').split(',').map(Number))('scratch %d', async (tokens) => {
  const real = process.env.REF ? createReferenceBackend() : await createWebgpuBackend({ gpu: softwareGpu() });
  const backend = {
    ...real,
    limits: process.env.AUTO ? real.limits : { ...real.limits, firstTokens: tokens, mostTokens: tokens, targetMs: 1e9 },
  };
  const model = await loadClassifier(openSource('models/minilm-sst2'), { backend });
  const random = createRandom(1);
  const ids: number[] = [],
    offsets = [0];
  for (let m = 0; m < M; m++) {
    ids.push(101);
    for (let i = 0; i < W; i++) ids.push(random.uniform() < 0.5 ? 103 : 2000 + i * 7);
    ids.push(102);
    offsets.push(ids.length);
  }
  const run = (n: number) =>
    model.classify({ ids: Uint32Array.from(ids.slice(0, offsets[n])), offsets: Uint32Array.from(offsets.slice(0, n + 1)) });
  await run(8);
  const before = { ...model.counters };
  const cpu = process.cpuUsage();
  const t0 = performance.now();
  await run(M);
  const wall = performance.now() - t0;
  const u = process.cpuUsage(cpu);
  const s = (u.user + u.system) / 1e6;
  const gf = (model.counters.matmulFlops - before.matmulFlops) / 1e9;
  console.log(
    `tokens ${tokens} chunks ${model.counters.chunks - before.chunks} wall ${wall.toFixed(0)} ms cpu ${s.toFixed(2)} s  GF ${gf.toFixed(1)}  GF/cpu-s ${(gf / s).toFixed(2)} GF/s ${((gf / wall) * 1e3).toFixed(2)} masks/s ${((M / wall) * 1e3).toFixed(1)}`,
  );
  model.destroy();
  backend.destroy();
  expect(1).toBe(1);
});
