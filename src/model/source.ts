import { WebspexError } from '../core/errors.ts';
import { oneLine } from './json.ts';
import type { ModelSource, ProgressEvent } from './model.ts';

type Report = ((event: ProgressEvent) => void) | undefined;

export interface SourceOptions {
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
  /** Name in results and progress; default: the folder's name. */
  readonly id?: string;
}

interface FileSystem {
  readFile(path: string | URL): Promise<Uint8Array>;
}

/** Node's file system where there is one; asked for at run time so that bundlers for browsers see no `node:` import. */
function fileSystem(): FileSystem | null {
  const runtime = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process;
  return (runtime?.getBuiltinModule?.('node:fs/promises') as FileSystem | undefined) ?? null;
}

function missing(file: string, place: string, why: string, cause?: unknown): WebspexError {
  return new WebspexError('not-found', `model: expected ${file} in ${oneLine(place, 200)}, got ${why}; check the folder`, { cause });
}

/** Unlike a missing file, a failure to read one must never pass for its absence: a manifest would go unchecked. */
function unreadable(file: string, place: string, why: string, cause?: unknown): WebspexError {
  return new WebspexError('bad-file', `model: expected to read ${file} from ${oneLine(place, 200)}, got ${why}; try again`, { cause });
}

function lastPart(folder: string): string {
  const part = folder.split(/[\\/]/).filter(Boolean).at(-1) ?? folder;
  try {
    return /^(https?|file):/.test(folder) ? decodeURIComponent(part) : part;
  } catch {
    return part;
  }
}

/**
 * A model folder: a path or file: URL in Node, an http(s) URL (in a page also a relative one) anywhere. Nothing is read until `read`,
 * which throws not-found naming the file and the place, bad-file where it is there but cannot be read whole, and aborted.
 * @throws usage where the place is empty.
 */
export function openSource(place: string | URL, options: SourceOptions = {}): ModelSource {
  const given = String(place);
  if (given.trim() === '') throw new WebspexError('usage', 'model: expected a folder or a URL, got an empty string; name one');
  const folder = /[\\/]$/.test(given) ? given : `${given}/`;
  const id = options.id ?? lastPart(folder);
  const disk = /^https?:/.test(folder) ? null : fileSystem();
  return { id, revision: '', read: disk ? readFrom(disk, folder, id, options.signal) : fetchFrom(folder, id, options) };
}

export function aborted(cause: unknown): WebspexError {
  return new WebspexError('aborted', 'model: loading was aborted by its signal; load it again', { cause });
}

/** Whether another try may go better. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

function fetchFrom(folder: string, id: string, { fetch: ask = globalThis.fetch, signal }: SourceOptions): ModelSource['read'] {
  return async (file, report) => {
    report?.({ status: 'initiate', name: id, file });
    let bytes: Uint8Array;
    try {
      const response = await ask(folder + file, { signal });
      // 4xx says that there is none; busy and broken servers say nothing about it.
      if (response.status >= 400 && !isPassing(response.status)) throw missing(file, folder, `HTTP ${response.status}`);
      if (!response.ok) throw unreadable(file, folder, `HTTP ${response.status}`);
      // Servers of single-page applications answer with their page.
      if (response.headers.get('content-type')?.startsWith('text/html')) throw missing(file, folder, 'a web page');
      report?.({ status: 'download', name: id, file });
      bytes = await readBody(response, file, folder, id, report);
    } catch (error) {
      if (signal?.aborted) throw aborted(signal.reason);
      if (error instanceof WebspexError) throw error;
      throw unreadable(file, folder, `no complete answer (${oneLine(String((error as Error)?.message ?? error), 100)})`, error);
    }
    report?.({ status: 'done', name: id, file });
    return bytes;
  };
}

/** The body chunk by chunk; a length that the server states is only believed once as many bytes have come. */
async function readBody(response: Response, file: string, place: string, id: string, report: Report): Promise<Uint8Array> {
  const stated = response.headers.get('content-length');
  // A compressed body arrives longer than its Content-Length.
  const total = stated !== null && /^\d+$/.test(stated) && !response.headers.get('content-encoding') ? Number(stated) : undefined;
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  const reader = response.body?.getReader();
  for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
    chunks.push(step.value);
    loaded += step.value.length;
    report?.({ status: 'progress', name: id, file, loaded, total, progress: total ? Math.min(100, (100 * loaded) / total) : undefined });
    if (total !== undefined && loaded > total) break;
  }
  if (total !== undefined && loaded !== total) {
    reader?.cancel().catch(() => {});
    throw unreadable(file, place, `${loaded > total ? 'more than ' : ''}${Math.min(loaded, total)} of ${total} bytes`);
  }
  return joined(chunks, loaded);
}

/** Chunks end to end: `length` bytes in all. */
export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

function readFrom(disk: FileSystem, folder: string, id: string, signal?: AbortSignal): ModelSource['read'] {
  return async (file, report) => {
    if (signal?.aborted) throw aborted(signal.reason);
    report?.({ status: 'initiate', name: id, file });
    let bytes: Uint8Array;
    try {
      bytes = await disk.readFile(folder.startsWith('file:') ? new URL(file, folder) : folder + file);
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      if (code === 'ENOENT' || code === 'ENOTDIR') throw missing(file, folder, 'no such file', error);
      throw unreadable(file, folder, oneLine(code ?? String(message), 100), error);
    }
    report?.({ status: 'done', name: id, file, loaded: bytes.length, total: bytes.length, progress: 100 });
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}
