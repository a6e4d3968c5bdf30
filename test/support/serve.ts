import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.safetensors': 'application/octet-stream',
};

/** The strictest policy that the page must live under; without `wasm`, one that refuses WebAssembly too. */
const headers = (wasm: boolean) => ({
  'content-security-policy': `default-src 'none'; script-src 'self'${wasm ? " 'wasm-unsafe-eval'" : ''}; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types webspex-worker default`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
});

export interface Served {
  readonly address: string;
  /** Paths answered, in order. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Delays answers by path. */
  hold?(path: string): Promise<void> | undefined;
  /** Whether the policy allows WebAssembly; default true. */
  readonly wasm?: boolean;
}

/** Serves a folder on a free port of this machine under a strict content security policy. */
export async function serveFolder(folder: string, { hold, wasm = true }: ServeOptions = {}): Promise<Served> {
  const policy = headers(wasm);
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    requests.push(path);
    await hold?.(path);
    const file = join(folder, normalize(path.endsWith('/') ? `${path}index.html` : path));
    try {
      const bytes = await readFile(file);
      response.writeHead(200, { ...policy, 'content-type': TYPES[extname(file)] ?? 'text/plain', 'content-length': bytes.length });
      response.end(bytes);
    } catch {
      response.writeHead(404, policy);
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
