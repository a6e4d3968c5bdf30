import { WebspexError } from '../core/errors.ts';
import type { ModelSource, ProgressEvent } from './model.ts';

type Report = ((event: ProgressEvent) => void) | undefined;

interface FileSystem {
  readFile(path: string | URL): Promise<Uint8Array>;
}

/** Node's file system where there is one; asked for at run time so that bundlers for browsers see no `node:` import. */
function fileSystem(): FileSystem | null {
  const runtime = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process;
  return (runtime?.getBuiltinModule?.('node:fs/promises') as FileSystem | undefined) ?? null;
}

function missing(file: string, place: string, why: string): WebspexError {
  return new WebspexError('not-found', `model: expected ${file} in ${place}, got ${why}; check the folder`);
}

async function readBody(response: Response, file: string, place: string, id: string, report: Report): Promise<Uint8Array> {
  const total = Number(response.headers.get('content-length') ?? 0);
  const encoded = response.headers.get('content-encoding');
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  const reader = response.body?.getReader();
  for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
    chunks.push(step.value);
    loaded += step.value.length;
    report?.({
      status: 'progress',
      name: id,
      file,
      loaded,
      total: total || undefined,
      progress: total ? Math.min(100, (100 * loaded) / total) : undefined,
    });
  }
  if (total > 0 && !encoded && loaded !== total)
    throw new WebspexError('bad-file', `${file}: expected ${total} bytes from ${place}, got ${loaded}; load it again`);
  const out = new Uint8Array(loaded);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/**
 * A model folder: a path or file: URL in Node, an http(s) URL anywhere. Nothing is read until `read`.
 * @throws not-found (from `read`) naming the file and the place; usage where a path is given outside Node.
 */
export function openSource(place: string | URL, options: { fetch?: typeof fetch; signal?: AbortSignal } = {}): ModelSource {
  const text = String(place).replace(/\/?$/, '/');
  const id = decodeURIComponent(text.split('/').at(-2) ?? text);
  const remote = /^https?:/.test(text) || !fileSystem();
  const read = remote ? fetchFrom(text, id, options) : readFrom(text, id);
  return { id, revision: '', read };
}

function fetchFrom(
  folder: string,
  id: string,
  { fetch: ask = fetch, signal }: { fetch?: typeof fetch; signal?: AbortSignal },
): ModelSource['read'] {
  return async (file, report) => {
    report?.({ status: 'initiate', name: id, file });
    let response: Response;
    try {
      response = await ask(folder + file, { signal });
    } catch (error) {
      if (signal?.aborted) throw new WebspexError('aborted', 'model: loading was aborted by its signal; load it again', { cause: error });
      throw missing(file, folder, `no answer (${(error as Error).message})`);
    }
    if (!response.ok) throw missing(file, folder, `HTTP ${response.status}`);
    report?.({ status: 'download', name: id, file });
    const bytes = await readBody(response, file, folder, id, report);
    report?.({ status: 'done', name: id, file });
    return bytes;
  };
}

function readFrom(folder: string, id: string): ModelSource['read'] {
  return async (file, report) => {
    report?.({ status: 'initiate', name: id, file });
    try {
      const path = folder.startsWith('file:') ? new URL(file, folder) : folder + file;
      const bytes = await (fileSystem() as FileSystem).readFile(path);
      report?.({ status: 'done', name: id, file, loaded: bytes.length, total: bytes.length, progress: 100 });
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (error) {
      throw missing(file, folder, (error as { code?: string }).code === 'ENOENT' ? 'no such file' : (error as Error).message);
    }
  };
}
