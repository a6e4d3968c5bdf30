import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebspexError } from '../../../src/index.ts';
import { createFleet, type FleetOptions, type Job } from '../../../src/lens/served/fleet.ts';
import { fakeFetch, type Reply } from './fake-server.ts';

/** The latency of issue and study alike; time is simulated. */
const LATENCY_MS = 50;

const job = (i: number): Job<number> => ({
  path: 'completions',
  body: () => ({ i }),
  read: (answer) => (answer as { i: number }).i,
  mostTokens: 10,
  tokensOf: () => 3,
});
const jobs = (count: number) => Array.from({ length: count }, (_, i) => job(i));
const right = ({ body }: { body: Readonly<Record<string, unknown>> }): Reply => ({ text: JSON.stringify(body) });
const urls = (count: number) => Array.from({ length: count }, (_, s) => `http://s${s}/v1`);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Asks for all, lets time pass until that is over, and says how much did. */
async function ask(fake: ReturnType<typeof fakeFetch>, options: Partial<FleetOptions>, count: number, signal?: AbortSignal) {
  const fleet = createFleet({ urls: urls(1), fetch: fake.fetch, ...options });
  const got = new Map<number, number>();
  let times = 0;
  const start = performance.now();
  let over = false;
  const all = fleet.askAll(
    jobs(count),
    (value, i) => {
      times++;
      got.set(i, value);
    },
    signal,
  );
  const ended = all.then(
    () => null,
    (error: unknown) => error as WebspexError,
  );
  void ended.then(() => {
    over = true;
  });
  while (!over) await vi.advanceTimersToNextTimerAsync();
  return { error: await ended, got, times, ms: performance.now() - start, spent: fleet.spent };
}

describe('a fleet', () => {
  it('answers 10,000 queries four times as fast with four servers as with one, and never asks one for more than was allowed', async () => {
    const took: number[] = [];
    for (const servers of [1, 4]) {
      const fake = fakeFetch(right, LATENCY_MS);
      const { got, times, ms, spent, error } = await ask(fake, { urls: urls(servers), concurrency: 16 }, 10_000);
      expect(error).toBeNull();
      expect([times, got.size, spent.requests, spent.retries, spent.tokens]).toEqual([10_000, 10_000, 10_000, 0, 30_000]);
      for (const [i, value] of got) expect(value).toBe(i);
      expect([...fake.peak.values()]).toEqual(new Array(servers).fill(16));
      expect(spent.peaks).toEqual(new Array(servers).fill(16));
      expect(Math.min(...spent.answers)).toBeGreaterThanOrEqual(10_000 / servers - 16);
      took.push(ms);
    }
    expect(took[0]).toBe((10_000 / 16) * LATENCY_MS);
    expect(took[0] / took[1]).toBeGreaterThan(3.9);
  });

  it('loses nothing and counts nothing twice where every third answer is a failure of some kind', async () => {
    const kinds: Reply[] = [
      { status: 429, text: '{"error":{"message":"slow down"}}', headers: { 'retry-after': '2' } },
      { status: 500, text: 'oops' },
      { text: '{"i":' },
      'hang',
      'refuse',
      { status: 503, text: '' },
    ];
    const fake = fakeFetch((request, count) => (count % 3 === 1 ? kinds[((count - 1) / 3) % kinds.length] : right(request)), LATENCY_MS);
    const { error, got, times, spent } = await ask(fake, { urls: urls(3), concurrency: 8, timeoutMs: 5000, retries: 20 }, 400);
    expect(error).toBeNull();
    expect([times, got.size]).toEqual([400, 400]);
    for (const [i, value] of got) expect(value).toBe(i);
    expect(spent.requests).toBe(fake.requests.length);
    expect(spent.retries).toBe(fake.requests.length - 400);
    const failed = Array.from(fake.requests.keys()).filter((count) => count % 3 === 1);
    expect(spent.retries).toBe(failed.length);
    // Answers cut short or never given may have been worked for: they count with the bound.
    const worked = failed.filter((count) => [2, 3].includes(((count - 1) / 3) % kinds.length)).length;
    expect(spent.tokens).toBe(400 * 3 + worked * 10);
  });

  it('leaves a server alone for as long as it says, by seconds or by a date', async () => {
    const date = { date: 'Wed, 25 Nov 2026 10:00:00 GMT', 'retry-after': 'Wed, 25 Nov 2026 10:01:30 GMT' };
    for (const [headers, least] of [
      [{ 'retry-after': '7' }, 7000],
      [date, 90_000],
    ] as [Record<string, string>, number][]) {
      const at: number[] = [];
      const fake = fakeFetch((request, count) => {
        at.push(performance.now());
        return count === 0 ? { status: 429, text: '', headers } : right(request);
      });
      const { error } = await ask(fake, {}, 1);
      expect(error).toBeNull();
      expect(at[1] - at[0]).toBeGreaterThanOrEqual(least);
      expect(at[1] - at[0]).toBeLessThan(least + 1000);
    }
  });

  it('asks a server for less where it has too much to do, and the other one for the rest', async () => {
    const fake = fakeFetch((request) => (request.url.includes('s0') ? { status: 503, text: '' } : right(request)), LATENCY_MS);
    const { error, spent } = await ask(fake, { urls: urls(2), concurrency: 16, retries: 3 }, 2000);
    expect(error).toBeNull();
    expect(spent.answers).toEqual([0, 2000]);
    expect(fake.requests.filter(({ url }) => url.includes('s0')).length).toBeLessThan(60);
  });

  it('never sends more requests than its cap, keeps what it paid for, and says so', async () => {
    const fake = fakeFetch(right, LATENCY_MS);
    const { error, got, spent } = await ask(fake, { urls: urls(2), concurrency: 8, maxRequests: 101 }, 400);
    expect(error).toMatchObject({ code: 'spend-cap', message: expect.stringContaining('101 of at most 101 requests') });
    expect([fake.requests.length, spent.requests, got.size]).toEqual([101, 101, 101]);
  });

  it('never spends more tokens than its cap, whatever is under way', async () => {
    const fake = fakeFetch(right, LATENCY_MS);
    const { error, got, spent } = await ask(fake, { concurrency: 8, maxTokens: 200 }, 400);
    expect(error?.code).toBe('spend-cap');
    // 3 tokens each; the last request must have had room for the 10 that it might have taken.
    expect(spent.tokens).toBe(3 * got.size);
    expect(spent.tokens).toBeGreaterThan(200 - 10);
    expect(spent.tokens).toBeLessThanOrEqual(200);
  });

  it('gives up by name after its tries, waits for what is under way, and sends no more', async () => {
    const fake = fakeFetch(
      (request) => (request.body.i === 5 ? { status: 500, text: '{"detail":"no memory"}' } : right(request)),
      LATENCY_MS,
    );
    const { error, got, spent } = await ask(fake, { concurrency: 4, retries: 2 }, 4000);
    expect(error).toBeInstanceOf(WebspexError);
    expect(error).toMatchObject({
      code: 'value-function',
      message: expect.stringMatching(/server http:\/\/s0\/v1: .*got 500 \(no memory\), tried 3 times/),
    });
    expect(got.size).toBe(spent.requests - 3);
  });

  it('ends at once where it is aborted', async () => {
    const stop = new AbortController();
    const fake = fakeFetch((request, count) => {
      if (count === 20) stop.abort();
      return right(request);
    }, LATENCY_MS);
    const { error, spent } = await ask(fake, { concurrency: 4 }, 4000, stop.signal);
    expect(error?.code).toBe('aborted');
    expect(spent.requests).toBeLessThan(26);
  });

  it('refuses NaN by name without asking again, and never says the key', async () => {
    const nan = fakeFetch(() => ({ text: '{"choices":[{"logprobs":{"token_logprobs":[null, NaN]}}]}' }));
    expect((await ask(nan, {}, 1)).error).toMatchObject({ code: 'non-finite', message: expect.stringContaining('got NaN') });
    expect(nan.requests.length).toBe(1);
    const echo = fakeFetch(({ headers }) => ({ status: 500, text: `bad key ${headers.authorization}` }));
    const { error } = await ask(echo, { apiKey: 'sk-secret', retries: 0 }, 1);
    expect(echo.requests[0].headers.authorization).toBe('Bearer sk-secret');
    expect(error?.message).toContain('bad key Bearer [key]');
    expect(error?.message).not.toContain('secret');
  });
});
