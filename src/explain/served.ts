import { WebspexError } from '../core/errors.ts';
import { maskKey, masksFromRows, type ValueFunction } from '../core/masks.ts';
import { pairedMasks } from '../core/sample.ts';
import { type Agreed, agree } from '../lens/served/agree.ts';
import { createFleet, type Fleet, type FleetOptions, type Spent } from '../lens/served/fleet.ts';
import { checkServedRule, maskedTexts, type ServedPlayers, servedPlayers } from '../lens/served/masked-texts.ts';
import { type AskedWay, listsAlone, type ServedWay } from '../lens/served/protocol.ts';
import { servedValueFunction } from '../lens/served/value-function.ts';
import { lockedSpans } from '../lens/text/lock.ts';
import { type MaskRule, parseMaskRule } from '../lens/text/masking.ts';
import type { ModelInfo } from '../model/model.ts';
import type { ServerDevice, ServerReport } from './document.ts';
import { explainFrom } from './explain.ts';
import type { Explainer, TextOptions } from './explainer.ts';
import { refuseStrayOptions } from './lens-options.ts';
import { type Question, withKnown } from './prepare.ts';
import type { Prepared } from './prepared.ts';
import type { Origin } from './report.ts';

/** Servers with one model, and what may be spent on them. */
export interface ServerOptions extends Omit<FleetOptions, 'urls'> {
  /** Addresses such as `http://host:8000`; /v1 is added where it is missing. */
  readonly url: string | readonly string[];
  /** Default: the only model that the first server lists. */
  readonly model?: string;
  /** How log-probabilities are asked for; default the first way that works. Not with chat, which has one way. */
  readonly by?: ServedWay;
  /** Texts in a request, where the server takes several; default 1. Not with chat. */
  readonly batch?: number;
}

/** Explains prompts of a model that servers run; what a run spends is counted, and its caps are for all runs together. */
export interface ServedExplainer extends Omit<Explainer, 'device'> {
  readonly device: ServerDevice;
  readonly spent: Readonly<Spent>;
}

/** More requests in a call keep more servers busy to its end. */
const SERVED_BATCH_MS = 2000;

/** Addresses as the fleet takes them. @throws usage. */
export function serverUrls(given: string | readonly string[]): string[] {
  const all = (typeof given === 'string' ? given.split(',') : given).map((url) => url.trim());
  if (all.length === 0 || all.some((url) => url === ''))
    throw new WebspexError(
      'usage',
      'server: expected an address such as http://127.0.0.1:8000, got an empty one; name one, or several with commas between',
    );
  return all.map((text) => {
    let url: URL;
    try {
      url = new URL(text);
    } catch {
      throw new WebspexError('usage', `server: expected an address such as http://127.0.0.1:8000, got ${text}; write it whole`);
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new WebspexError('usage', `server: expected http or https, got ${url.protocol}//${url.host}; write such an address`);
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
      throw new WebspexError(
        'usage',
        `server: expected an address without name, password or query, got one for ${url.host}; a key goes into apiKey (on the command line the environment variable WEBSPEX_API_KEY)`,
      );
    const path = url.pathname.replace(/\/+$/, '');
    return `${url.origin}${/\/v\d+$/.test(path) ? path : `${path}/v1`}`;
  });
}

/** Players and rule of a prompt, without any request. @throws usage, empty-input. */
export function splitServed(
  text: string,
  question: Question,
  server: Pick<ServerOptions, 'by' | 'batch'>,
): { split: ServedPlayers; rule: MaskRule; mask: string } {
  refuseStrayOptions(question);
  const { lens = 'text', mask = 'remove', units, lock = 'auto' } = question;
  if (lens !== 'text') throw new WebspexError('usage', `lens: expected text for a served model, got ${lens}; its parts are out of reach`);
  const stray = question.chat ? (['by', 'batch'] as const).find((name) => server[name] !== undefined) : undefined;
  if (stray !== undefined)
    throw new WebspexError(
      'usage',
      `${stray}: expected none with chat, got ${server[stray]}; a chat takes one message a request, and lists first tokens; leave it out`,
    );
  const rule = parseMaskRule(mask);
  checkServedRule(rule);
  return { split: servedPlayers(text, units, lockedSpans(text, lock, true)), rule, mask };
}

interface PreparedServed extends Prepared, Pick<Origin, 'server' | 'model'> {
  readonly device: ServerDevice;
}

async function prepareServed(fleet: Fleet, options: ServerOptions, text: string, question: Question): Promise<PreparedServed> {
  const { split, rule, mask } = splitServed(text, question, options);
  const { model, by, batch } = options;
  const { target, chat, signal } = question;
  const agreed = await agree(fleet, { prompt: text, target, model, by, batch, chat, signal });
  if (question.scalar !== undefined && question.scalar !== agreed.scalar)
    throw new WebspexError(
      'usage',
      `scalar: expected ${agreed.scalar} for ${agreed.continuations.length === 1 ? 'one continuation' : 'two continuations'}, got ${question.scalar}; log-prob goes with a target, log-odds with A vs B`,
    );
  const floored = agreed.floored.map(Number);
  const valueFunction = servedValueFunction(fleet, agreed, split, { rule, floored });
  const ends = pairedMasks(split.players.length, 2, 0);
  const vanishes = maskedTexts(ends, split, rule)[1].trim() === '';
  const emptied = vanishes ? [[maskKey(ends, 1), await emptyValue(valueFunction, split, question.signal)] as const] : [];
  const { units = 'word' } = question;
  return {
    players: split.players,
    locked: split.locked,
    lens: 'text',
    units: typeof units === 'string' ? units : JSON.stringify(units),
    target: agreed.written,
    scalar: agreed.scalar,
    mask,
    valueFunction: withKnown(valueFunction, new Map([[maskKey(ends, 0), agreed.full], ...emptied])),
    batchMs: SERVED_BATCH_MS,
    sequential: vanishes,
    model: { id: agreed.model, revision: 'served', sha256: '', dtype: 'unknown' },
    device: deviceOf(fleet, agreed),
    server: () => ({
      server: reportOf(fleet, agreed, floored),
      spent: { requests: fleet.spent.requests, retries: fleet.spent.retries, tokens: fleet.spent.tokens },
    }),
  };
}

/** What the model says of nothing, which not every one can: known before anything else is paid for. @throws usage. */
async function emptyValue(valueFunction: ValueFunction, { players }: ServedPlayers, signal?: AbortSignal): Promise<number> {
  try {
    const [value] = await valueFunction(masksFromRows([players.map(() => 0)]), { signal });
    return value;
  } catch (error) {
    if (!(error instanceof WebspexError) || !['value-function', 'non-finite'].includes(error.code)) throw error;
    throw new WebspexError(
      'usage',
      `mask remove: expected text that is never masked, got one that may vanish and a server that says nothing of an empty one; lock part of it (--lock), or use mask neutral`,
      { cause: error },
    );
  }
}

function reportOf({ urls }: Fleet, { way, top, chat }: Agreed, floored: readonly number[]): ServerReport {
  if (!listsAlone(way)) return { urls, by: way };
  const first = chat ? ' first' : '';
  const floor = { rule: `not among the ${top} likeliest${first} tokens: as the least of them`, masks: [...floored] };
  return { urls, by: way, ...(chat?.system !== undefined && { system: chat.system }), floor };
}

const SAID: Readonly<Record<AskedWay, string>> = {
  echo: 'log-probabilities by echo',
  'prompt-logprobs': 'log-probabilities by prompt_logprobs',
  tgi: 'log-probabilities by /generate',
  'top-k': 'likeliest next tokens',
  chat: 'likeliest first tokens of chat completions',
};

function deviceOf({ urls }: Fleet, { way }: Pick<Agreed, 'way'>): ServerDevice {
  const more = urls.length > 1 ? ` and ${urls.length - 1} more` : '';
  return { backend: 'server', adapter: `${urls[0]}${more}, ${SAID[way]}`, software: false };
}

/**
 * An explainer of prompts whose model is elsewhere, behind one address or several: OpenAI-compatible completions with log-probabilities, or
 * with `chat` chat completions.
 * Nothing is asked before the first question. @throws usage for addresses that are none.
 */
export function servedExplainer(options: ServerOptions): ServedExplainer {
  const fleet = createFleet({ ...options, urls: serverUrls(options.url) });
  const info: ModelInfo = {
    id: options.model ?? 'served',
    revision: 'served',
    sha256: '',
    dtype: 'unknown',
    architecture: 'served',
    labels: [],
    maxTokens: Number.POSITIVE_INFINITY,
  };
  // Agreeing takes requests: the last question is kept for who asks again.
  let last: { readonly key: string; readonly prepared: Promise<PreparedServed> } | null = null;
  const prepare = (text: string, question: Question): Promise<PreparedServed> => {
    const { lens, target, scalar, units, lock, mask, chat } = question;
    const key = JSON.stringify([text, lens, target, scalar, units, lock, mask, chat]);
    if (last?.key !== key) last = { key, prepared: prepareServed(fleet, options, text, question) };
    const { prepared } = last;
    prepared.catch(() => {
      if (last?.prepared === prepared) last = null;
    });
    return prepared;
  };
  return {
    model: info,
    device: { backend: 'server', adapter: fleet.urls.join(', '), software: false },
    spent: fleet.spent,
    explain(text: string, given: TextOptions = {}) {
      return explainFrom(async () => {
        const start = performance.now();
        const { players, valueFunction, batchMs, sequential, ...about } = await prepare(text, given);
        return {
          valueFunction,
          options: { ...given, players },
          batchMs,
          sequential,
          origin: { text, ...about, loadMs: performance.now() - start },
        };
      });
    },
    async describe(text, question = {}) {
      const { players, locked = [], target, scalar, mask, lens, units, batchMs, sequential } = await prepare(text, question);
      return { players, locked, target, scalar, mask, lens, units, batchMs, sequential };
    },
    async evaluate(text, question) {
      const { players, valueFunction } = await prepare(text, question);
      for (const row of question.masks)
        if (row.length !== players.length)
          throw new WebspexError('usage', `masks: expected rows of ${players.length} players, got ${row.length}; one 0 or 1 for each`);
      if (question.masks.length === 0) return new Float32Array(0);
      return valueFunction(masksFromRows(question.masks), { signal: question.signal });
    },
    destroy() {},
  };
}
