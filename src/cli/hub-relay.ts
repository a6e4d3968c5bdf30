import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { env } from '../text.ts';

/** What the page asks below its own address for a file of the hub. */
const PREFIX = '/hub/';
const NAME = '[A-Za-z0-9][\\w.-]*';
/** The list of a model's files, and one of them; nothing else of the hub is passed on. */
const MODELS = new RegExp(`^(?:api/models/${NAME}/${NAME}/revision/[^/?]+\\?blobs=true|${NAME}/${NAME}/resolve/[^?]+)$`);
const PASSED_ON = ['range', 'if-range'];
const PASSED_BACK = [
  'content-type',
  'content-length',
  'content-range',
  'etag',
  'retry-after',
  'x-repo-commit',
  'x-linked-etag',
  'x-linked-size',
];

/** What a request asks of the hub; null where it asks for something else. */
export function askedOfHub(url: string): string | null {
  const rest = url.startsWith(PREFIX) ? url.slice(PREFIX.length) : '';
  return MODELS.test(rest) && !/(?:^|\/)\.\.?(?:\/|$)|%2e|%5c|\\/i.test(rest) ? rest : null;
}

/** Only the page's own scripts: what another site asks for through this machine is no business of the hub's. */
function isOfThisPage({ headers }: IncomingMessage): boolean {
  return headers['sec-fetch-site'] === 'same-origin';
}

function headersFrom(names: readonly string[], get: (name: string) => string | string[] | null | undefined): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => [[name, get(name)] as const].filter(([, value]) => typeof value === 'string')),
  ) as Record<string, string>;
}

/**
 * Passes a question of the page about a model on to the hub that `env` names, and its answer back, redirects followed, so that the page need
 * ask no other origin than its own. Answers 403 to other sites, 502 where the hub cannot be reached.
 */
export async function relay(rest: string, request: IncomingMessage, response: ServerResponse, own: Record<string, string>): Promise<void> {
  const refuse = (status: number, text: string) =>
    response.writeHead(status, { ...own, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  if (!isOfThisPage(request)) return void refuse(403, 'only for the page itself');
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  let answer: Response;
  try {
    answer = await fetch(env.remoteHost.replace(/\/*$/, '/') + rest, {
      method: request.method,
      headers: { ...headersFrom(PASSED_ON, (name) => request.headers[name]), 'accept-encoding': 'identity' },
      signal: gone.signal,
    });
  } catch {
    if (!gone.signal.aborted) refuse(502, 'the hub cannot be reached');
    return;
  }
  const back = headersFrom(PASSED_BACK, (name) => answer.headers.get(name));
  if (answer.headers.has('content-encoding')) delete back['content-length'];
  response.writeHead(answer.status, { ...own, 'Cache-Control': 'no-store', ...back });
  if (request.method === 'HEAD' || !answer.body) return void response.end();
  await pipeline(Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]), response);
}
