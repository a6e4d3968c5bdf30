import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join, resolve, sep } from 'node:path';
import { usage } from './arguments.ts';
import { contentType } from './content-types.ts';
import { askedOfHub, relay } from './hub-relay.ts';

/** What the page may do: run its own scripts and its own worker, ask its own origin, and nothing else. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  // The kernels for the CPU are WebAssembly; scripts that are made of text stay refused.
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // `default` is the worker's own, for the workers it starts; the page's meta element allows the page only the other.
  'trusted-types webspex-worker default',
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // Asks whether the file has changed each time; the answer is mostly 304.
  'Cache-Control': 'no-cache',
};

interface Found {
  readonly file: string;
  readonly size: number;
  readonly etag: string;
}

/** The file that an address means, or null: only what truly lies under `root` is ever found. */
async function find(root: string, url: string): Promise<Found | null> {
  let path: string;
  try {
    path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return null;
  }
  if (path.includes('\0') || path.includes('\\')) return null;
  const named = resolve(join(root, path.endsWith('/') ? `${path}index.html` : path));
  try {
    // Links are followed first, so that none leads out.
    const [file, home] = await Promise.all([realpath(named), realpath(root)]);
    if (!file.startsWith(home + sep)) return null;
    const info = await stat(file);
    return info.isFile() ? { file, size: info.size, etag: `"${info.size.toString(16)}-${Math.floor(info.mtimeMs).toString(16)}"` } : null;
  } catch {
    return null;
  }
}

function refuse(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8', ...headers }).end(`${text}\n`);
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'only GET and HEAD', { Allow: 'GET, HEAD' });
  const model = askedOfHub(request.url ?? '/');
  if (model !== null) return relay(model, request, response, HEADERS);
  const found = await find(root, request.url ?? '/');
  if (!found) return refuse(response, 404, 'not found');
  const headers = { ...HEADERS, 'Content-Type': contentType(found.file), ETag: found.etag };
  if (request.headers['if-none-match'] === found.etag) return void response.writeHead(304, headers).end();
  response.writeHead(200, { ...headers, 'Content-Length': found.size });
  if (request.method === 'HEAD') return void response.end();
  createReadStream(found.file)
    .on('error', () => response.destroy())
    .pipe(response);
}

/** Serves the files under a folder, read only. */
export function createFileServer(root: string): Server {
  return createServer((request, response) => {
    answer(root, request, response).catch(() => response.destroy());
  });
}

function listen(server: Server, port: number): Promise<number | null> {
  return new Promise((resolvePort, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return resolvePort(null);
      reject(usage(`port ${port}: expected to listen on it, got ${error.code ?? error.message}; name another with --port`));
    };
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed);
      const address = server.address();
      resolvePort(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** Where the page is served unless a port is named, and how many ports above it are tried. */
const FIRST_PORT = 4173;
const PORTS = 20;

/** Starts to listen on this machine only, and returns the port. @throws usage where the named port is taken. */
export async function listenLocally(server: Server, port: number | undefined): Promise<number> {
  if (port !== undefined) {
    const got = await listen(server, port);
    if (got === null) throw usage(`--port: expected a free port, got ${port}, which is in use; name another`);
    return got;
  }
  for (let next = FIRST_PORT; next < FIRST_PORT + PORTS; next++) {
    const got = await listen(server, next);
    if (got !== null) return got;
  }
  return (await listen(server, 0)) as number;
}
