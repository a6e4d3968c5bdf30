import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/index.ts';
import { COMMIT, startHub, type TestHub } from '../support/hub.ts';
import { cli, scratch, tinyModelFolder } from './support.ts';

const folder = scratch();
const cache = join(folder, 'cache');
let hub: TestHub;
beforeAll(async () => {
  const tiny = tinyModelFolder(join(folder, 'tiny'));
  const names = ['config.json', 'tokenizer.json', 'model.safetensors'];
  hub = await startHub(Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(join(tiny, name)))])));
});
afterAll(() => hub.close());

const explain = (...more: string[]) =>
  cli(['explain', 'a b c', '--model', hub.id, '--device', 'reference', '--json', ...more], '', {
    HF_ENDPOINT: hub.address,
    WEBSPEX_CACHE: cache,
  });
const read = (out: string) => {
  const { timing: _, ...explanation } = JSON.parse(out) as Explanation;
  return explanation;
};

describe('webspex explain --model org/name', () => {
  it('explains a model of the hub, says which commit of it, and gives the same bytes offline from then on', async () => {
    const first = await explain();
    expect([first.code, first.err]).toEqual([0, expect.not.stringContaining('error')]);
    const explanation = read(first.out);
    expect(explanation.model).toMatchObject({ id: 'org/tiny', revision: COMMIT });
    hub.asked.length = 0;
    const offline = await explain('--offline');
    expect([offline.code, hub.asked]).toEqual([0, []]);
    expect(read(offline.out)).toEqual(explanation);
    const pinned = await explain('--revision', 'v1.0');
    expect([pinned.code, pinned.out]).toEqual([3, '']);
    expect(pinned.err).toMatch(/^webspex: not-found: model: expected config\.json of org\/tiny .*HTTP 404/m);
  });

  it('says in one line, with exit code 3, that a model is not there or not for everyone', async () => {
    hub.faults.push({ path: /./, times: 3, status: 401 });
    const gated = await cli(['explain', 'a b', '--model', hub.id, '--device', 'reference'], '', {
      HF_ENDPOINT: hub.address,
      WEBSPEX_CACHE: join(folder, 'empty'),
    });
    expect([gated.code, gated.out, gated.err.trim().split('\n').length]).toEqual([3, '', 1]);
    expect(gated.err).toMatch(/HTTP 401; it is absent, private or gated: download it yourself and name its folder/);
  });
});
