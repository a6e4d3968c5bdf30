import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchSilence } from '../../demo/silence.ts';

const LIMIT = 10;
const SECOND = 1000;

/** An endpoint that says what it is told to say, and notes what it was sent. */
function puppet() {
  const listeners: ((event: { data: unknown }) => void)[] = [];
  const sent: unknown[] = [];
  const terminate = vi.fn();
  return {
    sent,
    terminate,
    postMessage: (message: unknown) => sent.push(message),
    addEventListener: (_: 'message', listener: (event: { data: unknown }) => void) => listeners.push(listener),
    say: (data: unknown) => {
      for (const listener of listeners) listener({ data });
    },
  };
}

let worker = puppet();
const expired = vi.fn();
beforeEach(() => {
  vi.useFakeTimers();
  worker = puppet();
  expired.mockClear();
});
afterEach(() => vi.useRealTimers());

const watching = () => watchSilence(worker, LIMIT, expired);
const pass = (seconds: number) => vi.advanceTimersByTime(seconds * SECOND);
const evaluating = { reply: 'progress', id: 1, progress: { phase: 'evaluating' } };
const decoding = { reply: 'progress', id: 1, progress: { phase: 'decoding' } };

describe('a far side that owes passes', () => {
  it.each(['load', 'explain', 'evaluate'])('and is silent for the limit after %s is ended, once, with how long', (call) => {
    const { endpoint } = watching();
    endpoint.postMessage({ call, id: 1 });
    pass(LIMIT - 1);
    expect(expired).not.toHaveBeenCalled();
    pass(1);
    expect(expired.mock.calls).toEqual([[`silence for ${LIMIT} s`]]);
    expect(worker.terminate).toHaveBeenCalledTimes(1);
    pass(10 * LIMIT);
    expect(expired).toHaveBeenCalledTimes(1);
    expect(worker.sent).toEqual([{ call, id: 1 }]);
  });

  it('lives as long as it says anything in time', () => {
    watching().endpoint.postMessage({ call: 'explain', id: 1 });
    for (let i = 0; i < 5; i++) {
      pass(LIMIT - 1);
      worker.say(evaluating);
    }
    expect(expired).not.toHaveBeenCalled();
    pass(LIMIT);
    expect(expired).toHaveBeenCalledTimes(1);
  });

  it('may decode for as long as it takes, and owes passes again after that', () => {
    watching().endpoint.postMessage({ call: 'explain', id: 1 });
    worker.say(decoding);
    pass(100 * LIMIT);
    expect(expired).not.toHaveBeenCalled();
    worker.say({ reply: 'snapshot', id: 1 });
    pass(LIMIT);
    expect(expired).toHaveBeenCalledTimes(1);
  });

  it('owes the answer to each call, whatever became of another', () => {
    const { endpoint } = watching();
    endpoint.postMessage({ call: 'explain', id: 1 });
    endpoint.postMessage({ call: 'evaluate', id: 2 });
    worker.say({ reply: 'done', id: 2 });
    pass(LIMIT);
    expect(expired).toHaveBeenCalledTimes(1);
  });

  it('has the limit that its device was given', () => {
    const { endpoint, limitTo } = watching();
    limitTo(3 * LIMIT);
    endpoint.postMessage({ call: 'evaluate', id: 1 });
    pass(3 * LIMIT - 1);
    expect(expired).not.toHaveBeenCalled();
    pass(1);
    expect(expired).toHaveBeenCalledTimes(1);
  });
});

describe('a far side that owes nothing', () => {
  it.each(['done', 'failed'])('is left alone after %s', (reply) => {
    watching().endpoint.postMessage({ call: 'evaluate', id: 1 });
    worker.say({ reply, id: 1 });
    pass(100 * LIMIT);
    expect(expired).not.toHaveBeenCalled();
  });

  it('is left alone before it is asked, after stop alone, and once it was ended on purpose', () => {
    const { endpoint } = watching();
    endpoint.postMessage({ call: 'stop', id: 1 });
    pass(100 * LIMIT);
    endpoint.postMessage({ call: 'explain', id: 2 });
    endpoint.terminate?.();
    pass(100 * LIMIT);
    expect(expired).not.toHaveBeenCalled();
    expect(worker.terminate).toHaveBeenCalledTimes(1);
  });
});
