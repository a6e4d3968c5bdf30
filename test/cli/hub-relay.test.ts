import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askedOfHub } from '../../src/cli/hub-relay.ts';
import { CONTENT_SECURITY_POLICY, createFileServer, listenLocally } from '../../src/cli/serve.ts';
import { env } from '../../src/text.ts';
import { COMMIT, startHub, type TestHub } from '../support/hub.ts';
import { scratch } from './support.ts';

const usual = { ...env };
const weights = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
const page = createFileServer(scratch());
let hub: TestHub;
let address: string;

beforeAll(async () => {
  hub = await startHub({ 'config.json': new TextEncoder().encode('{}'), 'model.safetensors': weights });
  env.remoteHost = hub.address;
  address = `http://127.0.0.1:${await listenLocally(page, 0)}/hub/`;
});
afterAll(async () => {
  Object.assign(env, usual);
  await hub.close();
  page.close();
  page.closeAllConnections();
});

/** Asks as a script of the page does. */
const ask = (path: string, init: RequestInit = {}) =>
  fetch(address + path, { ...init, headers: { 'sec-fetch-site': 'same-origin', ...(init.headers as Record<string, string>) } });
const bytesOf = async (answer: Response) => new Uint8Array(await answer.arrayBuffer());

describe('the way from the page to the hub', () => {
  it('passes on the list of a model’s files and the files, redirects followed, parts too', async () => {
    const list = await ask('api/models/org/tiny/revision/main?blobs=true');
    expect(await list.json()).toMatchObject({ sha: COMMIT });
    expect(list.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
    const whole = await ask('org/tiny/resolve/main/model.safetensors');
    expect([whole.status, whole.headers.get('content-length'), whole.url]).toEqual([
      200,
      '5000',
      `${address}org/tiny/resolve/main/model.safetensors`,
    ]);
    expect(await bytesOf(whole)).toEqual(weights);
    const part = await ask('org/tiny/resolve/main/model.safetensors', { headers: { range: 'bytes=4000-' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 4000-4999/5000']);
    expect(await bytesOf(part)).toEqual(weights.subarray(4000));
    const head = await ask('org/tiny/resolve/main/config.json', { method: 'HEAD' });
    expect([head.status, head.headers.get('x-repo-commit'), (await bytesOf(head)).length]).toEqual([200, COMMIT, 0]);
  });

  it('passes back that something is not there, and that the hub is busy', async () => {
    expect((await ask('org/tiny/resolve/main/none.json')).status).toBe(404);
    hub.faults.push({ path: /config/, times: 1, status: 429, headers: { 'retry-after': '2' } });
    const busy = await ask('org/tiny/resolve/main/config.json');
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '2']);
  });

  it('asks the hub for nobody but the page itself', async () => {
    hub.asked.length = 0;
    for (const site of ['cross-site', 'same-site', 'none']) {
      const answer = await ask('org/tiny/resolve/main/config.json', { headers: { 'sec-fetch-site': site } });
      expect(answer.status).toBe(403);
    }
    expect((await fetch(`${address}org/tiny/resolve/main/config.json`)).status).toBe(403);
    expect((await ask('org/tiny/resolve/main/config.json', { method: 'POST' })).status).toBe(405);
    expect(hub.asked).toEqual([]);
  });

  it.each([
    '/hub/',
    '/hub/api/whoami-v2',
    '/hub/api/models/org/tiny/revision/main?blobs=true&token=1',
    '/hub/org/tiny/raw/main/config.json',
    '/hub/org/tiny/resolve/main/../../../../api/whoami-v2',
    '/hub/org/tiny/resolve/main/%2e%2e/x',
    '/hub/org/../tiny/resolve/main/x',
    '/hub//evil.example/tiny/resolve/main/x',
    '/hub/org/tiny/resolve/main/x?redirect=1',
    '/models/config.json',
  ])('takes nothing but models: %s is no question for the hub', (path) => {
    expect(askedOfHub(path)).toBeNull();
  });

  it('answers 502 where the hub cannot be reached, and breaks off where the hub does', async () => {
    hub.faults.push({ path: /model\.safetensors$/, times: 2, cutAfter: 1000 });
    const cut = ask('org/tiny/resolve/main/model.safetensors').then(bytesOf);
    await expect(cut).rejects.toThrow();
    hub.faults.length = 0;
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    env.remoteHost = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
    await new Promise((resolve) => closed.close(resolve));
    const answer = await ask('org/tiny/resolve/main/config.json');
    expect([answer.status, await answer.text()]).toEqual([502, 'the hub cannot be reached\n']);
    env.remoteHost = hub.address;
  });
});
