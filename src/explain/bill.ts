import { type Masks, maskText } from '../core/masks.ts';
import { maskedTexts } from '../lens/served/masked-texts.ts';
import { mostTokens, TEMPLATE, tokensAround } from '../lens/served/scorer.ts';
import { followingText, splitAlternatives } from '../lens/text/continuation.ts';
import { planRun } from './explain.ts';
import type { TextOptions } from './explainer.ts';
import { settle } from './options.ts';
import { type ServerOptions, serverUrls, splitServed } from './served.ts';

/** What a run at a server would take, found out without asking it anything. */
export interface Bill {
  readonly format: 'webspex-bill';
  readonly version: 1;
  readonly players: number;
  readonly masks: number;
  /** Masks that a log holds already. */
  readonly known: number;
  /** Texts asked about for each mask: one for each continuation; by `top-k` and in a chat one. */
  readonly textsPerMask: number;
  /** Requests to find out what the servers can do, and all of them; without those that have to be tried again. */
  readonly requests: { readonly asking: number; readonly all: number };
  /** About four characters are a token of English; bytes are never fewer than tokens. Sent, and one made for each text. */
  readonly tokens: {
    readonly about: number;
    readonly most: number;
    /** In a chat: what the server's template is taken to add to each of them, at most. */
    readonly template?: number;
  };
}

const CHARACTERS_PER_TOKEN = 4;
/** What a template adds to a message: that of SmolLM2 14 tokens, or 30 with a system message of its own. */
const USUAL_TEMPLATE = 20;
const MOST_ANSWER = 16;

/** @throws usage, empty-input, budget-too-small, as the run would. */
export function billServed(
  text: string,
  server: Pick<ServerOptions, 'url' | 'model' | 'by' | 'batch'>,
  options: TextOptions = {},
  isKnown: (mask: string) => boolean = () => false,
): Bill {
  const urls = serverUrls(server.url);
  const { split, rule } = splitServed(text, options, server);
  const { masks } = planRun(settle({ ...options, players: split.players })).plan;
  const parts = options.target === undefined ? [''] : splitAlternatives(options.target).map((part) => followingText(text, part).text);
  const chat = options.chat === true ? {} : options.chat || undefined;
  const listing = chat !== undefined || server.by === 'top-k';
  const ends = listing ? [''] : parts;
  // The whole text is asked about to find out what the servers can do.
  const open = rowsOf(masks, (mask, r) => r > 0 && !isKnown(mask));
  const prompts = maskedTexts(masks, split, rule);
  const sent = [...open.map((r) => prompts[r]), text].flatMap((prompt) => ends.map((end) => prompt + end));
  const answer = options.target === undefined && !listing ? 1 : 0;
  const asking = (server.model === undefined ? 1 : 0) + 1 + (listing ? 0 : ends.length + 1) + answer + urls.length - 1;
  const looked = Array.from({ length: asking - (listing ? 0 : ends.length) }, () => text);
  const system = (chat?.system ?? '').length;
  const characters = [...sent, ...looked].reduce((sum, s) => sum + s.length + system, 0);
  const texts = sent.length + looked.length;
  const made = texts + answer * MOST_ANSWER;
  return {
    format: 'webspex-bill',
    version: 1,
    players: split.players.length,
    masks: masks.count,
    known: masks.count - rowsOf(masks, (mask) => !isKnown(mask)).length,
    textsPerMask: ends.length,
    requests: { asking, all: asking + Math.ceil((open.length * ends.length) / (server.batch ?? 1)) },
    tokens: {
      about: Math.ceil(characters / CHARACTERS_PER_TOKEN) + (chat ? texts * USUAL_TEMPLATE : 0) + made,
      most: mostTokens([...sent, ...looked]) + texts * tokensAround(chat) + made,
      ...(chat && { template: TEMPLATE }),
    },
  };
}

function rowsOf(masks: Masks, wanted: (mask: string, r: number) => boolean): number[] {
  return Array.from({ length: masks.count }, (_, r) => r).filter((r) => wanted(maskText(masks, r), r));
}
