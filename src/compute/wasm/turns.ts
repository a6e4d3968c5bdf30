/** Milliseconds of work between two turns of the event loop. */
const TURN_MS = 40;

/**
 * Takes work to its end a piece at a time, with a turn of the event loop after every 40 ms, so that timers, messages and an abort get through.
 * @throws what `check` throws; it is asked after each turn whether to go on, and told how many pieces are done.
 */
export async function inTurns<T>(work: Iterator<void, T>, check: (done: number) => void): Promise<T> {
  let since = performance.now();
  for (let pieces = 1; ; pieces++) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() - since < TURN_MS) continue;
    await turnOfEventLoop();
    check(pieces);
    since = performance.now();
  }
}

/** Unlike a timer, a message is delayed neither by nesting nor by a hidden page. */
export function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
