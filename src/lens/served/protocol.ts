/**
 * How servers say log-probabilities: `echo` is OpenAI's completions (vLLM, llama-cpp-python), `prompt-logprobs` vLLM's own parameter, `tgi`
 * the /generate of text-generation-inference, and `top-k` the most likely next tokens, which all of them have (llama-server nothing else).
 */
export const SERVED_WAYS = ['echo', 'prompt-logprobs', 'tgi', 'top-k'] as const;
export type ServedWay = (typeof SERVED_WAYS)[number];

/** And `chat`, which is another question: the likeliest first tokens of the answer to a message, by chat completions. */
export type AskedWay = ServedWay | 'chat';

/** What OpenAI's newer models call the most tokens to make; no other server has to know it, and none may be sent both. */
export const LIMITS = ['max_tokens', 'max_completion_tokens'] as const;

/** What is said in a chat besides the message. */
export interface ChatForm {
  readonly system?: string;
  readonly limit: (typeof LIMITS)[number];
}

/** A question as a server understands it. */
export interface Form {
  readonly model: string;
  readonly way: AskedWay;
  /** How many likely tokens are listed, where it lists them. */
  readonly top: number;
  /** With `chat`. */
  readonly chat?: ChatForm;
}

/** Whether a way knows the likeliest next tokens alone, of one token each. */
export function listsAlone(way: AskedWay): boolean {
  return way === 'top-k' || way === 'chat';
}

/** A token as the server writes it, and its log-probability after what comes before; null where nothing does. */
export interface ServedToken {
  readonly text: string;
  readonly logProb: number | null;
}

/** What an answer says of one text that was sent. */
export interface Scored {
  /** The tokens of the text; empty where the way lists alone. */
  readonly tokens: readonly ServedToken[];
  /** The most likely next tokens, where it does. */
  readonly top: readonly ServedToken[];
}

export interface Answer {
  /** In the order of the texts. */
  readonly scored: readonly Scored[];
  /** What the server counted, sent and made; null where it did not say. */
  readonly usedTokens: number | null;
}

/** An answer that is not as agreed; it may be better next time. */
export class Malformed extends Error {}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Malformed(`no ${where}`);
}

function list(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Malformed(`no ${where}`);
}

/** JSON has no infinity: vLLM writes this for the logarithm of 0, and llama-server the lowest float32. */
const NEVER = -9999;

function token(text: unknown, logProb: unknown): ServedToken {
  if (typeof text !== 'string' || (logProb !== null && logProb !== undefined && typeof logProb !== 'number'))
    throw new Malformed('a token without text and log-probability');
  return { text, logProb: typeof logProb === 'number' && logProb <= NEVER ? Number.NEGATIVE_INFINITY : (logProb ?? null) };
}

/** Where a request goes below the server's address, which ends in /v1 but for TGI's own. */
export function pathOf(way: AskedWay): string {
  if (way === 'chat') return 'chat/completions';
  return way === 'tgi' ? '../generate' : 'completions';
}

/** Whether a request has room for one text alone. */
export function takesOne(way: AskedWay): boolean {
  return way === 'tgi' || way === 'chat';
}

/** The request for texts, which may be one alone. One token is made because no server makes none and is content. */
export function requestBody({ way, model, top, chat }: Form, texts: readonly string[]): Fields {
  if (chat) {
    const said = chat.system === undefined ? [] : [{ role: 'system', content: chat.system }];
    const messages = [...said, { role: 'user', content: texts[0] }];
    return { model, messages, [chat.limit]: 1, temperature: 0, logprobs: true, top_logprobs: top };
  }
  if (way === 'tgi')
    return { inputs: texts[0], parameters: { max_new_tokens: 1, decoder_input_details: true, details: true, do_sample: false } };
  const asked = { model, prompt: texts.length === 1 ? texts[0] : texts, max_tokens: 1, temperature: 0 };
  if (way === 'echo') return { ...asked, echo: true, logprobs: 1 };
  return way === 'prompt-logprobs' ? { ...asked, prompt_logprobs: 0 } : { ...asked, logprobs: top };
}

/** @throws Malformed. */
export function readAnswer(way: AskedWay, body: unknown, texts: readonly string[]): Answer {
  if (way === 'tgi') return readGenerated(body);
  const answer = fields(body, 'object');
  const usage = answer.usage === undefined || answer.usage === null ? {} : fields(answer.usage, 'usage');
  const made = typeof usage.completion_tokens === 'number' ? usage.completion_tokens : null;
  const sent = typeof usage.prompt_tokens === 'number' ? usage.prompt_tokens : null;
  const choices = inOrder(list(answer.choices, 'choices'), texts.length);
  const scored = choices.map((choice, i): Scored => {
    if (way === 'echo') return { tokens: echoed(choice, texts[i], made === null ? null : made / texts.length), top: [] };
    if (way === 'prompt-logprobs') return { tokens: ofPrompt(choice), top: [] };
    return { tokens: [], top: mostLikely(choice, way) };
  });
  return { scored, usedTokens: sent === null ? null : sent + (made ?? 0) };
}

/** Choices by their index: a server may give them in any order. */
function inOrder(choices: readonly unknown[], count: number): Fields[] {
  const out = new Array<Fields | undefined>(count);
  choices.forEach((choice) => {
    const it = fields(choice, 'choice');
    const index = it.index ?? (count === 1 ? 0 : undefined);
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || out[index])
      throw new Malformed(`a choice of index ${JSON.stringify(it.index)} among ${count}`);
    out[index] = it;
  });
  if (choices.length !== count) throw new Malformed(`${choices.length} choices for ${count} texts`);
  return out as Fields[];
}

/** The tokens of the text: an echo has those that were made after it too. */
function echoed(choice: Fields, text: string, made: number | null): ServedToken[] {
  const said = fields(choice.logprobs, 'logprobs');
  const texts = list(said.tokens, 'logprobs.tokens');
  const numbers = list(said.token_logprobs, 'logprobs.token_logprobs');
  if (numbers.length !== texts.length) throw new Malformed(`${numbers.length} log-probabilities for ${texts.length} tokens`);
  const end = made === null ? endByOffset(said.text_offset, text, texts.length) : texts.length - made;
  if (!Number.isInteger(end) || end < 0) throw new Malformed(`${made} tokens made out of ${texts.length}`);
  return texts.slice(0, end).map((t, i) => token(t, numbers[i]));
}

/** Offsets count characters as Python does. */
function endByOffset(offsets: unknown, text: string, tokens: number): number {
  const length = [...text].length;
  const made = list(offsets, 'usage, nor logprobs.text_offset').findIndex((offset) => (offset as number) >= length);
  return made < 0 ? tokens : made;
}

/** vLLM: for each token of the text null, or by token id what it says of that one. */
function ofPrompt(choice: Fields): ServedToken[] {
  return list(choice.prompt_logprobs, 'prompt_logprobs').map((entry) => {
    if (entry === null) return { text: '', logProb: null };
    const known = Object.entries(fields(entry, 'entry of prompt_logprobs'));
    // Of several, which JavaScript orders by their numbers, nothing says which is the text's own.
    if (known.length !== 1)
      throw new Malformed(`${known.length} tokens in an entry of prompt_logprobs, where the text's own was asked for`);
    const [own] = known;
    const { decoded_token: text, logprob } = fields(own[1], 'log-probability');
    return token(`${own[0]} ${text ?? ''}`, logprob);
  });
}

/** OpenAI's object of tokens for completions, or its list for chats, which llama-server gives for both; without those that it says never come. */
function mostLikely(choice: Fields, way: AskedWay): ServedToken[] {
  const said = fields(choice.logprobs, 'logprobs');
  const named = way === 'chat' || Array.isArray(said.content) ? listedTokens(said.content) : mappedTokens(said.top_logprobs);
  return named.filter(({ logProb }) => logProb !== Number.NEGATIVE_INFINITY);
}

function listedTokens(content: unknown): ServedToken[] {
  const [first] = list(content, 'logprobs.content');
  // llama-cpp-python, of a model whose answer ends before it begins.
  if (first === undefined) throw new Malformed('an answer without a first token');
  return list(fields(first, 'logprobs.content').top_logprobs, 'top_logprobs').map((entry) => {
    const { token: text, logprob } = fields(entry, 'token');
    return token(text, logprob);
  });
}

function mappedTokens(lists: unknown): ServedToken[] {
  const [first] = list(lists, 'logprobs.top_logprobs');
  return Object.entries(fields(first, 'logprobs.top_logprobs')).map(([text, logProb]) => token(text, logProb));
}

function readGenerated(body: unknown): Answer {
  const details = fields(fields(Array.isArray(body) ? body[0] : body, 'object').details, 'details');
  const tokens = list(details.prefill, 'details.prefill').map((entry) => {
    const { id, text, logprob } = fields(entry, 'token');
    return token(`${id} ${text ?? ''}`, logprob);
  });
  const made = typeof details.generated_tokens === 'number' ? details.generated_tokens : 1;
  return { scored: [{ tokens, top: [] }], usedTokens: tokens.length > 0 ? tokens.length + made : null };
}
