import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebspexError } from '../../src/core/errors.ts';
import type { Explanation } from '../../src/explain/document.ts';
import { connectExplainer, type Endpoint, type Explainer, explainer, type RemoteExplainer, serveExplainer } from '../../src/text.ts';
import { softwareGpu } from '../support/gpu.ts';

/** float32 on the GPU against PyTorch in float64 (issue: 1e-4). */
const LOGITS = 1e-4;

/** Two engines are compiled and fed on a software adapter; a busy machine of two cores needs more than the usual 10 s. */
const LOADING_MS = 180_000;

const TEXT = 'Her acting never fails to impress';
const golden = JSON.parse(readFileSync(new URL('../model/golden/minilm-sst2.json', import.meta.url)).toString()) as {
  rows: { text: string; logits: number[] }[];
};

let local: Explainer;
/** The exact explanation of TEXT, which several tests read. */
let exact: Explanation;
let remote: RemoteExplainer;
let channel: MessageChannel;

async function failure(work: Promise<unknown>): Promise<WebspexError> {
  const error = await work.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(WebspexError);
  return error as WebspexError;
}

beforeAll(async () => {
  local = await explainer('text-classification', undefined, { device: 'webgpu', gpu: softwareGpu() });
  exact = await local.explain(TEXT, { budget: 64 }).result;
  channel = new MessageChannel();
  serveExplainer(channel.port1 as unknown as Endpoint, { gpu: softwareGpu() });
  channel.port1.start();
  channel.port2.start();
  remote = await connectExplainer(channel.port2 as unknown as Endpoint, { device: 'webgpu' });
}, LOADING_MS);

afterAll(() => {
  local.destroy();
  remote.destroy();
  channel.port1.close();
});

describe('half precision', () => {
  it('is a GPU’s: it is refused elsewhere, and nothing else is taken in its place, here or on the far side of a channel', async () => {
    const open = (options: Parameters<typeof explainer>[2]) => failure(explainer('text-classification', undefined, options));
    const onCpu = await open({ device: 'wasm', dtype: 'fp16' });
    expect([onCpu.code, onCpu.message]).toEqual(['usage', expect.stringMatching(/expected fp32 on device wasm, got fp16/)]);
    expect((await open({ device: 'auto', dtype: 'fp16', gpu: softwareGpu() })).code).toBe('no-adapter');
    expect((await open({ dtype: 'q4' as 'fp16' })).message).toMatch(/one of fp32, fp16, got q4/);
    const far = await failure(connectExplainer(channel.port2 as unknown as Endpoint, { device: 'webgpu', dtype: 'fp16' }));
    expect([far.code, far.message]).toEqual(['no-adapter', expect.stringMatching(/with shader-f16, got SwiftShader/)]);
  });
});

describe('explaining a text with the embedded model', () => {
  it('says where every number comes from, and agrees with PyTorch on the whole text and on nothing', () => {
    const e = exact;
    const [whole, nothing] = golden.rows.filter((r) => r.text === TEXT).map((r) => r.logits[1] - r.logits[0]);
    expect(Math.abs(e.values.full - whole)).toBeLessThan(LOGITS);
    expect(Math.abs(e.values.empty - nothing)).toBeLessThan(LOGITS);
    expect(e).toMatchObject({ target: 'positive', scalar: 'log-odds', units: 'word', mask: 'mask-token', lens: 'text', text: TEXT });
    expect(e.players.map((p) => TEXT.slice(p.start, p.end))).toEqual(TEXT.split(' '));
    expect(e.model?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(e.device).toMatchObject({ backend: 'webgpu' });
    expect(e.fit).toMatchObject({ chosen: 'exact', queries: 64, r2: 1 });
  });

  it('finds that "never" and "fails" work together, more than any other two words', () => {
    const e = exact;
    const [top] = e.interactions.filter((i) => i.members.length > 1);
    expect(top.members.map((m) => e.players[m].label)).toEqual(['never', 'fails']);
    expect(top.value).toBeGreaterThan(1);
  });

  it('predicts, where exact, what the model then says of any masking', async () => {
    const e = exact;
    const masks = [
      [1, 1, 0, 1, 1, 1],
      [1, 1, 0, 0, 1, 1],
      [0, 0, 0, 0, 0, 1],
    ];
    const measured = await local.evaluate(TEXT, { masks });
    masks.forEach((row, r) => {
      const predicted = e.spectrum.reduce(
        (sum, { members, coefficient }) => sum + (members.filter((m) => row[m]).length % 2 ? -coefficient : coefficient),
        0,
      );
      expect(Math.abs(predicted - measured[r])).toBeLessThan(LOGITS);
    });
  });

  it('explains the label, the scalar and the masking that were asked for', async () => {
    const coarse = {
      units: [
        [0, 10],
        [11, 22],
        [23, 33],
      ] as const,
      budget: 16,
    };
    const [positive, negative] = await Promise.all(
      ['positive', 'NEGATIVE'].map((target) => local.explain(TEXT, { ...coarse, target }).result),
    );
    expect(negative.target).toBe('negative');
    expect(Math.abs(positive.values.full + negative.values.full)).toBeLessThan(LOGITS);
    const prob = await local.explain(TEXT, { ...coarse, scalar: 'prob', mask: 'remove' }).result;
    expect(Math.abs(prob.values.full - 1 / (1 + Math.exp(-positive.values.full)))).toBeLessThan(LOGITS);
    expect(prob.mask).toBe('remove');
    expect(Math.abs(prob.values.empty - positive.values.empty)).toBeGreaterThan(1e-3);
  });

  it('refuses bad input with a code, before it runs', async () => {
    const cases: [string, object, string][] = [
      ['', {}, 'empty-input'],
      ['  \n ', {}, 'empty-input'],
      ['word '.repeat(600), {}, 'too-long'],
      [TEXT, { target: 'purple' }, 'usage'],
      [TEXT, { units: '/(/' }, 'usage'],
      [TEXT, { units: [[0, 99]] }, 'usage'],
      [TEXT, { mask: 'paint' }, 'usage'],
      [TEXT, { scalar: 'vibes' }, 'usage'],
      [TEXT, { budget: 3 }, 'budget-too-small'],
    ];
    for (const [text, options, code] of cases)
      expect((await failure(local.explain(text, options).result)).code, JSON.stringify(options)).toBe(code);
    expect((await failure(local.evaluate(TEXT, { masks: [[1, 0]] }))).code).toBe('usage');
    expect((await failure(explainer('text-classification', '/no/such/folder', { device: 'reference' }))).code).toBe('not-found');
  });
});

describe('the same across a worker or a process', () => {
  it('gives the same document, but for the timing', async () => {
    const looks = [];
    for await (const e of remote.explain(TEXT, { budget: 64 })) looks.push(e);
    const { timing: _a, ...mine } = exact;
    const { timing: _b, ...theirs } = looks[looks.length - 1];
    expect(theirs).toEqual(mine);
    expect(remote.model).toEqual(local.model);
  });

  it('passes progress, errors, stop and abort across', async () => {
    const seen: number[] = [];
    const long = `${TEXT} and nothing else is bad`;
    const run = remote.explain(long, { budget: 2048, method: 'linear', onProgress: (p) => seen.push(p.queries) });
    for await (const e of run) if (e.fit.queries >= 64) run.stop();
    const kept = await run.result;
    expect(kept.fit.queries).toBeLessThan(2048);
    expect(seen.length).toBeGreaterThan(1);
    expect((await failure(remote.explain('', {}).result)).code).toBe('empty-input');
    const abort = new AbortController();
    const aborted = remote.explain(long, { budget: 1024, signal: abort.signal, onProgress: () => abort.abort() });
    expect((await failure(aborted.result)).code).toBe('aborted');
    const [value] = await remote.evaluate(TEXT, { masks: [[1, 1, 1, 1, 1, 1]] });
    expect(Math.abs(value - (await local.evaluate(TEXT, { masks: [[1, 1, 1, 1, 1, 1]] }))[0])).toBe(0);
  });

  it('fails every pending call when the far side dies', async () => {
    const { port1, port2 } = new MessageChannel();
    serveExplainer(port1 as unknown as Endpoint, { gpu: softwareGpu() });
    port1.start();
    port2.start();
    const doomed = await connectExplainer(port2 as unknown as Endpoint, { device: 'webgpu' });
    const pending = doomed.explain(TEXT, { budget: 64 }).result;
    doomed.fail('a process that ended');
    expect((await failure(pending)).code).toBe('device-lost');
    expect((await failure(doomed.evaluate(TEXT, { masks: [] }))).code).toBe('device-lost');
    port1.close();
  });
});
