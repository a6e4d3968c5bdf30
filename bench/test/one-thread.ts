import type { InferenceSession } from 'onnxruntime-common';
import * as web from 'onnxruntime-web';
import { afterAll, beforeAll } from 'vitest';
import { ONE_THREAD } from '../src/contest.ts';

/** Sessions of onnxruntime-web on one thread. */
export const ON_WASM = { ...ONE_THREAD, executionProviders: ['wasm'] } satisfies InferenceSession.SessionOptions;

/** onnxruntime-web on one thread for the tests of a file; peers that are kept are closed after them. */
export function useOneThread<P extends { close(): Promise<void> }>(): (peer: P) => P {
  const peers: P[] = [];
  beforeAll(() => {
    web.env.wasm.numThreads = 1;
  });
  afterAll(async () => {
    for (const peer of peers) await peer.close();
  });
  return (peer) => {
    peers.push(peer);
    return peer;
  };
}
