import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Malformed, readAnswer, type ServedWay } from '../../../src/lens/served/protocol.ts';
import { servedExplainer } from '../../../src/lens.ts';
import { fakeFetch, textsIn } from './fake-server.ts';

type Named = readonly [text: string, logProb: number | null];

interface Given {
  readonly server: string;
  readonly form: string;
  readonly way: ServedWay;
  readonly text: string;
  readonly answer: Record<string, unknown>;
  readonly tokens?: readonly Named[];
  readonly top?: readonly Named[];
  readonly used?: number;
  readonly refused?: string;
}

const { answers } = JSON.parse(readFileSync(new URL('./golden/answers.json', import.meta.url), 'utf8')) as { answers: readonly Given[] };
const named = (tokens: readonly { text: string; logProb: number | null }[]) => tokens.map(({ text, logProb }) => [text, logProb]);

describe('an answer in the form of', () => {
  it.each(answers.map((given) => [given.server, given] as const))('%s is read', (_, { way, text, answer, tokens, top, used, refused }) => {
    if (refused !== undefined) {
      expect(() => readAnswer(way, answer, [text])).toThrow(new Malformed(refused));
      return;
    }
    const read = readAnswer(way, answer, [text]);
    expect(named(read.scored[0].tokens)).toEqual(tokens ?? []);
    expect(named(read.scored[0].top)).toEqual(top ?? []);
    expect(read.usedTokens).toBe(used);
  });

  it("vLLM with the likeliest token beside the prompt's own is refused: nothing says which is which", () => {
    const entry = { 12: { logprob: -3, rank: 9, decoded_token: ' no' }, 7: { logprob: -1, rank: 1, decoded_token: ' yes' } };
    const answer = { choices: [{ index: 0, text: '', prompt_logprobs: [null, entry] }] };
    expect(() => readAnswer('prompt-logprobs', answer, ['it'])).toThrow(/2 tokens in an entry of prompt_logprobs/);
  });
});

/** llama-server: whatever is asked, the tokens that may come next, as a chat lists them; one of them of probability 0. */
function llamaServer(words: readonly string[]) {
  return fakeFetch((request) => {
    if (!request.url.endsWith('/completions')) return { status: 404, text: '{"error":{"code":404,"message":"File Not Found"}}' };
    const length = textsIn(request)[0].length;
    const list = words.map((token, i) => ({ id: i, token, bytes: [], logprob: i === 2 ? -3.4028234663852886e38 : -i - length / 64 }));
    const content = [{ ...list[0], top_logprobs: list }];
    const choices = [{ text: words[0], index: 0, logprobs: { content }, finish_reason: 'length' }];
    return { text: JSON.stringify({ choices, usage: { prompt_tokens: length, completion_tokens: 1 } }) };
  });
}

describe('llama-server', () => {
  const text = 'We saw it. Was it good?';
  const masks = [
    [1, 1, 1],
    [0, 1, 1],
  ];
  const ask = (words: readonly string[], target: string) => {
    const { fetch } = llamaServer(words);
    return servedExplainer({ url: 'http://one', model: 'm', fetch, retries: 0 }).evaluate(text, { target, masks });
  };

  it('that ignores echo and lists as a chat does is asked by its list', async () => {
    expect(Array.from(await ask([' yes', ' no', ' never'], 'yes vs no'))).toEqual([1, 1]);
    const [whole, less] = await ask([' yes', ' no', ' never'], 'no');
    expect(whole).toBeCloseTo(-1 - text.length / 64, 5);
    expect(less).toBeGreaterThan(whole);
  });

  it('a token of probability 0 in its list is one that is not listed: no likelier than the last that may come', async () => {
    expect(Array.from(await ask([' yes', ' no', ' never'], 'yes vs never'))).toEqual([1, 1]);
  });
});

it('a target that a server says can never come is refused by name', async () => {
  const fake = fakeFetch((request) => {
    const [text] = textsIn(request);
    const tokens = text.match(/\s*\S+/gu) ?? [];
    const numbers = tokens.map((token, i) => (i === 0 ? null : token === ' no' ? -9999 : -1));
    const choices = [
      {
        index: 0,
        text: '',
        logprobs: { tokens: [...tokens, ' x'], token_logprobs: [...numbers, -1], top_logprobs: [{ ' yes': -1, ' x': -2 }] },
      },
    ];
    return { text: JSON.stringify({ choices, usage: { prompt_tokens: tokens.length, completion_tokens: 1 } }) };
  });
  const explainer = servedExplainer({ url: 'http://one', model: 'm', fetch: fake.fetch, retries: 0 });
  const asked = explainer.evaluate('Was it good?', { target: 'no', masks: [[1, 1, 1]] });
  await expect(asked).rejects.toMatchObject({ code: 'non-finite', message: expect.stringContaining('got -Infinity for " no"') });
});
