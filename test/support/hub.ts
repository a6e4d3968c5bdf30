import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';
const ID = 'org/tiny';

/** Something that goes wrong with the next answers for a path: a status, an end after some bytes, bytes that are not the file's. */
export interface Fault {
  readonly path: RegExp;
  times: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cutAfter?: number;
  readonly spoil?: boolean;
  /** Answers a request for a part with the whole. */
  readonly whole?: boolean;
  /** Says nothing after this many bytes, until the other side goes. */
  readonly hangAfter?: number;
}

export interface TestHub {
  readonly address: string;
  readonly id: string;
  /** What was asked: method, path without the query, and range. */
  readonly asked: string[];
  readonly faults: Fault[];
  readonly files: Map<string, Uint8Array>;
  commit: string;
  /** Whether it lists files; a plain mirror does not. */
  lists: boolean;
  close(): Promise<void>;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const gitHash = (bytes: Uint8Array) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
/** Files of such names lie elsewhere, as large ones of the real hub do. */
const isLarge = (file: string) => file.endsWith('.safetensors');

/** A server of one model on this machine that answers as the hub does: an API, redirects to where large files lie, hashes as entity tags, ranges. */
export async function startHub(files: Readonly<Record<string, Uint8Array>>): Promise<TestHub> {
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hub: TestHub = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    id: ID,
    asked: [],
    faults: [],
    files: new Map(Object.entries(files)),
    commit: COMMIT,
    lists: true,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent((request.url ?? '').replace(/\?.*/, ''));
    const { range } = request.headers;
    hub.asked.push(`${request.method} ${path}${range ? ` ${range}` : ''}`);
    const fault = hub.faults.find((f) => f.times > 0 && f.path.test(path));
    if (fault) fault.times--;
    if (fault?.status) {
      response.writeHead(fault.status, fault.headers).end();
      return;
    }
    if (path === `/api/models/${ID}/revision/main` && hub.lists) list(response);
    else answerFile(request, response, path, fault);
  }

  function answerFile(request: IncomingMessage, response: ServerResponse, path: string, fault: Fault | undefined): void {
    const [, revision, file] = new RegExp(`^/${ID}/resolve/([^/]+)/(.+)$`).exec(path) ?? [];
    const bytes = hub.files.get(file ?? path.replace(/^\/elsewhere\//, ''));
    if (path.startsWith('/elsewhere/') && bytes) {
      send(request, response, bytes, fault);
      return;
    }
    if (!bytes || !['main', hub.commit].includes(revision)) {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      return;
    }
    response.setHeader('x-repo-commit', hub.commit);
    response.setHeader('etag', `"${isLarge(file) ? sha256(bytes) : gitHash(bytes)}"`);
    if (!isLarge(file)) {
      send(request, response, bytes, fault);
      return;
    }
    response.setHeader('x-linked-etag', `"${sha256(bytes)}"`);
    response.setHeader('x-linked-size', bytes.length);
    response.writeHead(302, { location: `${hub.address}elsewhere/${file}` }).end();
  }

  function list(response: ServerResponse): void {
    const siblings = Array.from(hub.files, ([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      blobId: gitHash(bytes),
      ...(isLarge(rfilename)
        ? { blobId: gitHash(new Uint8Array()), lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 130 } }
        : {}),
    }));
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(JSON.stringify({ id: ID, sha: hub.commit, siblings }));
  }

  function send(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array, fault: Fault | undefined): void {
    const from = fault?.whole ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from >= bytes.length && from > 0) {
      response.writeHead(416).end();
      return;
    }
    const part = bytes.subarray(from);
    if (from > 0) response.setHeader('content-range', `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
    response.writeHead(from > 0 ? 206 : 200, { 'content-type': 'application/octet-stream', 'content-length': part.length });
    const sent = fault?.spoil ? part.map((b, i) => (i === part.length >> 1 ? b ^ 1 : b)) : part;
    const stop = fault?.cutAfter ?? fault?.hangAfter;
    if (request.method === 'HEAD') response.end();
    else if (stop === undefined) response.end(sent);
    else
      response.write(sent.subarray(0, stop), () => {
        if (fault?.cutAfter !== undefined) setTimeout(() => response.destroy(), 20);
      });
  }

  return hub;
}
