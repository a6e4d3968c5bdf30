import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { env, explainer } from '../../src/text.ts';
import { COMMIT, startHub, type TestHub } from '../support/hub.ts';

const GOLDEN = new URL('../model/golden/', import.meta.url);
const read = (path: string) => new Uint8Array(readFileSync(new URL(path, GOLDEN)));
const usual = { ...env };
const cache = mkdtempSync(join(tmpdir(), 'webspex-hub-'));
let hub: TestHub;
beforeAll(async () => {
  const files = [
    'config.json',
    'tokenizer.json',
    'model.safetensors.index.json',
    ...[1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`),
  ];
  hub = await startHub({
    ...Object.fromEntries(files.map((f) => [f, read(`tiny/xlm-roberta/${f}`)])),
    'gpt2.gguf': read('tiny-gguf/gpt2.gguf'),
  });
  Object.assign(env, { remoteHost: hub.address, cacheDir: cache });
});
afterAll(async () => {
  Object.assign(env, usual);
  await hub.close();
  rmSync(cache, { recursive: true });
});

describe('env.remoteHost', () => {
  it('is where explainer() takes a model from that is named by its hub id, all its weight files included', async () => {
    const ex = await explainer('text-classification', hub.id, { device: 'reference' });
    const { model, players, fit } = await ex.explain('not bad at all').result;
    expect(model).toMatchObject({ id: 'org/tiny', revision: COMMIT });
    expect([players.length, fit.chosen]).toEqual([4, 'exact']);
    ex.destroy();
  });

  it('is where it takes a GGUF file from that is named behind the id, and the cache once it is there', async () => {
    const load = () =>
      explainer('text-generation', `${hub.id}/gpt2.gguf`, { device: 'reference', local_files_only: hub.asked.length === 0 });
    const first = await load();
    const explain = async (ex: typeof first) => (await ex.explain('the bad not', { target: ' good', lock: 'none' }).result).values;
    const values = await explain(first);
    expect(first.model).toMatchObject({ id: 'org/tiny/gpt2.gguf', revision: COMMIT });
    hub.asked.length = 0;
    const again = await load();
    expect(await explain(again)).toEqual(values);
    expect(hub.asked).toEqual([]);
    for (const ex of [first, again]) ex.destroy();
  });
});
