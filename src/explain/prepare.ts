import { WebspexError } from '../core/errors.ts';
import { type Masks, maskKey, pickMasks, sliceMasks, type ValueFunction } from '../core/masks.ts';
import { pairedMasks } from '../core/sample.ts';
import type { ComponentLens } from '../lens/components/players.ts';
import type { SetScalar } from '../lens/components/value-function.ts';
import type { DataScalar } from '../lens/data/training-data.ts';
import type { ScoreScalar } from '../lens/scores.ts';
import { blankOf, blankValueFunction, resolveBlankTarget } from '../lens/text/blank.ts';
import { bareTokenizer, causalValueFunction, checkCausalScalar, promptTokenizer, resolveCausalTarget } from '../lens/text/causal-value.ts';
import { type Chat, chatLocked, chatPrompt, chatUnits } from '../lens/text/chat.ts';
import { type Lock, lockedSpans } from '../lens/text/lock.ts';
import { type MaskRule, maskFollowing, maskSequences, parseMaskRule } from '../lens/text/masking.ts';
import { splitPlayers, type TextPlayers, type Units } from '../lens/text/players.ts';
import { similarityFunction } from '../lens/text/similarity.ts';
import { parseScalar, resolveTarget, scalarOf, textValueFunction } from '../lens/text/value-function.ts';
import type { CausalModel, MaskedModel, Model, Tokenizer } from '../model/model.ts';
import type { ComponentQuestion } from './components.ts';
import type { Prepared } from './prepared.ts';
import type { TrainingQuestion } from './training.ts';
import { expectedInfluences, type WordPrior, type Words } from './word-prior.ts';

/** What is asked about a text, as given. */
export interface Question extends Omit<ComponentQuestion, 'lens' | 'scalar'>, TrainingQuestion {
  /** Who the players are: pieces of the text, parts of the model, or training examples. */
  readonly lens?: 'text' | 'data' | ComponentLens;
  /** Which number is explained; default log-odds, of labelled texts log-prob, of training examples margin, of features cosine. */
  readonly scalar?: SetScalar | DataScalar | typeof COSINE | ScoreScalar;
  readonly target?: string;
  readonly units?: Units;
  readonly lock?: Lock;
  readonly mask?: string;
  /** What other texts say of which words matter: the Gaussian process begins from it. */
  readonly wordPrior?: WordPrior;
  /** Of a causal model: the text is a person's message in the model's own chat template. */
  readonly chat?: Chat;
  readonly signal?: AbortSignal;
}

/** What is explained about a model without its head: how alike two texts are. */
export const COSINE = 'cosine';

/** More masks in a call share more beginnings that are not kept from call to call; Stop and progress wait for its end. */
const TREE_BATCH_MS = 2000;

/** The whole text is passed once, to find the predicted label. @throws usage, empty-input, too-long, and what passes throw. */
export async function prepareClassifier(model: Model, text: string, question: Question): Promise<Prepared> {
  const { info, tokenizer } = model;
  const split = splitPlayers(tokenizer, text, question.units, lockedSpans(text, question.lock ?? 'auto', false));
  const { mask, rule } = maskOf(question, tokenizer);
  const scalar = parseScalar(question.scalar);
  const whole = maskSequences(everyone(split), split, rule, tokenizer, info.maxTokens);
  const logits = await model.classify(whole, { signal: question.signal });
  const target = resolveTarget(info.labels, question.target, logits);
  const full = scalarOf(logits, 0, info.labels.length, target, scalar);
  const masked = textValueFunction(model, split, { target, scalar, rule });
  return {
    ...ofText(split, question),
    ...expectedOf(model, split, question),
    target: info.labels[target],
    scalar,
    mask,
    valueFunction: withKnown(masked, new Map([[maskKey(everyone(split), 0), full]])),
  };
}

/** Where no target is named, the model answers the whole prompt first. @throws usage, empty-input, too-long, and what passes throw. */
export async function prepareCausal(model: CausalModel, text: string, question: Question): Promise<Prepared> {
  const { prompt, split, chat } = await splitPrompt(model, text, question);
  const { mask, rule } = maskOf(question, model.tokenizer);
  const sequential = mayVanish(split, rule);
  const tokenizer = chat ? bareTokenizer(model.tokenizer) : promptTokenizer(model, sequential);
  const whole = maskSequences(everyone(split), split, rule, tokenizer, model.info.maxTokens - 1);
  const target = await resolveCausalTarget(model, prompt, whole.ids, question.target, question.signal);
  checkCausalScalar(question.scalar, target);
  const valueFunction = causalValueFunction(model, split, { tokenizer, target, rule });
  const { written, scalar } = target;
  const about = { ...ofText(split, question), ...expectedOf(model, split, question) };
  return { ...about, text: prompt, target: written, scalar, mask, valueFunction, batchMs: TREE_BATCH_MS, sequential };
}

/** The prompt that is put to a model, and its players: in a chat the template stands around the text, and is never masked. */
export async function splitPrompt(
  model: CausalModel,
  text: string,
  { units = 'word', lock = 'auto', chat = false }: Pick<Question, 'units' | 'lock' | 'chat'>,
) {
  if (!chat) return { prompt: text, split: splitPlayers(model.tokenizer, text, units, lockedSpans(text, lock, true)), chat: false };
  const made = await chatPrompt(model, text, chat);
  const split = splitPlayers(model.tokenizer, made.prompt, chatUnits(made, units), chatLocked(made, lock));
  return { prompt: made.prompt, split, chat: true };
}

/** A text with one mask token where a word is told; where no target is named, the likeliest word there. @throws usage, too-long, and what passes throw. */
export async function prepareBlank(model: MaskedModel, text: string, question: Question): Promise<Prepared> {
  const { tokenizer, info } = model;
  const encoding = tokenizer.encode(text);
  const blank = blankOf(encoding, tokenizer);
  const place = [encoding.starts[blank], encoding.ends[blank]] as const;
  const split = splitPlayers(tokenizer, text, question.units, [...lockedSpans(text, question.lock ?? 'auto', false), place]);
  const { mask, rule } = maskOf(question, tokenizer);
  const whole = maskFollowing(everyone(split), split, rule, tokenizer, info.maxTokens, blank);
  const target = await resolveBlankTarget(model, whole, question.target, question.signal);
  checkScalar(question, target.scalar, target.tokens.length === 1 ? 'one word' : 'two words');
  const valueFunction = blankValueFunction(model, split, { blank, target, rule });
  const about = { ...ofText(split, question), ...expectedOf(model, split, question) };
  return { ...about, target: target.written, scalar: target.scalar, mask, valueFunction };
}

/** A text beside another one, the target: how alike a model without its head finds them. @throws usage, empty-input, too-long, and what passes throw. */
export async function prepareSimilarity(model: Model, text: string, question: Question): Promise<Prepared> {
  const { target, signal } = question;
  if (target === undefined)
    throw new WebspexError(
      'usage',
      'target: expected a text to compare with, got none; a model without a classifier tells how alike two texts are',
    );
  if (question.scalar !== undefined && question.scalar !== COSINE)
    throw new WebspexError('usage', `scalar: expected ${COSINE} for two texts, got ${question.scalar}; leave it out`);
  const split = splitPlayers(model.tokenizer, text, question.units, lockedSpans(text, question.lock ?? 'auto', false));
  const { mask, rule } = maskOf(question, model.tokenizer);
  const valueFunction = await similarityFunction(model, split, { reference: target, rule, signal });
  const about = { ...ofText(split, question), ...expectedOf(model, split, question) };
  return { ...about, target, scalar: COSINE, mask, valueFunction };
}

/** How absent players are masked: as asked, or with the model's mask token where it has one. */
export function maskOf(question: Question, { special }: Tokenizer): { mask: string; rule: MaskRule } {
  const mask = question.mask ?? (special.mask === null ? 'remove' : 'mask-token');
  return { mask, rule: parseMaskRule(mask) };
}

/** @throws usage where another scalar was asked for than goes with the target. */
function checkScalar({ scalar }: Question, own: string, what: string): void {
  if (scalar === undefined || scalar === own) return;
  throw new WebspexError('usage', `scalar: expected ${own} for ${what}, got ${scalar}; log-prob goes with a target, log-odds with A vs B`);
}

/** What a result says of a text's players. */
export function ofText({ players, locked }: TextPlayers, { units = 'word' }: Question) {
  return { players, locked, lens: 'text' as const, units: typeof units === 'string' ? units : JSON.stringify(units) };
}

/** What is expected of its players, where a word prior tells. @throws usage, bad-file. */
function expectedOf(model: Words, split: TextPlayers, { wordPrior }: Question): Pick<Prepared, 'expected'> {
  const expected = expectedInfluences(wordPrior, model, split);
  return expected ? { expected } : {};
}

/** The mask of the whole text, or of another input. */
export function everyone({ players }: Pick<TextPlayers, 'players'>): Masks {
  return sliceMasks(pairedMasks(players.length, 2, 0), 0, 1);
}

/** Whether a masked copy may have no token of the text left. */
function mayVanish({ text, encoding, playerOfToken }: TextPlayers, rule: MaskRule): boolean {
  if (rule.kind !== 'remove' && !(rule.kind === 'replace' && rule.text === '')) return false;
  const { starts, ends } = encoding;
  return playerOfToken.every((player, t) => player >= 0 || text.slice(starts[t], ends[t]).trim() === '');
}

/** Masks that have been passed already, such as the whole text to find the predicted label, are answered from that, so they count once. */
export function withKnown(valueFunction: ValueFunction, known: ReadonlyMap<string, number>): ValueFunction {
  return async (masks, { signal, onValue } = {}) => {
    const found = Array.from({ length: masks.count }, (_, r) => known.get(maskKey(masks, r)));
    const rows = Array.from(found.keys()).filter((r) => found[r] === undefined);
    const inner = { signal, onValue: onValue && ((i: number, value: number) => onValue(rows[i], value)) };
    const asked = rows.length > 0 ? await valueFunction(pickMasks(masks, rows), inner) : new Float32Array(0);
    const values = Float32Array.from(found, (value) => value ?? 0);
    rows.forEach((r, i) => {
      values[r] = asked[i];
    });
    return values;
  };
}
