import { WebspexError } from '../../core/errors.ts';
import type { Chat } from '../text/chat.ts';
import { followingText, noContinuation, splitAlternatives } from '../text/continuation.ts';
import { Refused } from './attempt.ts';
import { type Fleet, type Job, refusal } from './fleet.ts';
import { likeliest, likelyTokens, noAnswer } from './likely.ts';
import {
  type Answer,
  type AskedWay,
  LIMITS,
  listsAlone,
  Malformed,
  type Scored,
  SERVED_WAYS,
  type ServedToken,
  type ServedWay,
} from './protocol.ts';
import { type Agreement, mostTokens, scoreJob, scoreOf, tokensAround } from './scorer.ts';

/** What is to be explained about a prompt, and by which server. */
export interface ServedQuestion {
  readonly prompt: string;
  /** A continuation, or `A vs B`; by default the model's own answer. */
  readonly target?: string;
  /** Default: the only one the server has. */
  readonly model?: string;
  /** Default: the first that the server can do. */
  readonly by?: ServedWay;
  /** Texts in a request; default 1. */
  readonly batch?: number;
  /** The prompt is a person's message, and the target the answer's first token. */
  readonly chat?: Chat;
  readonly signal?: AbortSignal;
}

/** All that must be known before masked prompts are asked about. */
export interface Agreed extends Agreement {
  /** The target as the document has it, and as it can be given again. */
  readonly written: string;
  readonly scalar: 'log-prob' | 'log-odds';
  /** As text that follows the prompt. */
  readonly continuations: readonly string[];
  /** The value of the whole prompt. */
  readonly full: number;
  /** Which continuations got the floor there. */
  readonly floored: readonly boolean[];
  /** Why the ways before this one would not do. */
  readonly lacks: readonly string[];
}

/** Tokens of an answer that nobody asked for by name. */
const MOST_ANSWER = 16;
/** Lists of likely tokens that are asked for: vLLM's most by default, and OpenAI's. */
const LISTS = [20, 5];
/** Servers of one fleet may differ by what batches of 16-bit numbers do, in nats; another model differs by more. */
const MOST_APART = 0.5;
/** What a server that does not know a request answers; some fail on it every time, with 500. A gateway that finds no server says 502 to 504. */
const UNKNOWN = new Set([400, 404, 405, 422, 501]);
const FAILS = / got 50[01]\b/;

/**
 * Finds out what the servers can do, with the whole prompt: how they say log-probabilities, which tokens the target is, that what they echo
 * is true, and that all of them have the same model. @throws usage, not-found, unsupported-model, value-function, spend-cap, aborted.
 */
export async function agree(fleet: Fleet, question: ServedQuestion): Promise<Agreed> {
  const model = await modelOf(fleet, question);
  const lacks: Lack[] = [];
  for (const form of waysOf(question)) {
    // A name that only a server which refuses the other one has.
    if (form.chat?.limit === LIMITS[1] && !lacks.some(({ why }) => why.includes(LIMITS[1]))) continue;
    const asking: Asking = { ...form, model, batch: question.batch ?? 1, around: tokensAround(form.chat) };
    const answer = await askedOf(fleet, asking, question, lacks);
    if (!answer) continue;
    const [scored] = answer.scored;
    const listing = listsAlone(form.way);
    const { written, continuations } = await targetOf(fleet, model, listing ? scored.top : null, question);
    const followed = listing ? null : await echoes(fleet, asking, question, continuations);
    const doubt = followed ? await doubtOf(fleet, asking, question, scored, followed[0], continuations[0]) : null;
    if (doubt !== null) {
      lacks.push({ way: form.way, why: doubt });
      continue;
    }
    const tails = followed ? tailsOf(scored, followed, continuations) : likelyTokens(scored.top, continuations);
    // A template that is longer than was thought has been counted by now.
    const around = form.chat ? Math.max(asking.around, answer.usedTokens ?? 0) : 0;
    const agreement: Agreement = { ...asking, around, tails };
    const scores = continuations.map((_, c) => scoreOf(agreement, followed ? followed[c] : scored, c));
    const [first, second] = scores.map(({ logProb }) => logProb);
    await checkOthers(fleet, agreement, question, continuations[0], first);
    return {
      ...agreement,
      written,
      continuations,
      scalar: second === undefined ? 'log-prob' : 'log-odds',
      full: second === undefined ? first : first - second,
      floored: scores.map(({ floored }) => floored),
      lacks: lacks.map(saidLack),
    };
  }
  const missing = lacks.find(({ refused }) => refused?.status === 404);
  if (missing && lacks.every(({ refused }) => refused?.status === 404)) throw refusal(missing.refused, model);
  throw new WebspexError(
    'unsupported-model',
    `server ${fleet.urls[0]}: expected log-probabilities${waySaid(question)}, got none (${[...new Set(lacks.map(saidLack))].join('; ')}); start it so that it gives them (llama-cpp-python: --logits_all true), or use another`,
  );
}

function waySaid({ by, chat }: ServedQuestion): string {
  if (chat) return ' by chat completions';
  return by ? ` by ${by}` : '';
}

/** Why a way would not do. */
interface Lack {
  readonly way: AskedWay;
  readonly why: string;
  readonly refused?: Refused;
}

function saidLack({ way, why }: Lack): string {
  return `${way}: ${why}`;
}

type Asking = Omit<Agreement, 'tails'>;

function waysOf({ by, chat }: ServedQuestion): Pick<Asking, 'way' | 'top' | 'chat'>[] {
  if (chat) {
    const { system } = chat === true ? {} : chat;
    return LIMITS.flatMap((limit) => LISTS.map((top) => ({ way: 'chat' as const, top, chat: { system, limit } })));
  }
  const all = SERVED_WAYS.flatMap((way) => (way === 'top-k' ? LISTS : [0]).map((top) => ({ way, top })));
  return all.filter(({ way }) => by === undefined || way === by);
}

async function one<T>(fleet: Fleet, job: Job<T>, model: string, signal?: AbortSignal): Promise<T> {
  const answers: T[] = [];
  try {
    await fleet.askAll([job], (answer) => answers.push(answer), signal);
  } catch (error) {
    throw refusal(error, model);
  }
  return answers[0];
}

const LOOKING = { mostTokens: 0, tokensOf: () => 0, retries: 2 };

/** The model named, or the only one that the first server lists. */
async function modelOf(fleet: Fleet, { model, signal }: ServedQuestion): Promise<string> {
  if (model !== undefined) return model;
  const read = (answer: unknown) => {
    const data = (answer as { data?: unknown } | null)?.data;
    return Array.isArray(data) ? data.map((entry) => String((entry as { id?: unknown }).id)) : [];
  };
  const names = await one(fleet, { ...LOOKING, path: 'models', body: () => undefined, read, only: 0 }, 'any', signal).catch((error) => {
    // A server without a list may have a model all the same.
    if (error instanceof WebspexError && error.code === 'not-found') return [];
    throw error;
  });
  if (names.length === 1) return names[0];
  const listed = names.length === 0 ? 'no list' : names.slice(0, 20).join(', ');
  throw new WebspexError('usage', `server ${fleet.urls[0]}: expected the name of its model, got none; name one of its models (${listed})`);
}

/** What the first server says of the whole prompt in one way, or null where it cannot; `lacks` is then told why. */
async function askedOf(fleet: Fleet, asking: Asking, { prompt, signal }: ServedQuestion, lacks: Lack[]): Promise<Answer | null> {
  const job = scoreJob(asking, [prompt], { only: 0, retries: 2 });
  const tokensOf = (answer: Answer | string) => (typeof answer === 'string' ? null : answer.usedTokens);
  const lack = (why: string, refused?: Refused) => {
    lacks.push({ way: asking.way, why, refused });
    return null;
  };
  const found: (Answer | string)[] = [];
  try {
    await fleet.askAll([{ ...job, read: orWhy(job), tokensOf }], (answer) => found.push(answer), signal);
  } catch (error) {
    if (error instanceof Refused && UNKNOWN.has(error.status)) return lack(error.message, error);
    if (error instanceof WebspexError && error.code === 'value-function' && FAILS.test(error.message)) return lack(error.message);
    throw refusal(error, asking.model);
  }
  const [answer] = found;
  if (typeof answer === 'string') return lack(answer);
  const [scored] = answer.scored;
  return scored.tokens.length > 0 || scored.top.length > 0 ? answer : lack('only tokens that it made itself');
}

/** What a job reads, or in words why that cannot be. */
function orWhy({ read }: Job<Answer>): (answer: unknown) => Answer | string {
  return (answer) => {
    try {
      return read(answer);
    } catch (error) {
      if (error instanceof Malformed) return error.message;
      throw error;
    }
  };
}

/** The target that was named, or the model's own answer. */
async function targetOf(
  fleet: Fleet,
  model: string,
  likely: readonly ServedToken[] | null,
  { prompt, target, chat, signal }: ServedQuestion,
): Promise<{ written: string; continuations: string[] }> {
  // An answer begins on a line of its own.
  const before = chat ? '\n' : prompt;
  if (target === undefined) {
    const text = likely ? likeliest(likely) : await ownAnswer(fleet, model, prompt, signal);
    return { written: writtenText(before, text), continuations: [text] };
  }
  const parts = splitAlternatives(target);
  const continuations = parts.map((part) => {
    const { text } = followingText(before, part);
    if (text === '') throw noContinuation(part);
    return text;
  });
  if (parts.length === 2 && continuations[0] === continuations[1])
    throw new WebspexError('usage', `target: expected two different texts, got ${JSON.stringify(parts[0])} twice; name two`);
  return { written: parts.join(' vs '), continuations };
}

/** The model's own answer up to the end of its first line with words. */
async function ownAnswer(fleet: Fleet, model: string, prompt: string, signal?: AbortSignal): Promise<string> {
  const job: Job<string> = {
    path: 'completions',
    body: () => ({ model, prompt, max_tokens: MOST_ANSWER, temperature: 0 }),
    read: (answer) => {
      const text = (answer as { choices?: { text?: unknown }[] } | null)?.choices?.[0]?.text;
      if (typeof text !== 'string') throw new Malformed('no choices with text');
      return text;
    },
    mostTokens: mostTokens([prompt]) + MOST_ANSWER,
    tokensOf: () => null,
    only: 0,
  };
  const said = await one(fleet, job, model, signal);
  const [line] = /^\s*\S[^\n]*/u.exec(said) ?? [''];
  if (line === '') throw noAnswer();
  return line.trimEnd();
}

/** How a continuation is written so that it is read as this text. */
function writtenText(prompt: string, text: string): string {
  const ways = [text.startsWith(' ') ? text.slice(1) : text, text];
  return ways.find((way) => followingText(prompt, way).text === text) ?? `…${text}`;
}

/** The prompt followed by each continuation. */
async function echoes(
  fleet: Fleet,
  asking: Asking,
  { prompt, signal }: ServedQuestion,
  continuations: readonly string[],
): Promise<Scored[]> {
  const out: Scored[] = [];
  for (const continuation of continuations) {
    const answer = await one(fleet, scoreJob(asking, [prompt + continuation], { only: 0 }), asking.model, signal);
    out.push(answer.scored[0]);
  }
  return out;
}

/** Tokens as letters: servers write a blank as itself, as ▁ or Ġ, or leave it out. */
function letters(text: string): string {
  return text.replace(/[\s▁Ġ]/gu, '');
}

/** The text of a token whose number stands before it. */
function bare(text: string): string {
  return text.replace(/^\d+ /, '');
}

/**
 * What is wrong with an echo, or null. Servers that leave tokens out, or give a token the number of the one after it (llama-cpp-python 0.3.36
 * with models that begin with no token), are found out by the target's first token: it must be that text, and what the same server lists as
 * next after the prompt must agree.
 */
async function doubtOf(
  fleet: Fleet,
  asking: Asking,
  { prompt, signal }: ServedQuestion,
  own: Scored,
  followed: Scored,
  continuation: string,
): Promise<string | null> {
  const tail = followed.tokens.slice(own.tokens.length);
  const said = letters(tail.map(({ text }) => bare(text)).join(''));
  const readable = !said.includes('\ufffd') && !said.startsWith('token_id:');
  if (readable && tail.length > 0 && said !== letters(continuation)) return `${JSON.stringify(said)} where the target stands`;
  if (asking.way === 'tgi' || tail.length === 0) return null;
  const listed = await askedOf(fleet, { ...asking, way: 'top-k', top: LISTS[1] }, { prompt, signal }, []);
  if (!listed) return null;
  const [{ text, logProb }] = tail;
  const { top } = listed.scored[0];
  const wanted = top.find((token) => token.text === bare(text))?.logProb;
  const least = top.reduce((low, token) => Math.min(low, token.logProb ?? low), Number.POSITIVE_INFINITY);
  const right =
    wanted === undefined || wanted === null ? (logProb ?? 0) <= least + MOST_APART : Math.abs((logProb ?? 0) - wanted) <= MOST_APART;
  return right
    ? null
    : `${logProb?.toFixed(2)} for ${JSON.stringify(bare(text))}, which the same server lists with ${wanted?.toFixed(2) ?? `less than ${least.toFixed(2)}`}`;
}

/** What each continuation's tokens are: those after the prompt's own. @throws usage where it begins within one of the prompt's tokens. */
function tailsOf({ tokens: own }: Scored, followed: readonly Scored[], continuations: readonly string[]): string[][] {
  return followed.map(({ tokens }, c) => {
    const tail = tokens.slice(own.length).map(({ text }) => text);
    if (tail.length > 0 && own.every(({ text }, i) => tokens[i]?.text === text)) return tail;
    throw new WebspexError(
      'usage',
      `target: expected a text that begins with a token of its own after this prompt, got ${JSON.stringify(continuations[c])}; end the prompt without a blank, or choose another target`,
    );
  });
}

/** @throws usage where another server says something else of the whole prompt. */
async function checkOthers(
  fleet: Fleet,
  agreement: Agreement,
  { prompt, signal }: ServedQuestion,
  continuation: string,
  wanted: number,
): Promise<void> {
  const text = listsAlone(agreement.way) ? prompt : prompt + continuation;
  const jobs = fleet.urls.slice(1).map((_, i) => scoreJob(agreement, [text], { only: i + 1 }));
  const apart: string[] = [];
  try {
    await fleet.askAll(
      jobs,
      ({ scored }, i) => {
        const { logProb } = scoreOf(agreement, scored[0], 0);
        if (Math.abs(logProb - wanted) > MOST_APART) apart.push(`${logProb.toFixed(2)} from ${fleet.urls[i + 1]}`);
      },
      signal,
    );
  } catch (error) {
    throw refusal(error, agreement.model);
  }
  if (apart.length > 0)
    throw new WebspexError(
      'usage',
      `server: expected the same model at every address, got log-probability ${wanted.toFixed(2)} of the target from ${fleet.urls[0]} and ${apart.join(', ')}; name servers of one model`,
    );
}
