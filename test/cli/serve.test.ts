import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentType } from '../../src/cli/content-types.ts';
import { CONTENT_SECURITY_POLICY, createFileServer, listenLocally } from '../../src/cli/serve.ts';
import { ROOT, scratch } from './support.ts';

const folder = scratch();
const site = join(folder, 'site');
const server = createFileServer(site);
let port: number;

beforeAll(async () => {
  mkdirSync(join(site, 'models'), { recursive: true });
  for (const name of [
    'index.html',
    'main.js',
    'style.css',
    'models/config.json',
    'models/model.safetensors',
    'kernel.wgsl',
    'tool.wasm',
    'nosuffix',
  ])
    writeFileSync(join(site, name), name);
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  symlinkSync(join(folder, 'secret.txt'), join(site, 'link.txt'));
  port = await listenLocally(server, 0);
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Asks for a path exactly as written: no client tidies it up. */
function ask(path: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, ...options }, (response) => {
      let body = '';
      response.on('data', (bytes: Buffer) => {
        body += bytes.toString('utf8');
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('the file server', () => {
  it('serves what lies in the folder, each under its own type, and the folder as its index', async () => {
    for (const [path, type, body] of [
      ['/', 'text/html; charset=utf-8', 'index.html'],
      ['/main.js?v=1', 'text/javascript; charset=utf-8', 'main.js'],
      ['/style.css', 'text/css; charset=utf-8', 'style.css'],
      ['/models/config.json', 'application/json; charset=utf-8', 'models/config.json'],
      ['/models/model.safetensors', 'application/octet-stream', 'models/model.safetensors'],
      ['/kernel.wgsl', 'text/wgsl; charset=utf-8', 'kernel.wgsl'],
      ['/tool.wasm', 'application/wasm', 'tool.wasm'],
      ['/nosuffix', 'application/octet-stream', 'nosuffix'],
    ] as const) {
      const { status, headers, body: got } = await ask(path);
      expect([path, status, headers['content-type'], got]).toEqual([path, 200, type, body]);
      expect(headers['content-length']).toBe(String(body.length));
    }
    expect(contentType('A.HTML')).toBe('text/html; charset=utf-8');
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/models/../../secret.txt',
    '/models/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/..\\secret.txt',
    '/%5c..%5csecret.txt',
    '/link.txt',
    '/secret.txt%00.html',
    '//etc/passwd',
    '/etc/passwd',
    '/%',
    '/models',
    '/models/',
    '/none.js',
  ])('answers 404 to %s', async (path) => {
    const { status, body } = await ask(path);
    expect(status).toBe(404);
    expect(body).toBe('not found\n');
  });

  it('sends the strict policy with every answer, refusals too', async () => {
    for (const answer of [await ask('/'), await ask('/none'), await ask('/', { method: 'POST' })]) {
      expect(answer.headers['content-security-policy']).toBe(CONTENT_SECURITY_POLICY);
      expect(answer.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    }
    for (const rule of [
      "default-src 'none'",
      "script-src 'self' 'wasm-unsafe-eval'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      expect(CONTENT_SECURITY_POLICY.split('; ')).toContain(rule);
    expect(CONTENT_SECURITY_POLICY.replace("'wasm-unsafe-eval'", '')).not.toMatch(/unsafe|\*|https?:/);
  });

  it('names the one Trusted Types policy that the page itself names, and the one of its worker, which sees headers only', () => {
    const page = readFileSync(join(ROOT, 'demo/index.html'), 'utf8');
    const named = (policy: string) => /trusted-types ([\w -]+)/.exec(policy)?.[1];
    expect(named(page)).toBe('webspex-worker');
    expect(named(CONTENT_SECURITY_POLICY)).toBe(`${named(page)} default`);
  });

  it('answers HEAD without a body, an unchanged file with 304, and other methods with 405', async () => {
    const head = await ask('/main.js', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': '7' } });
    const again = await ask('/main.js', { headers: { 'if-none-match': String(head.headers.etag) } });
    expect(again).toMatchObject({ status: 304, body: '' });
    expect(await ask('/main.js', { headers: { 'if-none-match': '"other"' } })).toMatchObject({ status: 200, body: 'main.js' });
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect(await ask('/', { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  it('survives a client that talks nonsense', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET \u0000 nonsense\r\n\r\n'));
      socket.on('close', () => resolve());
      socket.on('error', () => resolve());
      socket.resume();
    });
    expect((await ask('/')).status).toBe(200);
  });

  it('takes the next free port unless one was named, and refuses a named one that is taken', async () => {
    const [first, second] = [createFileServer(site), createFileServer(site)];
    const [a, b] = [await listenLocally(first, undefined), await listenLocally(second, undefined)];
    expect(b).not.toBe(a);
    await expect(listenLocally(createFileServer(site), a)).rejects.toMatchObject({ code: 'usage' });
    first.close();
    second.close();
  });
});
