import { WebspexError } from '../../core/errors.ts';
import type { Fleet, Job } from './fleet.ts';
import { refusal } from './fleet.ts';
import {
  type Answer,
  type Form,
  listsAlone,
  Malformed,
  pathOf,
  readAnswer,
  requestBody,
  type Scored,
  type ServedToken,
  takesOne,
} from './protocol.ts';

/** How this server is asked, found out by asking about the whole prompt. */
export interface Agreement extends Form {
  /** Of the ways that echo: the tokens that end each continuation's text. Of those that list: the one token that is each continuation. */
  readonly tails: readonly (readonly string[])[];
  /** Texts in a request. */
  readonly batch: number;
  /** Tokens that a request has besides those of its texts, at most. */
  readonly around: number;
}

/** A log-probability, and whether it is only known to be no more than that. */
export interface Score {
  readonly logProb: number;
  readonly floored: boolean;
}

/** Tokens that no server adds more of to a text, such as the one a text begins with. */
const SPECIALS = 8;

/** Tokens that a chat's template may put around its messages, a system message of its own included, until the server has counted them. */
export const TEMPLATE = 256;

/** Tokens around the text of a request, at most. */
export function tokensAround(chat: { readonly system?: string } | undefined): number {
  if (!chat) return 0;
  return TEMPLATE + (chat.system === undefined ? 0 : mostTokens([chat.system]));
}

/** Bytes bound tokens: a vocabulary of pieces has none shorter, and falls back to single bytes. */
export function mostTokens(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length + SPECIALS, 0);
}

/** One request as a job. */
export function scoreJob(
  asking: Form & Pick<Agreement, 'around'>,
  texts: readonly string[],
  how: Pick<Job<Answer>, 'only' | 'retries'> = {},
): Job<Answer> {
  return {
    path: pathOf(asking.way),
    body: () => requestBody(asking, texts),
    read: (answer) => readAnswer(asking.way, answer, texts),
    mostTokens: mostTokens(texts) + asking.around,
    tokensOf: ({ usedTokens }) => usedTokens,
    ...how,
  };
}

/** What follows a prompt by its answer, for one continuation. @throws Malformed where the text ended otherwise; non-finite. */
export function scoreOf({ way, tails }: Agreement, { tokens, top }: Scored, c: number): Score {
  return listsAlone(way) ? listed(top, tails[c][0]) : { logProb: tailLogProb(tokens, tails[c]), floored: false };
}

function finite(logProb: number | null, of: string): number {
  if (logProb !== null && Number.isFinite(logProb)) return logProb;
  throw new WebspexError(
    'non-finite',
    `server: expected a finite log-probability, got ${logProb} for ${JSON.stringify(of)}; nothing was imputed, look at the server and its precision`,
  );
}

function tailLogProb(tokens: readonly ServedToken[], tail: readonly string[]): number {
  const end = tokens.slice(-tail.length);
  if (end.length < tail.length || end.some(({ text }, i) => text !== tail[i]))
    throw new Malformed(`a text that ends in ${JSON.stringify(end.map(({ text }) => text))} in place of ${JSON.stringify(tail)}`);
  if (tokens.length === tail.length && tokens[0].logProb === null)
    throw new WebspexError(
      'usage',
      'mask remove: expected text before the target, got a model without a token to begin with and a text that may vanish; lock part of it, or use mask neutral',
    );
  return end.reduce((sum, { text, logProb }) => sum + finite(logProb, text), 0);
}

/** The floor: a token that is not listed is no likelier than the last that is. */
function listed(top: readonly ServedToken[], wanted: string): Score {
  if (top.length === 0) throw new Malformed('no likely tokens');
  const found = top.find(({ text }) => text === wanted);
  if (found) return { logProb: finite(found.logProb, wanted), floored: false };
  return {
    logProb: top.reduce((least, { text, logProb }) => Math.min(least, finite(logProb, text)), Number.POSITIVE_INFINITY),
    floored: true,
  };
}

/** Scores of texts (each prompt with each continuation, or each prompt where the way lists alone), each told once, as it comes. */
export async function scoreTexts(
  fleet: Fleet,
  agreement: Agreement,
  texts: readonly string[],
  onScored: (text: number, scored: Scored) => void,
  signal?: AbortSignal,
): Promise<void> {
  const size = takesOne(agreement.way) ? 1 : agreement.batch;
  const starts = Array.from({ length: Math.ceil(texts.length / size) }, (_, i) => i * size);
  const jobs = starts.map((start) => {
    const some = texts.slice(start, start + size);
    // A server that fails on an empty text does so every time.
    return scoreJob(agreement, some, some.some((text) => text.trim() === '') ? { retries: 1 } : {});
  });
  try {
    const onAnswer = ({ scored }: Answer, job: number) => {
      scored.forEach((it, i) => {
        onScored(starts[job] + i, it);
      });
    };
    await fleet.askAll(jobs, onAnswer, signal);
  } catch (error) {
    throw refusal(error, agreement.model);
  }
}
