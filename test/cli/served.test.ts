import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/index.ts';
import { type Bill, servedExplainer } from '../../src/lens.ts';
import { explainer } from '../../src/text.ts';
import { type FakeRequest, honest, honestChat, messagesIn, type Reply, textsIn } from '../lens/served/fake-server.ts';
import { cli, ROOT, scratch } from './support.ts';

const folder = scratch();
const at = (name: string) => join(folder, name);

/** A server on loopback that answers by `reply`; `asked` is every request that it got. */
async function serve(reply: (request: FakeRequest, count: number) => Reply) {
  const asked: FakeRequest[] = [];
  const server = createServer(async (message: IncomingMessage, response: ServerResponse) => {
    let text = '';
    for await (const chunk of message) text += chunk;
    const request = {
      url: message.url ?? '',
      headers: message.headers as Record<string, string>,
      body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
    };
    const answer = reply(request, asked.push(request) - 1);
    if (answer === 'hang') return;
    if (answer === 'refuse') return message.socket.destroy();
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const TEXT = 'We saw the film twice last week. Was it good?';
const run = (url: string, ...more: string[]) => [
  ...['explain', TEXT, '--server', url, '--server-model', 'm', '--target', 'yes vs no', '--method', 'linear', '--budget', '128'],
  ...more,
];
/** Requests that find out what the server can do: the prompt, with A, with B, its likely tokens. */
const ASKING = 4;

/** Every way to fail. */
const KINDS: readonly Reply[] = [
  { status: 429, text: '{"error":{"message":"busy"}}', headers: { 'retry-after': '0.05' } },
  { status: 500, text: 'oops' },
  { text: '{"choices":[{"index":0,"lo' },
  'refuse',
  'hang',
];

describe('webspex explain --server', () => {
  it('explains by two servers, one of which fails in every way now and then: nothing lost, nothing counted twice', async () => {
    let fault = 0;
    const good = await serve(honest);
    const bad = await serve((request, count) => (count > 4 && count % 9 === 0 && fault < 5 ? KINDS[fault++] : honest(request)));
    const ran = await cli(run(`${good.url},${bad.url}`, '--server-timeout', '2', '--json'), '', { WEBSPEX_API_KEY: 'sk-secret' });
    expect(ran).toMatchObject({ code: 0, err: '' });
    const e = JSON.parse(ran.out) as Explanation;
    expect(e.fit.queries).toBe(128);
    expect(e.timing.retries).toBe(5);
    expect(e.timing.requests).toBe(good.asked.length + bad.asked.length);
    expect(e.timing.requests).toBe(ASKING + 1 + 2 * 127 + 5);
    expect(Math.min(good.asked.length, bad.asked.length)).toBeGreaterThan(40);
    expect(good.asked[0].headers.authorization).toBe('Bearer sk-secret');
    expect(ran.out).not.toContain('secret');
    const alone = await cli(run(good.url, '--json'));
    expect((JSON.parse(alone.out) as Explanation).interactions).toEqual(e.interactions);
  });

  it('says the bill without sending anything, and the bill is right', async () => {
    const { url, asked } = await serve(honest);
    const bill = JSON.parse((await cli(run(url, '--dry-run', '--json'))).out) as Bill;
    expect(asked.length).toBe(0);
    const e = JSON.parse((await cli(run(url, '--json'))).out) as Explanation;
    expect(bill).toMatchObject({ masks: 128, known: 0, textsPerMask: 2, requests: { asking: ASKING, all: e.timing.requests } });
    expect(bill.tokens.most).toBeGreaterThan(e.timing.tokens ?? 0);
    const said = (await cli(run(url, '--dry-run', '--max-requests', '100'))).out;
    expect(said).toMatch(
      /^Nothing was sent\.[\s\S]*requests {2}258: 2 texts for each mask, 4 to find out[\s\S]*! --max-requests 100 would end it early/,
    );
    expect((await cli(['explain', TEXT, '--dry-run'])).err).toMatch(/usage: --dry-run: expected --server URL/);
  });

  it('ends at its cap with 75 and what is known, and goes on from its log without asking twice', async () => {
    const { url, asked } = await serve(honest);
    const log = at('cap.jsonl');
    const capped = await cli(run(url, '--resume', log, '--max-requests', '100', '--json'));
    expect(capped.code).toBe(75);
    expect(capped.err).toMatch(/ended early at the cap: 100 of at most 100 requests; raise it, and the same command goes on from the log/);
    expect(asked.length).toBe(100);
    expect((JSON.parse(capped.out) as Explanation).fit.queries).toBeGreaterThan(40);
    const held = readFileSync(log, 'utf8').split('\n').length - 2;
    const bill = JSON.parse((await cli(run(url, '--resume', log, '--dry-run', '--json'))).out) as Bill;
    expect(bill.known).toBe(held);
    const resumed = await cli(run(url, '--resume', log, '--json'));
    expect(resumed.code).toBe(0);
    expect(asked.length).toBe(100 + bill.requests.all);
    const texts = asked
      .slice(ASKING, 100)
      .concat(asked.slice(100 + ASKING))
      .map((request) => textsIn(request)[0]);
    expect(texts.length - new Set(texts).size).toBeLessThanOrEqual(1); // half a mask may have been paid for at the cap
    expect(readFileSync(log, 'utf8')).not.toContain('Bearer');
  });

  it('asks by chat completions with --chat: the bill, two servers that fail, a cap and the log', async () => {
    let fault = 0;
    const reply = (request: FakeRequest, count: number) => (count % 7 === 3 && fault < 5 ? KINDS[fault++] : honestChat(request));
    const [one, two] = [await serve(reply), await serve(reply)];
    const chat = ['--chat', '--system', 'Answer with one word.'];
    const log = at('chat.jsonl');
    const both = run(`${one.url},${two.url}`, ...chat, '--server-timeout', '2', '--resume', log);
    const bill = JSON.parse((await cli([...both, '--dry-run', '--json'])).out) as Bill;
    expect(one.asked.length).toBe(0);
    expect(bill).toMatchObject({ textsPerMask: 1, requests: { asking: 2, all: 2 + 127 } });
    const capped = await cli([...both, '--max-requests', '60', '--json']);
    expect(capped.code).toBe(75);
    expect(one.asked.length + two.asked.length).toBe(60);
    const held = readFileSync(log, 'utf8').split('\n').length - 2;
    const ran = await cli([...both, '--json']);
    expect(ran.code).toBe(0);
    const e = JSON.parse(ran.out) as Explanation;
    expect(fault).toBe(5);
    expect(e.server).toMatchObject({ by: 'chat', system: 'Answer with one word.', floor: { masks: [0, 0] } });
    expect(e.fit.queries).toBe(128);
    // In all each of 127 masks once, what failed, and twice two looks at what the servers can do.
    expect(one.asked.length + two.asked.length).toBe(127 + 5 + 4);
    expect(e.timing.requests).toBe(one.asked.length + two.asked.length - 60);
    expect(held).toBeGreaterThan(40);
    for (const { url, body } of [...one.asked, ...two.asked]) {
      expect(url).toBe('/v1/chat/completions');
      expect(messagesIn({ body }).map(({ role }) => role)).toEqual(['system', 'user']);
    }
    const alone = await serve(honestChat);
    const straight = JSON.parse((await cli(run(alone.url, ...chat, '--json'))).out) as Explanation;
    expect(e.interactions).toEqual(straight.interactions);
    const shown = (await cli(run(alone.url, ...chat))).out.replace(/\s+/g, ' ');
    expect(shown).toContain(
      `server ${alone.url}/v1, likeliest first tokens of chat completions · model m system message: “Answer with one word.”`,
    );
    expect(shown).toContain('floor: not among the 20 likeliest first tokens: as the least of them; so 0 and 0 masks');
    const other = await cli(run(alone.url, '--chat', '--resume', log));
    expect(other.err).toMatch(/bad-file: .*chat "Answer with one word\." in place of true/);
  });

  it('verifies by the server too', async () => {
    const { url } = await serve(honest);
    const verified = await cli(['verify', ...run(url, '--members', 'film,twice', '--json').slice(1)]);
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.out).corners).toHaveLength(4);
  });

  it.each([
    ['nobody there', run('http://127.0.0.1:65534', '--server-retries', '0'), 7, /value-function: server .*ECONNREFUSED/],
    ['a model here and there', run('http://h', '--model', 'x'), 2, /--model: expected none with --server, got one; say --server-model/],
    ['parts of a model', run('http://h', '--lens', 'heads'), 2, /--lens: expected text with --server, got heads/],
    ['no address', run('h:8000'), 2, /usage: server: expected http or https/],
    ['a key in the address', run('http://a:b@h'), 2, /expected an address without name, password or query/],
    ['an unknown way', run('http://h', '--server-by', 'top'), 2, /--server-by: expected one of echo, .*did you mean top-k\?/],
    ['a cap without a server', ['explain', TEXT, '--max-requests', '5'], 2, /--max-requests: expected --server URL, got none/],
    ['tokens', run('http://h', '--units', 'token'), 2, /usage: units: expected word, sentence/],
    ['a way in a chat', run('http://h', '--chat', '--server-by', 'echo'), 2, /--server-by: expected none with --chat, got one; a chat/],
    ['a batch in a chat', run('http://h', '--chat', '--server-batch', '4'), 2, /--server-batch: expected none with --chat/],
    ['a system message without a chat', run('http://h', '--system', 'Hi'), 2, /--system: expected --chat with it, got none/],
  ])('refuses %s by name', async (_, args, code, says) => {
    const ran = await cli(args as string[]);
    expect(ran).toMatchObject({ code, out: '' });
    expect(ran.err).toMatch(says as RegExp);
  });
});

/**
 * A real server: WEBSPEX_TEST_SERVER=http://127.0.0.1:8000 with SmolLM2-135M-Instruct.Q4_1.gguf, or WEBSPEX_TEST_SERVER_MODEL for another
 * GGUF file that it runs. CONTRIBUTING.md says how to start one.
 */
const SERVER = process.env.WEBSPEX_TEST_SERVER;
const MODEL = process.env.WEBSPEX_TEST_SERVER_MODEL ?? join(ROOT, '../shared/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf');
/**
 * Nats between llama.cpp and our engine, 64 masked prompts and 64 messages of a chat of SmolLM2-135M, llama-cpp-python 0.3.36: at most 0.362
 * and 0.389 with the Q4_1 file, whose weights llama.cpp multiplies by activations rounded to 8 bits; 0.014 and 0.006 with the same weights as
 * float32 (expand-gguf.py), when its keys and values are still 16 bits wide; of the prompts none to four places once those are float32 too
 * (--type_k 0 --type_v 0). So nothing but rounding is between them.
 */
const APART = { quantised: 0.5, f32: 0.02 } as const;

if (!SERVER) console.warn('no served model: our engine is not compared with one; name its address with WEBSPEX_TEST_SERVER');
else if (!existsSync(MODEL)) console.warn(`no ${MODEL}: the served model is not compared with our engine`);

describe.skipIf(!SERVER || !existsSync(MODEL))('a real server (named by WEBSPEX_TEST_SERVER)', () => {
  it.each([
    ['masked prompts', 'Paris lies on the river Seine. The capital of France is', undefined],
    ['masked messages of a chat', 'Paris lies on the river Seine. What is the capital of France?', { system: 'You answer with one word.' }],
  ])(
    'and our own engine say the same of %s',
    async (_, prompt, chat) => {
      const masks = Array.from({ length: 64 }, (_, m) => Array.from({ length: 6 }, (__, i) => (m >> i) & 1));
      const there = servedExplainer({ url: SERVER as string });
      const e = await there.explain(prompt, { target: 'Paris', chat, budget: 64, method: 'exact' }).result;
      const values = await there.evaluate(prompt, { target: 'Paris', chat, masks });
      const here = await explainer('text-generation', MODEL, { device: 'wasm' });
      const ours = await here.evaluate(prompt, { target: 'Paris', chat, masks });
      const most = /[.-]f32\b/i.test(MODEL) ? APART.f32 : APART.quantised;
      here.destroy();
      const apart = Array.from(values, (value, r) => value - ours[r]).sort((a, b) => a - b);
      console.info(`by ${e.server?.by}: differences of ${apart[0].toFixed(4)} to ${apart[63].toFixed(4)}, median ${apart[32].toFixed(4)}`);
      expect(apart[0]).toBeGreaterThan(-most);
      // The floor is no less than what it stands for.
      const floored = e.server?.floor?.masks[0] ?? 0;
      expect(apart.filter((difference) => difference < most).length).toBeGreaterThanOrEqual(64 - floored);
      console.info(`${floored} of 64 masks got the floor`);
      expect(floored).toBeLessThan(48);
    },
    600_000,
  );
});
