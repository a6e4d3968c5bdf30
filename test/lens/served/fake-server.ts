/** A served model on paper: its log-probabilities are sums over words, so that what comes back can be checked word by word. */

export interface FakeRequest {
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

export type Reply =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly text: string }
  | 'hang'
  | 'refuse';

/** Log-probability of a word after a prompt: what each of the prompt's words adds, in eighths so that sums are exact in any order. */
export function logProbAfter(prompt: string, word: string): number {
  let sum = -2 - (word.trim().length % 3) / 8;
  for (const one of prompt.split(/\s+/)) if (one !== '') sum -= ((one.length * 7 + one.charCodeAt(0) + word.trim().length) % 9) / 8;
  return sum;
}

/** Words with the blank before them are tokens. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S+/gu) ?? [];
}

/** vLLM's answer to an echo, choices reversed where asked, one token made. */
export function echoOf(texts: readonly string[], { reversed = false } = {}): string {
  const choices = texts.map((text, index) => {
    const tokens = tokensOf(text);
    const logProbs = tokens.map((token, i) => (i === 0 ? null : logProbAfter(tokens.slice(0, i).join(''), token)));
    return { index, text: `${text} end`, logprobs: { tokens: [...tokens, ' end'], token_logprobs: [...logProbs, -0.1] } };
  });
  const sent = texts.reduce((sum, text) => sum + tokensOf(text).length, 0);
  const usage = { prompt_tokens: sent, completion_tokens: texts.length, total_tokens: sent + texts.length };
  return JSON.stringify({ choices: reversed ? choices.reverse() : choices, usage });
}

/** OpenAI's list of likely next tokens. */
export function listOf(text: string, words: readonly string[]): string {
  const top = Object.fromEntries(words.map((word) => [word, logProbAfter(text, word)]));
  return JSON.stringify({
    choices: [{ index: 0, text: words[0], logprobs: { tokens: [words[0]], token_logprobs: [0], top_logprobs: [top] } }],
    usage: { prompt_tokens: tokensOf(text).length, completion_tokens: 1 },
  });
}

export function textsIn({ body }: Pick<FakeRequest, 'body'>): string[] {
  return Array.isArray(body.prompt) ? (body.prompt as string[]) : [body.prompt as string];
}

/** An echo where that is asked for, else the list. */
export function honest(request: FakeRequest): Reply {
  if (!request.url.endsWith('/v1/completions')) return { status: 404, text: '' };
  const texts = textsIn(request);
  return { text: request.body.echo ? echoOf(texts) : listOf(texts[0], [' yes', ' no', ' so']) };
}

/** OpenAI's answer to a chat: its likely first tokens, after the system message if any and the message. */
export function chatOf(request: Pick<FakeRequest, 'body'>, words: readonly string[]): string {
  const said = messagesIn(request).map(({ content }) => content);
  const top = words.map((token) => ({ token, logprob: logProbAfter(said.join(' '), token), bytes: null }));
  const content = [{ ...top[0], top_logprobs: top }];
  const choices = [{ index: 0, message: { role: 'assistant', content: words[0] }, logprobs: { content }, finish_reason: 'length' }];
  // A template adds some tokens to each message.
  const sent = said.reduce((sum, text) => sum + tokensOf(text).length + 4, 0);
  return JSON.stringify({ object: 'chat.completion', choices, usage: { prompt_tokens: sent, completion_tokens: 1 } });
}

export function messagesIn({ body }: Pick<FakeRequest, 'body'>): { readonly role: string; readonly content: string }[] {
  return body.messages as { role: string; content: string }[];
}

/** A server of chats alone. */
export function honestChat(request: FakeRequest): Reply {
  if (!request.url.endsWith('/chat/completions')) return { status: 404, text: '' };
  return { text: chatOf(request, ['yes', 'no', 'so']) };
}

/** A fetch whose servers answer by `reply` after `latencyMs` of (faked) time, and that counts how many are under way at each. */
export function fakeFetch(reply: (request: FakeRequest, count: number) => Reply, latencyMs = 0) {
  const requests: FakeRequest[] = [];
  const inFlight = new Map<string, number>();
  const peak = new Map<string, number>();
  const fetch = async (input: URL | string | Request, init: RequestInit = {}): Promise<Response> => {
    const url = String(input);
    const { host } = new URL(url);
    const headers = init.headers as Record<string, string>;
    const request = { url, headers, body: init.body === undefined ? {} : (JSON.parse(init.body as string) as Record<string, unknown>) };
    requests.push(request);
    const count = requests.length - 1;
    inFlight.set(host, (inFlight.get(host) ?? 0) + 1);
    peak.set(host, Math.max(peak.get(host) ?? 0, inFlight.get(host) as number));
    try {
      const answer = reply(request, count);
      await new Promise<void>((resolve, reject) => {
        const stop = () => reject(new DOMException('aborted', 'AbortError'));
        init.signal?.addEventListener('abort', stop, { once: true });
        if (init.signal?.aborted) stop();
        if (answer !== 'hang') setTimeout(resolve, latencyMs);
      });
      if (answer === 'refuse') throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
      const { status = 200, text, headers: more } = answer as Exclude<Reply, string>;
      return new Response(text, { status, headers: more });
    } finally {
      inFlight.set(host, (inFlight.get(host) as number) - 1);
    }
  };
  return { fetch: fetch as typeof globalThis.fetch, requests, peak };
}
