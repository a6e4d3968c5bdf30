import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../src/model/model.ts';
import { openSource } from '../../src/model/source.ts';
import { rejectedBy, thrownBy } from './support.ts';

const data = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 255);
let folder: string;
let server: Server;
let base: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'webspex source '));
  await writeFile(join(folder, 'weights'), data);
  await mkdir(join(folder, 'inner'));
  server = createServer((request, response) => {
    switch (request.url) {
      case '/m/weights':
        response.setHeader('content-length', data.length);
        response.end(data);
        break;
      case '/m/streamed':
        response.write(data.subarray(0, 1000));
        response.end(data.subarray(1000));
        break;
      case '/m/short':
        response.setHeader('content-length', data.length);
        response.write(data.subarray(0, 5000), () => response.destroy());
        break;
      case '/m/slow':
        response.setHeader('content-length', data.length);
        response.write(data.subarray(0, 5000));
        break;
      case '/m/page':
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.end('<!doctype html>');
        break;
      case '/m/busy':
        response.writeHead(503).end();
        break;
      default:
        response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/m`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

describe('a model folder on disk', () => {
  it('is read by path, with or without a slash at the end, and by file: URL, spaces and all', async () => {
    for (const place of [folder, `${folder}/`, pathToFileURL(folder), pathToFileURL(`${folder}/`).href]) {
      const source = openSource(place);
      expect(source.id).toMatch(/^webspex source /);
      expect(Buffer.from(await source.read('weights')).equals(data)).toBe(true);
    }
    expect(openSource(folder, { id: 'mine' }).id).toBe('mine');
    expect(openSource('/models/100%').id).toBe('100%');
    expect(openSource('C:\\models\\mine').id).toBe('mine');
  });

  it('says which file is missing where, and does not take a file it cannot read for a missing one', async () => {
    const none = await rejectedBy(openSource(folder).read('config.json'));
    expect([none.code, none.message]).toEqual([
      'not-found',
      expect.stringMatching(/expected config\.json in .*webspex source .*no such file/),
    ]);
    expect((await rejectedBy(openSource(join(folder, 'weights')).read('config.json'))).code).toBe('not-found');
    const unreadable = await rejectedBy(openSource(folder).read('inner'));
    expect([unreadable.code, unreadable.message]).toEqual(['bad-file', expect.stringMatching(/to read inner .*EISDIR/)]);
    expect(thrownBy(() => openSource('  ')).code).toBe('usage');
  });

  it('is not read once the signal has been aborted', async () => {
    expect((await rejectedBy(openSource(folder, { signal: AbortSignal.abort() }).read('weights'))).code).toBe('aborted');
  });
});

describe('a model folder on a server', () => {
  it('is read with progress up to 100 %', async () => {
    const events: ProgressEvent[] = [];
    const source = openSource(base);
    expect(source.id).toBe('m');
    expect(Buffer.from(await source.read('weights', (e) => events.push(e))).equals(data)).toBe(true);
    expect(events.slice(0, 2).map((e) => e.status)).toEqual(['initiate', 'download']);
    expect(events.at(-1)).toMatchObject({ status: 'done', name: 'm', file: 'weights' });
    const steps = events.filter((e) => e.status === 'progress');
    expect(steps.at(-1)).toMatchObject({ loaded: data.length, total: data.length, progress: 100 });
    for (let i = 1; i < steps.length; i++) expect(steps[i].loaded as number).toBeGreaterThan(steps[i - 1].loaded as number);
  });

  it('is read where the server does not say how long a file is', async () => {
    expect(Buffer.from(await openSource(base).read('streamed')).equals(data)).toBe(true);
  });

  it('refuses a body that ends early, however it ends', async () => {
    const cut = await rejectedBy(openSource(base).read('short'));
    expect([cut.code, cut.message]).toEqual(['bad-file', expect.stringMatching(/to read short from http.*no complete answer/)]);
    const body = (length: string, bytes: number) => async () =>
      new Response(new Uint8Array(bytes), { headers: { 'content-length': length } });
    expect((await rejectedBy(openSource(base, { fetch: body('10', 4) }).read('x'))).message).toMatch(/got 4 of 10 bytes/);
    expect((await rejectedBy(openSource(base, { fetch: body('10', 0) }).read('x'))).message).toMatch(/got 0 of 10 bytes/);
    expect((await rejectedBy(openSource(base, { fetch: body('10', 11) }).read('x'))).message).toMatch(/more than 10 of 10 bytes/);
    expect((await rejectedBy(openSource(base, { fetch: body('0', 11) }).read('x'))).message).toMatch(/more than 0 of 0 bytes/);
    const zipped = async () => new Response(new Uint8Array(9), { headers: { 'content-length': '4', 'content-encoding': 'gzip' } });
    expect((await openSource(base, { fetch: zipped }).read('x')).length).toBe(9);
  });

  it('tells a missing file (404, or the page of a single-page application) from a server in trouble', async () => {
    const codeOf = async (file: string) => (await rejectedBy(openSource(base).read(file))).code;
    expect(await codeOf('nothing')).toBe('not-found');
    expect(await codeOf('page')).toBe('not-found');
    expect(await codeOf('busy')).toBe('bad-file');
    const nobody = openSource('http://127.0.0.1:1/m');
    expect((await rejectedBy(nobody.read('config.json'))).code).toBe('bad-file');
  });

  it('stops in the middle of a file when the signal is aborted', async () => {
    const abort = new AbortController();
    const reading = openSource(base, { signal: abort.signal }).read('slow', (e) => {
      if (e.status === 'progress') abort.abort();
    });
    expect((await rejectedBy(reading)).code).toBe('aborted');
  });
});
