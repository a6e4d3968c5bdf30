import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GPU_SILENCE_S, SLOW_SILENCE_S } from '../../demo/silence.ts';
import { rejectedBy } from '../model/support.ts';

/** Hears everything and answers only what it was told to. */
class HungWorker {
  static latest: HungWorker;
  ended = false;
  private readonly listeners: ((event: { data: unknown }) => void)[] = [];
  constructor() {
    HungWorker.latest = this;
  }
  addEventListener(type: string, listener: (event: { data: unknown }) => void) {
    if (type === 'message') this.listeners.push(listener);
  }
  postMessage() {}
  terminate() {
    this.ended = true;
  }
  say(data: unknown) {
    for (const listener of this.listeners) listener({ data });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('Worker', HungWorker);
  vi.stubGlobal('document', { baseURI: 'http://localhost/' });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const { startEngine } = await import('../../demo/engine.ts');
const start = () => startEngine({ own: null, device: 'auto', signal: new AbortController().signal, onProgress: () => {} });
async function loadedOn(device: object) {
  const starting = start();
  HungWorker.latest.say({ reply: 'done', id: 1, value: { model: {}, device } });
  return starting;
}

describe('an engine in the page', () => {
  it.each([
    ['a GPU', { backend: 'webgpu', software: false }, GPU_SILENCE_S],
    ['a software GPU', { backend: 'webgpu', software: true }, SLOW_SILENCE_S],
    ['the CPU', { backend: 'wasm', software: false }, SLOW_SILENCE_S],
  ])('that hangs on %s is ended, and what was asked of it fails with device-lost', async (_, device, limit) => {
    const engine = await loadedOn(device);
    const asked = [rejectedBy(engine.explain('a').result), rejectedBy(engine.evaluate('a', { masks: [[1]] }))];
    vi.advanceTimersByTime((limit - 1) * 1000);
    expect(HungWorker.latest.ended).toBe(false);
    vi.advanceTimersByTime(1000);
    expect(HungWorker.latest.ended).toBe(true);
    for (const error of await Promise.all(asked))
      expect([error.code, error.message]).toEqual(['device-lost', expect.stringContaining(`silence for ${limit} s`)]);
    expect((await rejectedBy(engine.evaluate('a', { masks: [[1]] }))).code).toBe('device-lost');
  });

  it('that hangs while it loads fails with device-lost', async () => {
    const failed = rejectedBy(start());
    vi.advanceTimersByTime(SLOW_SILENCE_S * 1000);
    expect((await failed).code).toBe('device-lost');
    expect(HungWorker.latest.ended).toBe(true);
  });
});
