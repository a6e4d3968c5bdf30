import { describe, expect, it } from 'vitest';
import { billServed, type ServerOptions, servedExplainer } from '../../src/lens.ts';
import { echoOf, type FakeRequest, honest, listOf, logProbAfter, type Reply, textsIn, tokensOf } from '../lens/served/fake-server.ts';
import { promptOf, ROWS, refusal, served, TEXT } from './served-support.ts';
import type { EvaluationLog, Explanation } from './support.ts';

const OPTIONS = { target: 'yes vs no', method: 'linear', budget: 64 } as const;

/** What must come out for a mask: the words that are left, then the question, which is locked. */
function truth(row: readonly number[], words = ['yes', 'no']): number {
  const [a, b] = words.map((word) => logProbAfter(promptOf(row), ` ${word}`));
  return b === undefined ? a : a - b;
}

function memoryLog(): EvaluationLog & { readonly values: Map<string, number> } {
  const values = new Map<string, number>();
  return { values, open: async () => values, add: (mask, value) => void values.set(mask, value), flush: async () => {} };
}

describe('a served model', () => {
  it('is asked about every masked prompt with both continuations, and its sums come back exactly', async () => {
    const { explainer, requests } = served(honest);
    const values = await explainer.evaluate(TEXT, { target: 'yes vs no', masks: ROWS });
    ROWS.forEach((row, r) => {
      expect(values[r]).toBe(Math.fround(truth(row)));
    });
    const asked = requests.map((request) => `${request.body.echo} ${textsIn(request)[0]}`);
    // The prompt alone, with each continuation, and its list of next tokens; then two for each mask but the whole one.
    expect(requests.length).toBe(4 + 2 * 127);
    expect(new Set(asked).size).toBe(asked.length);
    expect(requests[10].url).toBe('http://one/v1/completions');
    expect(requests[10].body).toMatchObject({ model: 'm', max_tokens: 1, temperature: 0, echo: true, logprobs: 1 });
  });

  it('is explained as a text is, with its servers, how they were asked and what it took', async () => {
    const { explainer, requests } = served(honest);
    const e = await explainer.explain(TEXT, OPTIONS).result;
    expect(e).toMatchObject({
      lens: 'text',
      target: 'yes vs no',
      scalar: 'log-odds',
      mask: 'remove',
      locked: [[33, 45]],
      model: { id: 'm', revision: 'served', dtype: 'unknown' },
      device: { backend: 'server', adapter: 'http://one/v1, log-probabilities by echo' },
      server: { urls: ['http://one/v1'], by: 'echo' },
      timing: { requests: requests.length, retries: 0 },
    });
    expect(e.values.full).toBe(truth([1, 1, 1, 1, 1, 1, 1]));
    expect(e.fit.queries).toBe(64);
    expect(billServed(TEXT, { url: 'http://one', model: 'm' }, OPTIONS).requests.all).toBe(requests.length);
  });

  it('gives choices in any order, several texts in a request', async () => {
    const { explainer, requests } = served(
      (request) => {
        return request.body.echo ? { text: echoOf(textsIn(request), { reversed: true }) } : honest(request);
      },
      { batch: 8 },
    );
    const values = await explainer.evaluate(TEXT, { target: 'yes vs no', masks: ROWS });
    ROWS.forEach((row, r) => {
      expect(values[r]).toBe(Math.fround(truth(row)));
    });
    expect(requests.length).toBe(4 + Math.ceil((2 * 127) / 8));
  });

  it('is asked by prompt_logprobs, or as TGI, where it does not echo', async () => {
    const vllm = (text: string) =>
      JSON.stringify({
        choices: [
          {
            index: 0,
            text: ' end',
            logprobs: null,
            prompt_logprobs: tokensOf(text).map((token, i, all) =>
              i === 0
                ? null
                : { [token.length]: { logprob: logProbAfter(all.slice(0, i).join(''), token), rank: 3, decoded_token: token } },
            ),
          },
        ],
        usage: { prompt_tokens: 9, completion_tokens: 1 },
      });
    const tgi = (text: string) =>
      JSON.stringify({
        generated_text: ' end',
        details: {
          generated_tokens: 1,
          prefill: tokensOf(text).map((token, i, all) => ({
            id: 7,
            text: token,
            logprob: i === 0 ? null : logProbAfter(all.slice(0, i).join(''), token),
          })),
        },
      });
    const plain = { text: JSON.stringify({ choices: [{ index: 0, text: ' end', logprobs: null }] }) };
    const servers: [string, (request: FakeRequest) => Reply][] = [
      ['prompt-logprobs', (r) => (r.body.prompt_logprobs === 0 ? { text: vllm(textsIn(r)[0]) } : r.body.echo ? plain : honest(r))],
      [
        'tgi',
        ({ url, body }) =>
          url.endsWith('/generate')
            ? { text: tgi(body.inputs as string) }
            : url.endsWith('/v1/completions')
              ? plain
              : { status: 404, text: '' },
      ],
    ];
    for (const [by, reply] of servers) {
      const { explainer } = served(reply);
      const e = await explainer.explain(TEXT, { ...OPTIONS, target: 'yes', budget: 16 }).result;
      expect(e.server?.by).toBe(by);
      expect(e.values.full).toBe(truth([1, 1, 1, 1, 1, 1, 1], ['yes']));
      expect(e.values.empty).toBe(truth([0, 0, 0, 0, 0, 0, 0], ['yes']));
    }
  });

  it('whose echo gives each token the number of the next one is found out, and asked for likely tokens instead', async () => {
    const shifted = (text: string) => {
      const tokens = tokensOf(text);
      const logProbs = tokens.map((token, i) => (i === 0 ? null : logProbAfter(tokens.slice(0, i + 1).join(''), token)));
      return JSON.stringify({
        choices: [{ index: 0, text: `${text} end`, logprobs: { tokens: [...tokens, ' end'], token_logprobs: [...logProbs, -1] } }],
        usage: { prompt_tokens: tokens.length, completion_tokens: 1 },
      });
    };
    // The same word once more moves the log-probability by less than is noticed for some words, not for this one.
    const far = (text: string) => shifted(text).replace(/(\[null,.*?),(-[\d.]+),-1\]/, (_, start) => `${start},-9.5,-1]`);
    const { explainer } = served((r) => (r.body.echo ? { text: far(textsIn(r)[0]) } : honest(r)));
    const e = await explainer.explain(TEXT, { ...OPTIONS, budget: 16 }).result;
    expect(e.server?.by).toBe('top-k');
    const cut = served((r) =>
      r.body.echo ? { text: shifted(textsIn(r)[0]).replaceAll(',"completion_tokens":1', ',"completion_tokens":2') } : honest(r),
    );
    expect((await cut.explainer.explain(TEXT, { ...OPTIONS, budget: 16 }).result).server?.by).toBe('top-k');
  });

  it('that lists likely tokens alone gets the floor for the others, and the result says so', async () => {
    const words = (text: string) => (/film/.test(text) ? [' yes', ' no', ' so'] : [' no', ' so']);
    const { explainer, requests } = served(
      (r) => {
        return r.body.echo
          ? { status: 400, text: '{"error":{"message":"echo is not supported"}}' }
          : { text: listOf(textsIn(r)[0], words(textsIn(r)[0])) };
      },
      { by: 'top-k' },
    );
    const e = await explainer.explain(TEXT, { ...OPTIONS, budget: 128 }).result;
    expect(requests.length).toBe(1 + 127);
    expect(e.server).toEqual({
      urls: ['http://one/v1'],
      by: 'top-k',
      floor: { rule: 'not among the 20 likeliest tokens: as the least of them', masks: [64, 0] },
    });
    const [no, so] = [' no', ' so'].map((word) => logProbAfter(' Was it good?', word));
    expect(e.values.empty).toBe(Math.fround(Math.min(no, so) - no));
    const message = await refusal(explainer.explain(TEXT, { ...OPTIONS, target: 'maybe' }).result);
    expect(message).toMatch(
      /usage: target: expected one of the 3 likeliest next tokens, .*got " maybe"; choose among " yes", " no", " so"/,
    );
  });

  it('that fails half-way loses nothing: what was answered is in the log, and only the rest is asked for again', async () => {
    const log = memoryLog();
    const broken = served((request, count) => (count === 70 ? { status: 500, text: '' } : honest(request)));
    expect(await refusal(broken.explainer.explain(TEXT, { ...OPTIONS, log }).result)).toMatch(/value-function: server .*got 500/);
    const kept = log.values.size;
    expect(kept).toBeGreaterThan(20);
    const whole = served(honest);
    const resumed = await whole.explainer.explain(TEXT, { ...OPTIONS, log }).result;
    expect(whole.requests.length).toBe(4 + 2 * (64 - kept));
    expect(log.values.size).toBe(64);
    const straight = await served(honest).explainer.explain(TEXT, OPTIONS).result;
    const untimed = ({ timing: _, ...rest }: Explanation) => rest;
    expect(untimed(resumed)).toEqual(untimed(straight));
  });

  it('ends at a cap with what is known by then, and is refused where that is nothing', async () => {
    const { explainer, requests } = served(honest, { maxRequests: 100 });
    const e = await explainer.explain(TEXT, { ...OPTIONS, budget: 128 }).result;
    expect(requests.length).toBe(100);
    // 4 to find out, 2 for each mask, what was under way at the end in pairs.
    expect(e.fit.queries).toBeGreaterThan(40);
    expect(e.fit.queries).toBeLessThanOrEqual(49);
    expect(explainer.spent.stopped).toBe('100 of at most 100 requests');
    const poor = served(honest, { maxRequests: 6 });
    expect(await refusal(poor.explainer.explain(TEXT, OPTIONS).result)).toMatch(/^spend-cap: .*6 of at most 6 requests/);
  });

  it('answers by itself where no target is named', async () => {
    const reply = (r: FakeRequest): Reply =>
      r.body.max_tokens === 16 ? { text: JSON.stringify({ choices: [{ index: 0, text: ' yes indeed\nNext' }] }) } : honest(r);
    const { explainer } = served(reply);
    expect(await explainer.describe(TEXT)).toMatchObject({ target: 'yes indeed', scalar: 'log-prob' });
    const likely = served((r) => (r.body.echo ? { status: 422, text: '' } : honest(r)));
    expect(['yes', 'no', 'so']).toContain((await likely.explainer.describe(TEXT)).target);
  });

  it.each([
    [
      'a key that is missing',
      () => ({ status: 401, text: '{"error":"no key"}' }),
      {},
      /^usage: .*expected to be let in, got 401 \(no key\); give its key/,
    ],
    [
      'a model that is not there',
      () => ({ status: 404, text: '{"message":"no model m"}' }),
      {},
      /^not-found: server http:\/\/one\/v1: expected completions of model m, got 404 \(no model m\); see http:\/\/one\/v1\/models/,
    ],
    [
      'no log-probabilities',
      () => ({ text: '{"choices":[{"index":0,"text":"x","logprobs":null}]}' }),
      {},
      /^unsupported-model: .*expected log-probabilities, got none \(echo: no logprobs/,
    ],
    [
      'a way that it has not',
      () => ({ status: 400, text: '' }),
      { by: 'echo' as const },
      /^unsupported-model: .*log-probabilities by echo, got none \(echo: 400\)/,
    ],
    ['nobody there', () => 'refuse' as const, {}, /^value-function: .*got ECONNREFUSED/],
    [
      'several models, none named',
      () => ({ text: '{"data":[{"id":"a"},{"id":"b"}]}' }),
      { model: undefined },
      /^usage: .*expected the name of its model, got none; name one of its models \(a, b\)/,
    ],
    [
      'a gateway that finds no server',
      () => ({ status: 502, text: '<html><h1>502 Bad Gateway</h1></html>' }),
      {},
      /^value-function: server http:\/\/one\/v1: expected an answer, got 502 .*tried 3 times/,
    ],
    [
      'no list of models, and no name',
      () => ({ status: 404, text: '{"detail":"Not Found"}' }),
      { model: undefined },
      /^usage: .*expected the name of its model, got none; name one of its models \(no list\)/,
    ],
    [
      'a page in place of an API',
      () => ({ text: '<!doctype html><html><body>Sign in</body></html>' }),
      {},
      /^value-function: .*got a page of HTML: is this the address of its API\?, tried/,
    ],
    [
      'NaN',
      (r: FakeRequest) => (r.body.echo ? { text: echoOf(textsIn(r)).replace(/-[\d.]+(?=,-0\.1\])/, 'NaN') } : honest(r)),
      {},
      /^non-finite: .*got NaN/,
    ],
    [
      'servers of different models',
      (r: FakeRequest) => (r.url.includes('two') ? { text: echoOf(textsIn(r)).replace(/-[\d.]+(?=,-0\.1\])/, '-77') } : honest(r)),
      { url: 'http://one,http://two/v1' },
      /^usage: server: expected the same model at every address, got .* and -77\.00 from http:\/\/two\/v1/,
    ],
  ] as [string, (request: FakeRequest) => Reply, Partial<ServerOptions>, RegExp][])(
    'is refused by name: %s',
    async (_, reply, options, says) => {
      expect(await refusal(served(reply, options).explainer.explain(TEXT, OPTIONS).result)).toMatch(says);
    },
    20_000,
  );

  it('is not asked what needs its tokenizer, nor where the address is none', async () => {
    const { explainer, requests } = served(honest);
    expect(await refusal(explainer.explain(TEXT, { ...OPTIONS, units: 'token' }).result)).toMatch(/usage: units: .*got token/);
    expect(await refusal(explainer.explain(TEXT, { ...OPTIONS, mask: 'mask-token' }).result)).toMatch(
      /usage: mask: expected remove, neutral/,
    );
    expect(await refusal(explainer.explain(TEXT, { ...OPTIONS, lens: 'heads' }).result)).toMatch(
      /usage: lens: expected text for a served model/,
    );
    expect(requests.length).toBe(0);
    for (const [url, says] of [
      ['one', /got one; write it whole/],
      ['ftp://one', /expected http or https/],
      ['http://me:pass@one', /without name, password or query, got one for one; a key goes/],
      ['', /got an empty one/],
    ] as const)
      expect(() => servedExplainer({ url })).toThrow(says);
  });
});
