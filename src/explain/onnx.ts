import { WebspexError } from '../core/errors.ts';
import type { Masks } from '../core/masks.ts';
import { inputHash, type MaskedInput, maskedScores } from '../lens/onnx/masked.ts';
import type { OnnxModel } from '../lens/onnx/model.ts';
import { chooseOutput } from '../lens/onnx/rows.ts';
import { type OnnxTexts, onnxTexts, type TextSide } from '../lens/onnx/text.ts';
import type { ScoreKind } from '../lens/scores.ts';
import { lockedSpans } from '../lens/text/lock.ts';
import { maskSequences } from '../lens/text/masking.ts';
import { splitPlayers } from '../lens/text/players.ts';
import { type Explainer, explainerOf } from './explainer.ts';
import { refuseStrayOptions } from './lens-options.ts';
import { everyone, maskOf, ofText, type Question } from './prepare.ts';
import type { Prepared } from './prepared.ts';
import { type Asked, prepareScored } from './scored.ts';

/** What of an ONNX model is explained, and on what input. */
export interface OnnxExplainerOptions {
  /** Columns, patches or windows of this input are the players. Without one the model reads texts, and `text` says how. */
  readonly input?: MaskedInput;
  /** The tokenizer of a model of texts, from `openTextSide`. */
  readonly text?: TextSide;
  /** By name; default logits, probabilities or scores by their usual names. */
  readonly output?: string;
  /** Names of the output's numbers; default those of the tokenizer's folder. */
  readonly labels?: readonly string[];
  /** Whether the output holds logits or probabilities; default probabilities where its numbers look like it. */
  readonly scores?: ScoreKind;
}

/**
 * An explainer around an ONNX model: of texts, or with `input` of that one input, where the text asked about is empty.
 * @throws usage, unsupported-model naming the input or output that does not fit.
 */
export function onnxExplainer(model: OnnxModel, options: OnnxExplainerOptions, loadMs = 0): Explainer {
  const { input, text } = options;
  const output = chooseOutput(model, options.output);
  if ((input === undefined) === (text === undefined))
    throw new WebspexError('usage', `onnx: expected either an input or a tokenizer for texts, got ${input ? 'both' : 'neither'}; give one`);
  const texts = text && onnxTexts(model, output.name, text);
  const labels = options.labels ?? text?.labels;
  const info = {
    id: model.id,
    revision: '',
    sha256: model.sha256,
    dtype: 'f32' as const,
    architecture: 'ONNX',
    labels: labels ?? [],
    maxTokens: texts?.maxTokens ?? 0,
  };
  const asked: Asked = { output: output.name, labels, scores: options.scores };
  const prepare = (about: string, question: Question) =>
    texts ? prepareTexts(texts, about, question, asked) : prepareInput(model, input as MaskedInput, about, question, asked);
  return explainerOf({ info, device: model.device, destroy: () => void model.destroy() }, prepare, loadMs);
}

async function prepareTexts(texts: OnnxTexts, text: string, question: Question, asked: Asked): Promise<Prepared> {
  refuseOtherLens(question);
  const { tokenizer } = texts.side;
  const split = splitPlayers(tokenizer, text, question.units, lockedSpans(text, question.lock ?? 'auto', false));
  const { mask, rule } = maskOf(question, tokenizer);
  const scores = (masks: Masks, signal?: AbortSignal) =>
    texts.scores(maskSequences(masks, split, rule, tokenizer, texts.maxTokens), signal);
  const { ids } = maskSequences(everyone(split), split, rule, tokenizer, texts.maxTokens);
  return {
    ...ofText(split, question),
    mask,
    asked: { output: asked.output, scores: asked.scores, ids: Array.from(ids) },
    ...(await prepareScored(everyone(split), scores, question, asked)),
  };
}

async function prepareInput(model: OnnxModel, input: MaskedInput, text: string, question: Question, asked: Asked): Promise<Prepared> {
  refuseOtherLens(question);
  const stray = (['units', 'lock', 'mask'] as const).find((name) => question[name] !== undefined);
  if (stray !== undefined || text !== '') {
    const what = stray ?? 'text';
    throw new WebspexError('usage', `${what}: expected none with lens ${input.lens}, got some; leave it out`);
  }
  const { players, lens, mask, units } = input;
  const scores = (masks: Masks, signal?: AbortSignal) => maskedScores(model, asked.output, input, masks, signal);
  const told = { output: asked.output, scores: asked.scores, input: await inputHash(input) };
  return { players, lens, mask, units, asked: told, ...(await prepareScored(everyone(input), scores, question, asked)) };
}

function refuseOtherLens(question: Question): void {
  if (question.lens !== undefined && question.lens !== 'text')
    throw new WebspexError('usage', `lens: expected none with an ONNX model, got ${question.lens}; leave it out`);
  refuseStrayOptions(question);
}
