import { describe, expect, it } from 'vitest';
import { billServed, type ServerOptions } from '../../src/lens.ts';
import { chatOf, type FakeRequest, honest, honestChat, logProbAfter, messagesIn, type Reply } from '../lens/served/fake-server.ts';
import { promptOf, ROWS, refusal, served, TEXT } from './served-support.ts';
import type { EvaluationLog } from './support.ts';

const OPTIONS = { target: 'yes vs no', method: 'linear', budget: 64, chat: true } as const;
const WORDS = ['yes', 'no', 'so'];

/** What must come out for a mask: the system message, the words that are left, then the question, which is locked. */
function truth(row: readonly number[], words = ['yes', 'no'], system = ''): number {
  const [a, b] = words.map((word) => logProbAfter(`${system} ${promptOf(row)}`, word));
  return b === undefined ? a : a - b;
}

const WHOLE = ROWS[127];

describe('a model that chats', () => {
  it('is asked one message for each mask, and the log-odds of the first tokens of its answers come back exactly', async () => {
    const { explainer, requests } = served(honestChat);
    const values = await explainer.evaluate(TEXT, { ...OPTIONS, masks: ROWS });
    ROWS.forEach((row, r) => {
      expect(values[r]).toBe(Math.fround(truth(row)));
    });
    // The whole message once, to find out what the server can do, and 127 others.
    expect(requests.length).toBe(128);
    expect(new Set(requests.map((request) => messagesIn(request)[0].content)).size).toBe(128);
    expect(requests[0].url).toBe('http://one/v1/chat/completions');
    expect(requests[0].body).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: TEXT }],
      max_tokens: 1,
      temperature: 0,
      logprobs: true,
      top_logprobs: 20,
    });
  });

  it('is explained with its floor, its system message, and what it took, which is what the bill said', async () => {
    const system = 'Answer with one word.';
    const options = { ...OPTIONS, chat: { system } };
    const { explainer, requests } = served(honestChat);
    const e = await explainer.explain(TEXT, options).result;
    expect(e).toMatchObject({
      text: TEXT,
      target: 'yes vs no',
      scalar: 'log-odds',
      locked: [[33, 45]],
      device: { backend: 'server', adapter: 'http://one/v1, likeliest first tokens of chat completions' },
      timing: { requests: requests.length, retries: 0 },
    });
    const rule = 'not among the 20 likeliest first tokens: as the least of them';
    expect(e.server).toEqual({ urls: ['http://one/v1'], by: 'chat', system, floor: { rule, masks: [0, 0] } });
    expect(e.values.full).toBe(truth(WHOLE, ['yes', 'no'], system));
    expect(messagesIn(requests[9])[0]).toEqual({ role: 'system', content: system });
    const bill = billServed(TEXT, { url: 'http://one', model: 'm' }, options);
    expect(bill).toMatchObject({ textsPerMask: 1, requests: { asking: 1, all: requests.length }, tokens: { template: 256 } });
    expect(bill.tokens.about).toBeGreaterThan(64 * 20);
    expect(bill.tokens.most).toBeGreaterThan(e.timing.tokens ?? 0);
    expect(billServed(TEXT, { url: 'http://one', model: 'm' }, OPTIONS).tokens.most).toBeLessThan(bill.tokens.most);
  });

  it('of one answer alone has its log-probability, by default of the likeliest, and the floor where that is not listed', async () => {
    const { explainer } = served((r) => ({ text: chatOf(r, /film/.test(messagesIn(r)[0].content) ? WORDS : ['no', 'so']) }));
    const e = await explainer.explain(TEXT, { ...OPTIONS, target: 'yes', budget: 128 }).result;
    expect(e).toMatchObject({ target: 'yes', scalar: 'log-prob', server: { floor: { masks: [64] } } });
    expect(e.values.full).toBe(truth(WHOLE, ['yes']));
    expect(e.values.empty).toBe(Math.fround(Math.min(truth(ROWS[0], ['no']), truth(ROWS[0], ['so']))));
    const best = WORDS.reduce((a, b) => (truth(WHOLE, [b]) > truth(WHOLE, [a]) ? b : a));
    expect(await explainer.describe(TEXT, { chat: true })).toMatchObject({ target: best, scalar: 'log-prob' });
  });

  it('counts the floor of the whole text too', async () => {
    const { explainer } = served(honestChat);
    const e = await explainer.explain(TEXT, { ...OPTIONS, target: 'yes vs never', budget: 128 }).result;
    expect(e.server?.floor?.masks).toEqual([0, 128]);
  });

  it('takes lists in any order, with a blank before each word', async () => {
    const { explainer } = served((r) => ({ text: chatOf(r, [' so', ' no', ' yes']) }));
    const values = await explainer.evaluate(TEXT, { ...OPTIONS, masks: ROWS });
    expect(Array.from(values)).toEqual(ROWS.map((row) => Math.fround(truth(row))));
  });

  it('that wants max_completion_tokens, or a shorter list, gets it', async () => {
    const unsupported = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    const newer = served((r) =>
      'max_tokens' in r.body ? { status: 400, text: JSON.stringify({ error: { message: unsupported } }) } : honestChat(r),
    );
    expect((await newer.explainer.evaluate(TEXT, { ...OPTIONS, masks: ROWS }))[127]).toBe(Math.fround(truth(WHOLE)));
    expect(newer.requests.length).toBe(2 + 128);
    expect(newer.requests[9].body).toMatchObject({ max_completion_tokens: 1, top_logprobs: 20 });
    expect(newer.requests[9].body).not.toHaveProperty('max_tokens');
    const short = served((r) =>
      r.body.top_logprobs === 20 ? { status: 422, text: '{"error":"`top_n_tokens` must be >= 0 and <= 5"}' } : honestChat(r),
    );
    const e = await short.explainer.explain(TEXT, { ...OPTIONS, budget: 16 }).result;
    expect(e.server?.floor?.rule).toBe('not among the 5 likeliest first tokens: as the least of them');
  });

  it('keeps within its cap of tokens, whatever its template adds, and goes on from the log, which is of this chat alone', async () => {
    // A template of 1,000 tokens is known after the first answer.
    const reply = (r: FakeRequest) => ({ text: chatOf(r, WORDS).replace(/"prompt_tokens":\d+/, '"prompt_tokens":1000') });
    const values = new Map<string, number>();
    let about = '';
    const log: EvaluationLog = {
      open: async (question) => {
        about = JSON.stringify(question.about);
        return values;
      },
      add: (mask, value) => void values.set(mask, value),
      flush: async () => {},
    };
    const capped = served(reply, { maxTokens: 40_000 });
    const e = await capped.explainer.explain(TEXT, { ...OPTIONS, log }).result;
    expect(capped.explainer.spent.stopped).toMatch(/of at most 40000 tokens, where the next request may take 1\d\d\d/);
    expect(e.timing.tokens).toBe(1001 * capped.requests.length);
    expect(e.timing.tokens).toBeLessThanOrEqual(40_000);
    expect(e.timing.tokens).toBeGreaterThan(38_000);
    const kept = values.size;
    const first = about;
    const rest = served(reply);
    const resumed = await rest.explainer.explain(TEXT, { ...OPTIONS, log }).result;
    expect(resumed.fit.queries).toBe(64);
    expect(rest.requests.length).toBe(1 + 64 - kept);
    expect(about).toBe(first);
    for (const [chat, words] of [
      [{ system: 'Be brief.' }, ',"chat":"Be brief."'],
      [true, ',"chat":true'],
    ] as const) {
      await served(honestChat).explainer.explain(TEXT, { ...OPTIONS, chat, log }).result;
      expect(about).toContain(words);
    }
    await served(honest).explainer.explain(TEXT, { ...OPTIONS, chat: false, log }).result;
    expect(about).not.toContain('"chat"');
  });

  it('is asked anew where the question is put without a chat, or in another', async () => {
    const { explainer } = served((r) => (r.url.endsWith('/chat/completions') ? honestChat(r) : honest(r)));
    const ask = async (chat: boolean | { system: string }) => (await explainer.evaluate(TEXT, { ...OPTIONS, chat, masks: [ROWS[5]] }))[0];
    expect(await ask(true)).toBe(Math.fround(truth(ROWS[5])));
    expect(await ask({ system: 'Tell me.' })).toBe(Math.fround(truth(ROWS[5], ['yes', 'no'], 'Tell me.')));
    expect(await ask(false)).toBe(Math.fround(truth(ROWS[5], [' yes', ' no'])));
  });

  const lists = (...words: string[]) => ((r: FakeRequest) => ({ text: chatOf(r, words) })) as (request: FakeRequest) => Reply;
  const first = (text: string) => ({ text: JSON.stringify({ choices: [{ index: 0, ...(JSON.parse(text) as object) }] }) });

  it.each([
    [
      'an answer of several tokens, by its beginning in the list',
      lists('Ou', 'The', 'Burk'),
      { target: 'Ouagadougou' },
      {},
      /^usage: target: expected one token, since a list of likely next tokens scores no longer text, got "Ouagadougou", of which the list has no more than "Ou"; name that, or ask a server that echoes/,
    ],
    ['one of two that is several', lists('Paris', 'The', 'O'), { target: 'Paris vs Oslo' }, {}, /^usage: .*got "Oslo", .* "O"; name that/],
    [
      'several words',
      lists('New', 'The'),
      { target: 'New York' },
      {},
      /^usage: .*got "New York", of which the list has no more than "New"/,
    ],
    [
      'words of which none is listed',
      lists('Yes', 'No'),
      { target: 'in truth vs No' },
      {},
      /^usage: .*got "in truth", of several words; name its first one, or ask/,
    ],
    [
      'an answer that is not listed',
      honestChat,
      { target: 'maybe' },
      {},
      /^usage: target: expected one of the 3 likeliest next tokens, .*got "maybe"; choose among "yes", "no", "so", or ask a server that echoes, without chat/,
    ],
    [
      'a server without chats',
      honest,
      {},
      {},
      /^not-found: server http:\/\/one\/v1: expected chat completions of model m, got 404; see http:\/\/one\/v1\/models/,
    ],
    [
      'no log-probabilities',
      () => first('{"message":{"role":"assistant","content":"yes"},"finish_reason":"length"}'),
      {},
      {},
      /^unsupported-model: server http:\/\/one\/v1: expected log-probabilities by chat completions, got none \(chat: no logprobs\)/,
    ],
    [
      'log-probabilities of made tokens alone',
      () => first('{"logprobs":{"content":[{"token":"yes","logprob":-1,"top_logprobs":[]}]}}'),
      {},
      {},
      /^unsupported-model: .*got none \(chat: only tokens that it made itself\)/,
    ],
    [
      'a model that ends at once',
      () => first('{"logprobs":{"content":[]}}'),
      {},
      {},
      /^unsupported-model: .*got none \(chat: an answer without a first token\)/,
    ],
    [
      'a model without a chat template',
      () => ({ status: 400, text: '{"error":{"message":"As of transformers v4.44, default chat template is no longer allowed"}}' }),
      {},
      {},
      /^unsupported-model: .*\(chat: 400 \(As of transformers v4\.44, default chat template is no longer allowed\)\)/,
    ],
    ['a key that is missing', () => ({ status: 401, text: '{"error":"no key"}' }), {}, {}, /^usage: .*got 401 \(no key\); give its key/],
    [
      'NaN',
      (r: FakeRequest) => ({ text: chatOf(r, WORDS).replace(/"logprob":-[\d.]+/g, '"logprob":NaN') }),
      {},
      {},
      /^non-finite: .*got NaN/,
    ],
    [
      'null in place of a number',
      (r: FakeRequest) => ({ text: chatOf(r, WORDS).replace(/"logprob":-[\d.]+/g, '"logprob":null') }),
      {},
      {},
      /^non-finite: .*expected a finite log-probability, got null for "yes"/,
    ],
    [
      'answers cut short',
      (r: FakeRequest) => ({ text: chatOf(r, WORDS).slice(0, 99) }),
      {},
      {},
      /^value-function: .*an answer of 99 characters that is no JSON, tried 3 times/,
    ],
    ['a server that fails', () => ({ status: 502, text: '' }), {}, {}, /^value-function: .*expected an answer, got 502, tried 3 times/],
    ['a server that hangs', () => 'hang' as const, {}, { timeoutMs: 50 }, /^value-function: .*no answer within 0\.05 s, tried 3 times/],
    [
      'servers of different models',
      (r: FakeRequest) =>
        r.url.includes('two') ? { text: chatOf(r, WORDS).replace(/"logprob":-[\d.]+/g, '"logprob":-77') } : honestChat(r),
      {},
      { url: 'http://one,http://two/v1' },
      /^usage: server: expected the same model at every address, got .* and -77\.00 from http:\/\/two\/v1/,
    ],
    ['a way', honestChat, {}, { by: 'echo' as const }, /^usage: by: expected none with chat, got echo; a chat takes one message a request/],
    ['a batch', honestChat, {}, { batch: 8 }, /^usage: batch: expected none with chat, got 8/],
  ] as [string, (request: FakeRequest) => Reply, Partial<{ target: string }>, Partial<ServerOptions>, RegExp][])(
    'is refused by name: %s',
    async (_, reply, more, options, says) => {
      expect(await refusal(served(reply, options).explainer.explain(TEXT, { ...OPTIONS, ...more }).result)).toMatch(says);
    },
    20_000,
  );

  it('answers from several servers are the same, each mask asked once', async () => {
    const { explainer, requests } = served(honestChat, { url: 'http://one,http://two' });
    const values = await explainer.evaluate(TEXT, { ...OPTIONS, masks: ROWS });
    expect(Array.from(values)).toEqual(ROWS.map((row) => Math.fround(truth(row))));
    expect(requests.length).toBe(2 + 127);
    expect(Math.min(...explainer.spent.answers)).toBeGreaterThan(30);
  });
});
