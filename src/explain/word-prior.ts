import { WebspexError } from '../core/errors.ts';
import { splitPlayers, type TextPlayers } from '../lens/text/players.ts';
import type { Span } from '../lens/text/units.ts';
import { type ExplainedText, expectedOf, learnWords } from '../lens/text/word-prior.ts';
import type { AnyModel } from '../model/model.ts';
import type { Explanation, FitReport } from './document.ts';

/** Texts that are kept: more than are ever learned from, since those of one word or the text itself do not count. */
const MOST_TEXTS = 400;

/**
 * What explained texts of a model say of which words matter: begun with none, and longer by each text that is added. A plain JSON document;
 * of a text it holds the tokens.
 */
export interface WordPrior {
  readonly format: 'webspex-word-prior';
  readonly version: 1;
  /** `sha256` of the model's weights. */
  readonly model: string;
  /** Oldest first. */
  readonly texts: readonly ExplainedText[];
}

/** Of an explanation, what a word prior learns from. */
export type Learnable = Pick<Explanation, 'text' | 'lens' | 'players' | 'model'> & { readonly fit: Pick<FitReport, 'influences'> };

/** What is expected of the players of a text, and of how many other texts that is known. */
export interface Expected {
  readonly influences: readonly number[];
  readonly texts: number;
}

/** Of a model, what its words are. */
export type Words = Pick<AnyModel, 'info' | 'tokenizer' | 'words'>;

/**
 * A prior with one more text, in the place of what it said of that text before. An explanation to which the Gaussian process has not
 * contributed says nothing of influences, and leaves it as it is.
 * @throws usage where the explanation is no text's, or another model's.
 */
export function withText(prior: WordPrior | null, { text, lens, players, model, fit }: Learnable, { info, tokenizer }: Words): WordPrior {
  if (lens !== 'text') throw usage(`expected an explanation of lens text, got ${lens}`, 'only words can be learned from');
  if (model?.sha256 !== info.sha256)
    throw usage(`expected an explanation of ${info.id}, got one of ${model?.id ?? 'no model'}`, 'explain it anew');
  const known = checkPrior(prior ?? { format: 'webspex-word-prior', version: 1, model: info.sha256, texts: [] }, { info, tokenizer });
  if (fit.influences === undefined) return known;
  const spans = players.map(({ start, end }): Span => [start, end]);
  const words = tokensOf(splitPlayers(tokenizer, text, spans));
  if (words.length !== fit.influences.length) throw usage('expected the players of the model’s own text', 'explain it anew');
  const texts = [...others(known, words), { words, influences: fit.influences }];
  return { ...known, texts: texts.slice(-MOST_TEXTS) };
}

/**
 * What the other texts of a prior lead to expect of these players; the text itself, where it is among them, is left out, or its rows would be
 * graded by what they said before. Null where nothing can be expected yet.
 * @throws usage where the prior is another model's, or the model shows no words.
 */
export function expectedInfluences(prior: WordPrior | undefined, model: Words, split: TextPlayers): Expected | null {
  if (prior === undefined) return null;
  const { texts } = checkPrior(prior, model);
  const table = model.words;
  if (!table) throw usage(`expected a model that shows its words, got ${model.info.id}`, 'leave it out');
  const words = tokensOf(split);
  const learned = learnWords(others({ texts }, words), table);
  return learned && { influences: [...expectedOf(words, learned, table)], texts: learned.texts };
}

function others({ texts }: Pick<WordPrior, 'texts'>, words: ExplainedText['words']): readonly ExplainedText[] {
  const own = JSON.stringify(words);
  return texts.filter((text) => JSON.stringify(text.words) !== own);
}

/** The tokens of each player. */
function tokensOf({ players, playerOfToken, encoding }: TextPlayers): number[][] {
  const words = players.map((): number[] => []);
  for (const [t, player] of playerOfToken.entries()) if (player >= 0) words[player].push(encoding.ids[t]);
  return words;
}

/** A prior of unknown origin for this model. @throws bad-file where it is none, usage where it is of another model. */
function checkPrior(value: WordPrior, { info: { id, sha256 }, tokenizer }: Words): WordPrior {
  const wrong = wrongIn(value, tokenizer.vocabularySize);
  if (wrong !== null) throw new WebspexError('bad-file', `word prior: expected ${wrong}; use a file that webspex wrote`);
  if (value.model !== sha256)
    throw usage(`expected one learned from ${id}, got one of another model`, 'name another file, or leave it out');
  return value;
}

function wrongIn(value: Partial<WordPrior> | null, vocabulary: number): string | null {
  if (typeof value !== 'object' || value === null || value.format !== 'webspex-word-prior')
    return 'format "webspex-word-prior", got another';
  if (value.version !== 1) return `version 1, got ${value.version}`;
  if (typeof value.model !== 'string') return `the hash of a model, got ${typeof value.model}`;
  if (!Array.isArray(value.texts)) return `a list of texts, got ${typeof value.texts}`;
  const bad = value.texts.findIndex((text: Partial<ExplainedText> | null) => !isText(text, vocabulary));
  return bad < 0 ? null : `texts[${bad}] to be tokens and an influence for each player, got another`;
}

function isText(text: Partial<ExplainedText> | null, vocabulary: number): boolean {
  if (!Array.isArray(text?.words) || !Array.isArray(text.influences) || text.words.length !== text.influences.length) return false;
  const isToken = (id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocabulary;
  return text.influences.every(Number.isFinite) && text.words.every((w: unknown) => Array.isArray(w) && w.length > 0 && w.every(isToken));
}

function usage(what: string, hint: string): WebspexError {
  return new WebspexError('usage', `wordPrior: ${what}; ${hint}`);
}
