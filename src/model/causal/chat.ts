import { WebspexError } from '../../core/errors.ts';
import { type Metadata, wholeNumber } from '../gguf/fields.ts';
import { oneLine, parseObject, shown } from '../json.ts';

/** How a model was taught to have a question put: a Jinja template, and the special tokens it may name. */
export interface ChatTemplate {
  readonly source: string;
  /** `bos_token`, `eos_token`, … as text. */
  readonly tokens: Readonly<Record<string, string>>;
}

export interface ChatMessage {
  readonly role: 'system' | 'user';
  readonly content: string;
}

/** Larger than any that is meant for people. */
const MOST_SIGNS = 1_000_000;

function bad(what: string): never {
  throw new WebspexError('bad-file', `chat template: ${what}; use the model's own files, or leave chat out`);
}

/** Of a list of named templates the default one. */
function namedDefault(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.find((entry: { name?: unknown } | null) => entry?.name === 'default')?.template;
}

/** A token as tokenizer_config.json writes it: its text, or an object with it. */
function tokenText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  const content = typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : null;
  return typeof content === 'string' ? content : null;
}

function templateOf(source: unknown, tokens: Readonly<Record<string, string>>): ChatTemplate | null {
  if (source === undefined || source === null) return null;
  if (typeof source !== 'string' || source.trim() === '') bad(`expected some text, got ${shown(source)}`);
  if (source.length > MOST_SIGNS) bad(`expected at most ${MOST_SIGNS} characters, got ${source.length}`);
  return { source, tokens };
}

/**
 * The template of tokenizer_config.json, or the one that lies beside it as chat_template.jinja and goes before it; null where there is none.
 * @throws bad-file.
 */
export function readChatTemplate(config: Uint8Array | null, beside: Uint8Array | null): ChatTemplate | null {
  const json = config ? parseObject(config, 'tokenizer_config.json') : {};
  const tokens: Record<string, string> = {};
  for (const [key, value] of Object.entries(json)) {
    const text = key.endsWith('_token') ? tokenText(value) : null;
    if (text !== null) tokens[key] = text;
  }
  return templateOf(beside ? new TextDecoder().decode(beside) : namedDefault(json.chat_template), tokens);
}

/** The template of a GGUF file's metadata; null where it has none. @throws bad-file. */
export function ggufChatTemplate(metadata: Metadata): ChatTemplate | null {
  const all = metadata.get('tokenizer.ggml.tokens');
  const tokens: Record<string, string> = {};
  for (const name of ['bos', 'eos', 'unk', 'pad']) {
    const id = wholeNumber(metadata, `tokenizer.ggml.${name === 'unk' ? 'unknown' : name === 'pad' ? 'padding' : name}_token_id`);
    const text: unknown = id !== null && Array.isArray(all) ? all[id] : undefined;
    if (typeof text === 'string') tokens[`${name}_token`] = text;
  }
  return templateOf(metadata.get('tokenizer.chat_template'), tokens);
}

/**
 * The prompt that a template makes of messages, up to where the model is to answer, by Hugging Face's Jinja, which is loaded for it.
 * @throws bad-file where it is no template; usage with the template's words where it does not take these messages.
 */
export async function applyChatTemplate({ source, tokens }: ChatTemplate, messages: readonly ChatMessage[]): Promise<string> {
  const { Template } = await import('@huggingface/jinja');
  let template: InstanceType<typeof Template>;
  try {
    template = new Template(source);
  } catch (error) {
    return bad(`expected Jinja, got ${saidBy(error)}`);
  }
  try {
    return template.render({ ...tokens, messages: messages.map((message) => ({ ...message })), add_generation_prompt: true });
  } catch (error) {
    throw new WebspexError(
      'usage',
      `chat: expected a template that takes ${messages.map(({ role }) => role).join(' and ')} messages, got its refusal (${saidBy(error)}); leave chat${messages.length > 1 ? ' or the system message' : ''} out`,
      { cause: error },
    );
  }
}

function saidBy(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error), 200);
}
