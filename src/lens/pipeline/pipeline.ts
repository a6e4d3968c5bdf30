import { throwIfAborted, WebspexError } from '../../core/errors.ts';
import type { ScoreRows } from '../scores.ts';
import type { MaskRule } from '../text/masking.ts';

interface TensorLike {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

/** What is asked of a pipeline of transformers.js (`await pipeline('text-classification', …)`): its tokenizer and its model. */
export interface PipelineLike {
  readonly task?: string;
  readonly tokenizer: unknown;
  readonly model: unknown;
}

interface Parts {
  tokenizer(texts: string[], options: object): Record<string, TensorLike> | Promise<Record<string, TensorLike>>;
  model(inputs: object): Promise<Record<string, TensorLike>>;
}

/** A pipeline that classifies texts. */
export interface PipelineTexts {
  readonly id: string;
  readonly architecture: string;
  readonly labels: readonly string[] | undefined;
  readonly maxTokens: number;
  readonly special: { readonly mask: string | null; readonly unk: string | null };
  /** Logits of each text; equal texts are passed once. @throws too-long, unsupported-model, value-function, aborted. */
  scores(texts: readonly string[], signal?: AbortSignal): Promise<ScoreRows>;
}

/** A rule that masks words in a text, where tokens have names alone. @throws usage where the rule puts a token that there is not. */
export function textRule(rule: MaskRule, { mask, unk }: PipelineTexts['special']): MaskRule {
  if (rule.kind !== 'mask-token' && rule.kind !== 'unk-token') return rule;
  const text = rule.kind === 'mask-token' ? mask : unk;
  if (text !== null) return { kind: 'replace', text };
  throw new WebspexError('usage', `mask ${rule.kind}: expected a tokenizer with that token, got one without; use remove or replace:TEXT`);
}

const TASKS = ['text-classification', 'sentiment-analysis'];
/** Texts of one call of the model. */
const MOST_ROWS = 32;
const MOST_TOKENS = 1 << 20;

function field<T>(of: unknown, name: string, is: (value: unknown) => value is T): T | undefined {
  const value: unknown = (typeof of === 'object' || typeof of === 'function') && of !== null ? Reflect.get(of, name) : undefined;
  return is(value) ? value : undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isLength = (value: unknown): value is number => typeof value === 'number' && value > 0;
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function labelsOf(config: unknown): string[] | undefined {
  const named = field(config, 'id2label', isObject);
  const labels = Object.entries(named ?? {}).sort(([a], [b]) => Number(a) - Number(b));
  return labels.length > 0 ? labels.map(([, label]) => String(label)) : undefined;
}

/** @throws usage for what is no pipeline, unsupported-model for one of another task. */
export function pipelineTexts(pipeline: PipelineLike): PipelineTexts {
  const { task, tokenizer, model } = pipeline ?? {};
  if (typeof tokenizer !== 'function' || typeof model !== 'function')
    throw new WebspexError(
      'usage',
      'pipeline: expected one of transformers.js with a tokenizer and a model, got another; make it with pipeline()',
    );
  if (task !== undefined && !TASKS.includes(task))
    throw new WebspexError('unsupported-model', `pipeline: expected ${TASKS.join(' or ')}, got ${task}; make one of those`);
  const parts = { tokenizer, model } as unknown as Parts;
  const config = field(model, 'config', isObject);
  const maxTokens = Math.min(MOST_TOKENS, field(tokenizer, 'model_max_length', isLength) ?? MOST_TOKENS);
  return {
    id: field(config, '_name_or_path', isText) ?? `${field(config, 'model_type', isText) ?? 'pipeline'} pipeline`,
    architecture: field(config, 'model_type', isText) ?? 'pipeline',
    labels: labelsOf(config),
    maxTokens,
    special: { mask: field(tokenizer, 'mask_token', isText) ?? null, unk: field(tokenizer, 'unk_token', isText) ?? null },
    async scores(texts, signal) {
      const distinct = [...new Set(texts)].sort((a, b) => a.length - b.length);
      const rows = new Map<string, Float32Array>();
      for (let from = 0; from < distinct.length; from += MOST_ROWS) {
        throwIfAborted(signal);
        const batch = distinct.slice(from, from + MOST_ROWS);
        const { values, width } = await scoresOf(parts, batch, maxTokens);
        batch.forEach((text, r) => {
          rows.set(text, values.subarray(r * width, (r + 1) * width));
        });
      }
      const width = rows.get(texts[0])?.length ?? 0;
      const values = new Float32Array(texts.length * width);
      texts.forEach((text, r) => {
        values.set(rows.get(text) ?? [], r * width);
      });
      return { values, width };
    },
  };
}

async function scoresOf({ tokenizer, model }: Parts, texts: string[], maxTokens: number): Promise<ScoreRows> {
  let logits: TensorLike | undefined;
  let tokens = 0;
  try {
    const inputs = await tokenizer(texts, { padding: true, truncation: false });
    tokens = inputs.input_ids?.dims.at(-1) ?? 0;
    if (tokens <= maxTokens) ({ logits } = await model(inputs));
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new WebspexError('value-function', `pipeline: expected logits, got an error: ${said}; try the pipeline on the text alone`, {
      cause,
    });
  }
  if (tokens > maxTokens)
    throw new WebspexError('too-long', `text: expected at most ${maxTokens} tokens for this pipeline, got ${tokens}; shorten the text`);
  if (logits?.dims.length !== 2 || logits.dims[0] !== texts.length)
    throw new WebspexError(
      'unsupported-model',
      `pipeline: expected logits [${texts.length}, labels], got ${logits ? `[${logits.dims.join(', ')}]` : 'none'}; use a pipeline that classifies texts`,
    );
  return { values: Float32Array.from(logits.data, Number), width: logits.dims[1] };
}
