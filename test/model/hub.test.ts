import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { env } from '../../src/model/hub/env.ts';
import { type HubOptions, isHubId } from '../../src/model/hub/hub.ts';
import { openHub, openModel } from '../../src/model/hub/source.ts';
import { cacheStore, type HubStore } from '../../src/model/hub/store.ts';
import { loadClassifier } from '../../src/model/load.ts';
import type { ProgressEvent } from '../../src/model/model.ts';
import { COMMIT, startHub, type TestHub } from '../support/hub.ts';
import { rejectedBy, thrownBy } from './support.ts';

const FOLDER = new URL('golden/tiny/f32/', import.meta.url);
const NAMES = ['config.json', 'tokenizer.json', 'model.safetensors'];
/** More than one piece that is kept, so that a part is taken up across pieces. */
const LARGE = Uint8Array.from({ length: 3_300_000 }, (_, i) => (i * 7 + (i >> 9)) & 255);

let hub: TestHub;
let cache: string;
beforeEach(async () => {
  hub = await startHub(
    Object.fromEntries(await Promise.all(NAMES.map(async (n) => [n, new Uint8Array(await readFile(new URL(n, FOLDER)))]))),
  );
  hub.files.set('large.safetensors', LARGE);
  cache = await mkdtemp(join(tmpdir(), 'webspex hub '));
});
afterEach(async () => {
  await hub.close();
  await rm(cache, { recursive: true });
});

const settings = () => ({ ...env, remoteHost: hub.address, cacheDir: cache });
const open = (options: HubOptions = {}) => openHub(hub.id, { env: settings(), waitMs: 1, ...options });
/** Millions of bytes compared at once. */
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const files = async () => (await readdir(cache, { recursive: true, withFileTypes: true })).filter((f) => f.isFile()).map((f) => f.name);
const asked = (pattern: RegExp) => hub.asked.filter((a) => pattern.test(a));

describe('a hub id', () => {
  it('loads a model at the commit its revision stands for; a second time nothing but the revision is asked', async () => {
    const load = () => loadClassifier(open(), { backend: createReferenceBackend() });
    const first = await load();
    expect(first.info).toMatchObject({ id: 'org/tiny', revision: COMMIT });
    expect(asked(/resolve/).every((a) => a.includes(`/resolve/${COMMIT}/`))).toBe(true);
    // What the hub does not list, such as a manifest, is not asked for.
    expect(asked(/resolve/).length).toBe(NAMES.length);
    hub.asked.length = 0;
    const second = await load();
    expect(hub.asked).toEqual(['GET /api/models/org/tiny/revision/main']);
    expect(second.info).toEqual(first.info);
  });

  it('reports what comes, with the length that the hub states', async () => {
    const events: ProgressEvent[] = [];
    await open().read('large.safetensors', (event) => events.push(event));
    expect([events[0].status, events[1].status, events.at(-1)?.status]).toEqual(['initiate', 'download', 'done']);
    const moving = events.filter((e) => e.status === 'progress');
    expect(moving.at(-1)).toEqual({
      status: 'progress',
      name: 'org/tiny',
      file: 'large.safetensors',
      loaded: LARGE.length,
      total: LARGE.length,
      progress: 100,
    });
    expect(moving.every((e, i) => i === 0 || (e.loaded ?? 0) > (moving[i - 1].loaded ?? 0))).toBe(true);
  });

  it('loads from a plain mirror that lists nothing, by the headers of its answers, and offline after that', async () => {
    hub.lists = false;
    const source = open();
    expect(same(await source.read('large.safetensors'), LARGE)).toBe(true);
    expect((await rejectedBy(source.read('manifest.json'))).code).toBe('not-found');
    expect(source.revision).toBe(COMMIT);
    expect(same(await open({ localFilesOnly: true }).read('large.safetensors'), LARGE)).toBe(true);
  });

  it('asks nothing of the hub where it must not, and says what is missing', async () => {
    const error = await rejectedBy(open({ localFilesOnly: true }).read('config.json'));
    expect([error.code, error.message]).toEqual(['not-found', expect.stringMatching(/org\/tiny .*none in the cache/)]);
    await open().read('config.json');
    hub.asked.length = 0;
    const offline = open({ env: { ...settings(), allowRemoteModels: false } });
    expect((await offline.read('config.json')).length).toBeGreaterThan(100);
    expect((await rejectedBy(offline.read('tokenizer.json'))).message).toMatch(/tokenizer\.json .*no sound copy in the cache/);
    expect(hub.asked).toEqual([]);
  });

  it('that was loaded before loads where the hub is out of reach, at the commit it had then', async () => {
    await open().read('config.json');
    hub.faults.push({ path: /./, times: 100, status: 503 });
    const source = open();
    expect((await source.read('config.json')).length).toBeGreaterThan(100);
    expect(source.revision).toBe(COMMIT);
  });

  it('follows its branch to another commit', async () => {
    await open().read('config.json');
    const changed = new TextEncoder().encode('{"changed":true}');
    hub.files.set('config.json', changed);
    hub.commit = 'decade00'.repeat(5);
    expect(await open().read('config.json')).toEqual(changed);
  });
});

describe('a download', () => {
  it('that breaks off is taken up where it ended, as often as something comes', async () => {
    hub.faults.push({ path: /elsewhere/, times: 6, cutAfter: 500_000 });
    expect(same(await open().read('large.safetensors'), LARGE)).toBe(true);
    const ranges = asked(/GET \/elsewhere/).map((a) => Number(/bytes=(\d+)-/.exec(a)?.[1] ?? 0));
    expect(ranges.length).toBe(7);
    expect(ranges.every((r, i) => i === 0 || r > ranges[i - 1])).toBe(true);
  });

  it('that was aborted, or given up, is taken up by the next process', async () => {
    const abort = new AbortController();
    hub.faults.push({ path: /elsewhere/, times: 1, hangAfter: 2_500_000 });
    const reading = open({ signal: abort.signal }).read('large.safetensors', ({ loaded = 0 }) => {
      if (loaded > 2_200_000) abort.abort();
    });
    expect((await rejectedBy(reading)).code).toBe('aborted');
    expect((await files()).filter((f) => f.includes('.part')).length).toBeGreaterThanOrEqual(2);
    expect(same(await open().read('large.safetensors'), LARGE)).toBe(true);
    expect(Number(/bytes=(\d+)-/.exec(asked(/GET \/elsewhere/).at(-1) ?? '')?.[1])).toBeGreaterThan(2_000_000);
    expect((await files()).filter((f) => /part|tmp/.test(f))).toEqual([]);
  });

  it.each([
    ['sends the whole where a part was asked for', { whole: true, times: 1 }],
    ['says that there is no such part', { status: 416, times: 1 }],
  ])('starts again where the server %s', async (_, fault) => {
    hub.faults.push({ path: /elsewhere/, times: 1, cutAfter: 300_000 }, { path: /elsewhere/, ...fault });
    expect(same(await open().read('large.safetensors'), LARGE)).toBe(true);
  });

  it('waits for a busy hub and asks again; one that stays busy is given up with what it said', async () => {
    hub.faults.push(
      { path: /api|elsewhere/, times: 3, status: 503 },
      { path: /elsewhere/, times: 2, status: 429, headers: { 'retry-after': '0' } },
    );
    expect(same(await open().read('large.safetensors'), LARGE)).toBe(true);
    hub.faults.push({ path: /./, times: 100, status: 503 });
    const error = await rejectedBy(
      openHub(hub.id, { env: { ...settings(), cacheDir: join(cache, 'other') }, waitMs: 1 }).read('config.json'),
    );
    expect([error.code, error.message]).toEqual(['bad-file', expect.stringMatching(/got HTTP 503, 4 times; try again later/)]);
  });

  it('that is not what the hub states is asked for once more, and refused the second time', async () => {
    hub.faults.push({ path: /elsewhere/, times: 1, spoil: true });
    expect(same(await open().read('large.safetensors'), LARGE)).toBe(true);
    hub.faults.push({ path: /tokenizer/, times: 2, spoil: true });
    const error = await rejectedBy(open().read('tokenizer.json'));
    expect([error.code, error.message]).toEqual([
      'hash-mismatch',
      expect.stringMatching(/tokenizer\.json: expected what .* states for it, got hash/),
    ]);
    expect((await files()).includes('tokenizer.json')).toBe(false);
  });

  it('whose end is missing is not taken for the whole, whatever its length', async () => {
    for (const cutAfter of [0, 1, LARGE.length - 1]) {
      hub.faults.push({ path: /elsewhere/, times: 1, cutAfter });
      const source = openHub(hub.id, { env: { ...settings(), cacheDir: join(cache, `${cutAfter}`) }, waitMs: 1 });
      expect(same(await source.read('large.safetensors'), LARGE)).toBe(true);
    }
  });
});

describe('the cache', () => {
  it('holds each file under its commit; a copy that was spoilt is thrown away and asked for again', async () => {
    await open().read('model.safetensors');
    const [path] = (await readdir(cache, { recursive: true })).filter((f) => f.endsWith('model.safetensors'));
    expect(path).toContain(COMMIT);
    const bytes = await readFile(join(cache, path));
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(join(cache, path), bytes);
    hub.asked.length = 0;
    const again = await open().read('model.safetensors');
    expect(createHash('sha256').update(again).digest('hex')).toBe(
      createHash('sha256')
        .update(hub.files.get('model.safetensors') as Uint8Array)
        .digest('hex'),
    );
    expect(asked(/elsewhere/).length).toBe(1);
  });

  it('that cannot be written costs a download, not the model', async () => {
    await writeFile(join(cache, 'file'), '');
    const source = openHub(hub.id, { env: { ...settings(), cacheDir: join(cache, 'file') }, waitMs: 1 });
    expect((await source.read('config.json')).length).toBeGreaterThan(100);
  });

  it('of a page is its Cache Storage; there is none where that is refused or absent', async () => {
    const kept = new Map<string, Response>();
    const storage = {
      open: async () => ({
        match: async (address: string) => kept.get(address)?.clone(),
        put: async (address: string, response: Response) => void kept.set(address, response),
        delete: async (address: string) => kept.delete(address),
      }),
    } as unknown as CacheStorage;
    const store = (await cacheStore(storage)) as HubStore;
    const read = () => openHub(hub.id, { env: settings(), store, waitMs: 1 }).read('large.safetensors');
    expect(same(await read(), LARGE)).toBe(true);
    // The listing and the file: the pieces are gone.
    expect([...kept.keys()].filter((k) => /^https:\/\//.test(k)).length).toBe(2);
    hub.asked.length = 0;
    expect(same(await read(), LARGE)).toBe(true);
    expect(asked(/resolve|elsewhere/)).toEqual([]);
    const refusing = { open: () => Promise.reject(new Error('SecurityError')) } as unknown as CacheStorage;
    expect([await cacheStore(refusing), await cacheStore(undefined)]).toEqual([null, null]);
  });

  it('never reaches outside its folder, whatever names the hub lists', async () => {
    hub.files.set('../../escaped', Uint8Array.of(1));
    await open()
      .read('../../escaped')
      .catch(() => {});
    expect((await readdir(join(cache, '..'))).includes('escaped')).toBe(false);
  });
});

describe('what is not there', () => {
  it.each([
    [404, /config\.json of org\/tiny .*HTTP 404; check the name/],
    [401, /HTTP 401; it is absent, private or gated/],
    [403, /HTTP 403; it is absent, private or gated/],
  ])('HTTP %i is said to be so', async (status, message) => {
    hub.faults.push({ path: /./, times: 100, status });
    const error = await rejectedBy(open().read('config.json'));
    expect([error.code, error.message]).toEqual(['not-found', expect.stringMatching(message)]);
  });

  it('names that are no ids and revisions that are none are refused before anything is asked', () => {
    for (const id of ['', 'tiny', 'a/b/c', '../x', 'a/..', 'a b/c', 'http://a/b'])
      expect(thrownBy(() => openHub(id, { env: settings() })).message).toMatch(/an id such as org\/name/);
    for (const revision of ['', '..', 'a/../b', 'x y'])
      expect(thrownBy(() => open({ revision })).message).toMatch(/a branch, tag or commit/);
    expect(hub.asked).toEqual([]);
  });

  it('a folder of the same name comes first, and the hub is not asked', async () => {
    const folder = await mkdtemp(join(process.cwd(), 'node_modules', 'tmp-'));
    try {
      await writeFile(join(folder, 'config.json'), '{"mine":1}');
      const place = `node_modules/${folder.split('/').at(-1)}`;
      expect(isHubId(place)).toBe(true);
      expect(new TextDecoder().decode(await openModel(place, { env: settings() }).read('config.json'))).toBe('{"mine":1}');
      expect(hub.asked).toEqual([]);
      expect((await openModel(hub.id, { env: settings(), waitMs: 1 }).read('config.json')).length).toBeGreaterThan(100);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
