import { WebspexError } from '../../core/errors.ts';
import { Malformed } from './protocol.ts';

/** What is asked of any server: a body for a path below its address, or with none a look at what is there. */
export interface Enquiry<T> {
  readonly path: string;
  body(): unknown;
  /** @throws Malformed, and what no other try would mend. */
  read(answer: unknown): T;
}

/** Why an attempt gave nothing, where another may. */
export interface Failure {
  readonly why: string;
  /** Ms to leave the server alone, where it said so. */
  readonly restMs: number | null;
  /** The server has too much to do, or is not there: fewer at once. */
  readonly overloaded: boolean;
  /** The server may have done the work that is not paid for by a count. */
  readonly worked: boolean;
}

/** The server understood and said no: asking again gives the same. */
export class Refused extends Error {
  readonly url: string;
  readonly path: string;
  readonly status: number;

  constructor(url: string, path: string, status: number, said: string) {
    super(`${status}${said === '' ? '' : ` (${said})`}`);
    this.url = url;
    this.path = path;
    this.status = status;
  }
}

export type Outcome<T> = { readonly value: T } | { readonly failure: Failure };

export interface AttemptOptions {
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
  readonly apiKey?: string;
  readonly signal?: AbortSignal;
}

const MOST_SAID = 200;
/** Tries that came too early or too often, and what a server says of itself; all else below 500 is about the request. */
const PASSING = new Set([408, 409, 425, 429]);

/** One request to one server. @throws Refused, non-finite, aborted, and what `read` throws. */
export async function attempt<T>(url: string, enquiry: Enquiry<T>, options: AttemptOptions): Promise<Outcome<T>> {
  const { fetch, timeoutMs, apiKey, signal } = options;
  const stop = new AbortController();
  const abort = () => stop.abort();
  signal?.addEventListener('abort', abort, { once: true });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stop.abort();
  }, timeoutMs);
  const body = enquiry.body();
  try {
    const response = await fetch(new URL(enquiry.path, `${url}/`), {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      redirect: 'error',
      signal: stop.signal,
    });
    const text = await response.text();
    if (response.ok) return { value: enquiry.read(parse(text)) };
    const said = hidden(messageOf(text), apiKey);
    if (response.status < 500 && !PASSING.has(response.status)) throw new Refused(url, enquiry.path, response.status, said);
    return { failure: ofStatus(response, said) };
  } catch (error) {
    if (signal?.aborted) throw new WebspexError('aborted', 'run: aborted by its signal; call stop() instead to keep what is known');
    if (error instanceof Refused || error instanceof WebspexError) throw error;
    if (late) return { failure: { why: `no answer within ${timeoutMs / 1000} s`, restMs: null, overloaded: true, worked: true } };
    if (error instanceof Malformed) return { failure: { why: error.message, restMs: null, overloaded: false, worked: true } };
    return { failure: { why: hidden(causeOf(error), apiKey), restMs: null, overloaded: true, worked: false } };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function ofStatus({ status, headers }: Response, said: string): Failure {
  const busy = status === 429 || status === 503;
  const why = `${status}${said === '' ? '' : ` (${said})`}`;
  return { why, restMs: retryAfter(headers), overloaded: busy || status === 502 || status === 504, worked: false };
}

/** Retry-After in ms: seconds, or a date, which is read by the server's own clock. RFC 9110 §10.2.3. */
function retryAfter(headers: Headers): number | null {
  const given = headers.get('retry-after')?.trim();
  if (!given) return null;
  if (/^\d+(\.\d+)?$/.test(given)) return 1000 * Number(given);
  const ms = Date.parse(given) - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** @throws Malformed where it is cut short; non-finite where Python wrote a number that JSON has not. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (/[:[,]\s*(NaN|-?Infinity)\s*[,\]}]/.test(text))
      throw new WebspexError(
        'non-finite',
        'server: expected finite log-probabilities, got NaN or an infinity; nothing was imputed, look at the server and its precision',
      );
    if (/^\s*<(!doctype|html)\b/i.test(text)) throw new Malformed('a page of HTML: is this the address of its API?');
    throw new Malformed(`an answer of ${text.length} characters that is no JSON`);
  }
}

/** What a server says in an error, by the shapes of OpenAI, FastAPI and TGI. */
function messageOf(text: string): string {
  let said: unknown;
  try {
    const body = JSON.parse(text) as { error?: unknown; message?: unknown; detail?: unknown } | null;
    const error = body?.error as { message?: unknown } | string | undefined;
    said = (typeof error === 'object' ? error?.message : error) ?? body?.message ?? body?.detail;
  } catch {
    said = text;
  }
  const words = (typeof said === 'string' ? said : said === undefined ? '' : JSON.stringify(said)).replace(/\s+/g, ' ').trim();
  return words.length > MOST_SAID ? `${words.slice(0, MOST_SAID)}…` : words;
}

/** A key that comes back in an error goes no further. */
function hidden(text: string, apiKey: string | undefined): string {
  return apiKey ? text.replaceAll(apiKey, '[key]') : text;
}

function causeOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message;
}
