import { WebspexError } from '../../core/errors.ts';
import { applyChatTemplate, type ChatMessage } from '../../model/causal/chat.ts';
import type { CausalModel } from '../../model/model.ts';
import { type Lock, lockedSpans } from './lock.ts';
import { type Span, spansOf, type Units } from './units.ts';

/** Whether a text is put to a model as a person's message in a chat, and what a system message says before it, if anything. */
export type Chat = boolean | { readonly system?: string };

/** A message within the prompt that a template makes of it. */
export interface ChatPrompt {
  readonly prompt: string;
  /** [start, end) of the message. */
  readonly message: Span;
}

/** Stands for a message: no template has it, none trims it. */
const MARK = '\uf8fbmessage\uf8fb';

/**
 * A text as a person's message in the model's own template. Blanks around it that the template takes away are not part of it.
 * @throws unsupported-model where the model has no template, or one that changes its messages; bad-file, usage as `applyChatTemplate`.
 */
export async function chatPrompt(model: CausalModel, text: string, chat: Exclude<Chat, false>): Promise<ChatPrompt> {
  const template = await model.chat?.();
  if (!template)
    throw new WebspexError(
      'unsupported-model',
      `chat: expected a model with a chat template, got ${model.info.id}, which has none; leave chat out, or use a model that was taught to chat`,
    );
  const system = typeof chat === 'object' ? chat.system : undefined;
  const render = (content: string) => {
    const messages: ChatMessage[] = [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      { role: 'user', content },
    ];
    return applyChatTemplate(template, messages);
  };
  const [head, tail, ...more] = (await render(MARK)).split(MARK);
  const prompt = await render(text);
  const given = [text, text.trim()].find((way) => prompt === `${head}${way}${tail}`);
  if (tail === undefined || more.length > 0 || given === undefined)
    throw new WebspexError(
      'unsupported-model',
      'chat: expected a template with the message in it once and as it is, got one that changes it; leave chat out, and write the prompt yourself',
    );
  return { prompt, message: [head.length, head.length + given.length] };
}

/** Spans of the message that are players, in the whole prompt; as they are named where the tokens are. @throws usage for bad units. */
export function chatUnits({ prompt, message: [start, end] }: ChatPrompt, units: Units): Units {
  return spansOf(prompt.slice(start, end), units)?.map((span) => shifted(span, start)) ?? units;
}

/** What is never masked: all around the message, and what a lock names within it. @throws usage for bad spans. */
export function chatLocked({ prompt, message: [start, end] }: ChatPrompt, lock: Lock): readonly Span[] {
  const own = lockedSpans(prompt.slice(start, end), lock, true).map((span) => shifted(span, start));
  const all: Span[] = [];
  for (const span of [[0, start] as const, ...own, [end, prompt.length] as const]) {
    const last = all.at(-1);
    if (last && last[1] === span[0]) all[all.length - 1] = [last[0], span[1]];
    else if (span[1] > span[0]) all.push(span);
  }
  return all;
}

function shifted([start, end]: Span, by: number): Span {
  return [start + by, end + by];
}
