import type { Backend } from '../../compute/backend.ts';
import { WebspexError } from '../../core/errors.ts';
import type { ValueFunction } from '../../core/masks.ts';
import type { Model } from '../../model/model.ts';
import { type Example, encodeTexts } from '../examples.ts';
import type { Player } from '../player.ts';
import { type Influences, influencedMargins, influencesOf } from './influence.ts';
import { createLogisticTrainer, type LogisticTrainer } from './logistic.ts';
import { softplus } from './newton.ts';

export const DATA_SCALARS = ['margin', 'loss'] as const;
/** The trained head's log-odds of the target against all other labels, or its log-loss there. */
export type DataScalar = (typeof DATA_SCALARS)[number];

export const RETRAININGS = ['exact', 'influence'] as const;
/** How the head of a mask is found: trained to its optimum, or moved there from that of all examples by influence functions. */
export type Retraining = (typeof RETRAININGS)[number];

export interface TrainingDataOptions {
  /** The label whose log-odds are explained; for `loss` the true label of the text. Default: the one that the head of all examples predicts. */
  readonly target?: string;
  readonly scalar?: DataScalar;
  /** Strength of the head's penalty; default 1. */
  readonly l2?: number;
  /** Default exact. */
  readonly retrain?: Retraining;
  readonly signal?: AbortSignal;
}

/** Training examples as players: what a head trained on some of them says of one text, or of labelled texts on average. */
export interface TrainingDataLens {
  readonly players: readonly Player[];
  readonly target: string;
  readonly scalar: DataScalar;
  /** Masks over the examples → the scalar, of a head of its own for each mask. */
  readonly valueFunction: ValueFunction;
  readonly trainer: LogisticTrainer;
  destroy(): void;
}

/** Characters of an example in its label, which drawings cut shorter. */
const LONGEST_LABEL = 400;
/** Texts embedded in one call, so that an abort gets through. */
const EMBEDDED_AT_ONCE = 64;

/**
 * Embeds the examples and the text, or labelled texts, with a model loaded without its head (`head: 'none'`), and prepares the retraining of a logistic head on
 * them. @throws usage for a label that no example has, or where all have the same; too-long naming the text; what the backend throws.
 */
export async function trainingDataLens(
  model: Model,
  backend: Backend,
  examples: readonly Example[],
  asked: string | readonly Example[],
  { target, scalar = 'margin', l2, retrain = 'exact', signal }: TrainingDataOptions = {},
): Promise<TrainingDataLens> {
  const labels = [...new Set(examples.map(({ label }) => label))];
  checkTask(labels, { target, scalar, retrain });
  if (typeof asked !== 'string') checkSet(labels, asked);
  const width = model.info.labels.length;
  const trained = examples.map((e) => e.text);
  const texts = typeof asked === 'string' ? [asked] : asked.map((e) => e.text);
  const tested = await embedTexts(model, texts, typeof asked === 'string' ? 'text' : 'labelled text', signal);
  const features = await embedTexts(model, trained, 'example', signal);
  const trainerOf = (label: string) => createLogisticTrainer({ features, width, labels: sidesOf(examples, label) }, backend, { l2 });
  const named = target ?? (typeof asked === 'string' ? undefined : labels[0]);
  const { label: chosen, trainer } =
    named === undefined ? await predicted(labels, trainerOf, tested) : { label: named, trainer: await trainerOf(named) };
  const signs = typeof asked === 'string' ? [1] : asked.map(({ label }) => (label === chosen ? 1 : -1));
  return {
    players: examples.map((e, id) => ({ id, label: shownExample(id, e), start: 0, end: 0 })),
    target: chosen,
    scalar,
    trainer,
    valueFunction:
      retrain === 'influence'
        ? influenced(influencesOf({ features, width, labels: sidesOf(examples, chosen) }, trainer.whole, tested, l2), signs, scalar)
        : async (masks, options) => {
            const heads = await trainer.train(masks, options);
            return Float32Array.from({ length: masks.count }, (_, r) => meanOf(marginsOf(heads, r, width, tested), signs, scalar));
          },
    destroy: () => trainer.destroy(),
  };
}

/** 1 for each example of that label. */
function sidesOf(examples: readonly Example[], label: string): Uint8Array {
  return Uint8Array.from(examples, (e) => (e.label === label ? 1 : 0));
}

function checkTask(
  labels: readonly string[],
  { target, scalar, retrain }: { readonly target?: string; readonly scalar: string; readonly retrain: string },
): void {
  if (labels.length < 2)
    throw new WebspexError('usage', `train: expected at least 2 labels, got ${labels.length} (${labels.join()}); add examples of another`);
  if (target !== undefined && !labels.includes(target))
    throw new WebspexError('usage', `target: expected one of ${labels.slice(0, 20).join(', ')}, got ${target}; choose one of them`);
  if (!DATA_SCALARS.some((s) => s === scalar))
    throw new WebspexError('usage', `scalar: expected ${DATA_SCALARS.join(' or ')}, got ${scalar}; choose one of them`);
  if (!RETRAININGS.some((r) => r === retrain))
    throw new WebspexError('usage', `retrain: expected ${RETRAININGS.join(' or ')}, got ${retrain}; choose one of them`);
}

/** @throws usage for labelled texts of a label that no example has. */
function checkSet(labels: readonly string[], asked: readonly Example[]): void {
  if (asked.length === 0) throw new WebspexError('empty-input', 'examples: expected at least one labelled text, got none; give some');
  const strange = asked.find(({ label }) => !labels.includes(label));
  if (strange)
    throw new WebspexError(
      'usage',
      `examples: expected labels of training examples (${labels.slice(0, 20).join(', ')}), got ${strange.label}; use those`,
    );
}

/** The label whose head, trained on all examples, gives the text the largest margin, with its trainer. */
async function predicted(
  labels: readonly string[],
  trainerOf: (label: string) => Promise<LogisticTrainer>,
  tested: Float32Array,
): Promise<{ label: string; trainer: LogisticTrainer }> {
  let best: { label: string; trainer: LogisticTrainer; margin: number } | null = null;
  for (const label of labels) {
    const trainer = await trainerOf(label);
    const margin = marginsOf(trainer.whole, 0, tested.length, tested)[0];
    if (best !== null && margin <= best.margin) trainer.destroy();
    else {
      best?.trainer.destroy();
      best = { label, trainer, margin };
    }
    // Of two labels one margin is the other's negative.
    if (labels.length === 2 && best.margin >= 0) break;
  }
  return best as NonNullable<typeof best>;
}

/** Margins of the tested texts under one head of (width + 1) numbers. */
function marginsOf(heads: Float32Array, row: number, width: number, tested: Float32Array): Float64Array {
  const at = row * (width + 1);
  return Float64Array.from({ length: tested.length / width }, (_, t) => {
    let margin = heads[at + width];
    for (let c = 0; c < width; c++) margin += heads[at + c] * tested[t * width + c];
    return margin;
  });
}

/** The mean of signed margins, or of their log-losses. */
function meanOf(margins: Float64Array, signs: readonly number[], scalar: DataScalar): number {
  let sum = 0;
  signs.forEach((sign, t) => {
    sum += scalar === 'margin' ? sign * margins[t] : softplus(-sign * margins[t]);
  });
  return sum / signs.length;
}

function influenced(influences: Influences, signs: readonly number[], scalar: DataScalar): ValueFunction {
  return async (masks) => {
    const margins = influencedMargins(influences, masks);
    const row = (r: number) => margins.subarray(r * signs.length, (r + 1) * signs.length);
    return Float32Array.from({ length: masks.count }, (_, r) => meanOf(row(r), signs, scalar));
  };
}

/** How an example is called: its number, label and text, of a very long one the beginning. */
export function shownExample(id: number, { label, text }: Example): string {
  const shown =
    text.length > LONGEST_LABEL
      ? `${text
          .slice(0, LONGEST_LABEL - 1)
          .replace(/[\ud800-\udbff]$/, '')
          .trimEnd()}…`
      : text;
  return `${id + 1} ${label}: ${shown}`;
}

/** The features (count, channels) of whole texts. @throws too-long or empty-input naming the text. */
export async function embedTexts(model: Model, texts: readonly string[], what = 'text', signal?: AbortSignal): Promise<Float32Array> {
  const width = model.info.labels.length;
  const { ids, offsets } = encodeTexts(model.tokenizer, texts, model.info.maxTokens, what);
  const out = new Float32Array(texts.length * width);
  for (let from = 0; from < texts.length; from += EMBEDDED_AT_ONCE) {
    const to = Math.min(texts.length, from + EMBEDDED_AT_ONCE);
    const some = { ids: ids.subarray(offsets[from], offsets[to]), offsets: offsets.slice(from, to + 1).map((o) => o - offsets[from]) };
    out.set(await model.classify(some, { signal }), from * width);
  }
  return out;
}
