import { createWasmBackend } from '../../src/compute/wasm/backend.ts';
import { continued } from '../../src/lens/text/causal-value.ts';
import { loadCausal } from '../../src/model/causal/load.ts';
import type { CausalModel, ScoredSequences } from '../../src/model/model.ts';
import { openSource } from '../../src/model/source.ts';
import { type CausalPeer, createCausalPeer, type Scored } from './causal-peer.ts';
import { type CausalFile, type Contest, type Engine, farthest, ONE_THREAD, onceForEach, type Setup, type Surroundings } from './contest.ts';
import { batches, firstOf, type Order, rowsIn, together } from './lists.ts';
import { openLlamaCpp } from './llama-cpp.ts';
import { onnxOfGguf } from './llama-gguf.ts';
import { maskedPrompts, type Prompts } from './prompts.ts';

/** Prompts that warm up: a batch of the peer. */
const WARM = 32;

/** One side: the log-probability of the answer after each of the first `count` prompts. */
interface Side {
  logProbs(count: number): Promise<Float32Array>;
  close(): Promise<void>;
}

interface Shared extends Prompts {
  readonly model: CausalModel;
  peer(engine: Engine, provider: string): Promise<CausalPeer>;
}

/** The sides there are, by name. */
const SIDES: Readonly<Record<string, (around: Surroundings & { causal: CausalFile }, shared: Shared) => Promise<Side>>> = {
  ours: async (_, shared) => ourSide(shared),
  usual: ({ web }, shared) => peerSide(web, 'wasm', shared, 'as they come'),
  best: ({ web }, shared) => peerSide(web, 'wasm', shared, 'by length'),
  native: ({ native }, shared) => peerSide(native ?? missing('onnxruntime-node, which there is in Node only'), 'cpu', shared, 'by length'),
  llama: ({ causal, wllama }, shared) => llamaSide(wllama ?? missing('wllama, which there is in a page only'), causal, shared),
};

/** Masked prompts of a causal model, and one token after them. */
export function completing(masks: number): Setup {
  return async (around, names) => {
    const { causal = missing('a causal model: --causal FILE.gguf') } = around;
    const backend = await createWasmBackend({ threads: 1 });
    const model = await loadCausal(openSource(causal.folder), { backend }, causal.file);
    const prompts = await maskedPrompts(model, masks);
    const peers = peersOf(causal);
    const shared: Shared = { ...prompts, model, peer: peers.open };
    const sides = new Map<string, Side>();
    for (const name of names) sides.set(name, await SIDES[name]({ ...around, causal }, shared));
    const last = new Map<string, Float32Array>();
    const score = async (name: string, count: number) => {
      const side = sides.get(name);
      if (side) last.set(name, await side.logProbs(count));
    };
    return {
      sides: names,
      warm: (name) => score(name, WARM),
      run: (name) => score(name, masks),
      apart: (name) => farthest(last.get(names[0]) ?? new Float32Array(0), last.get(name) ?? new Float32Array(1)),
      facts: () => factsOf(shared),
      async close() {
        for (const side of sides.values()) await side.close();
        await peers.close();
        model.destroy();
        backend.destroy();
      },
    } satisfies Contest;
  };
}

/** The model is written as ONNX once, where a peer asks for it. */
function peersOf({ folder, file }: CausalFile) {
  let made: Promise<ReturnType<typeof onnxOfGguf>> | undefined;
  return onceForEach(async (engine, provider) => {
    made ??= openSource(folder).read(file).then(onnxOfGguf);
    const { model, sizes } = await made;
    return createCausalPeer(engine, model, sizes, { ...ONE_THREAD, executionProviders: [provider] });
  });
}

/** The whole of what is asked in one call, as an explanation asks it. */
function ourSide({ model, prompts, answer }: Shared): Side {
  const asked = (count: number): ScoredSequences =>
    continued(firstOf(together(prompts), count), [{ text: '', ids: Uint32Array.of(answer) }]);
  return {
    logProbs: async (count) => Float32Array.from((await model.score(asked(count))).logProbs),
    close: async () => {},
  };
}

/** In the usual way every batch is whole, and logits come of all positions; by length, only what is new is computed and only what is read. */
async function peerSide(engine: Engine, provider: string, { peer: open, prompts, answer, shared }: Shared, order: Order): Promise<Side> {
  const peer = await open(engine, provider);
  const scored = (p: number): Scored => ({ ids: Uint32Array.of(...prompts[p], answer), from: prompts[p].length });
  return {
    async logProbs(count) {
      const out = new Float32Array(count);
      const asked = firstOf(together(prompts), count);
      const how = order === 'by length' ? { past: await peer.begin(prompts[0].subarray(0, shared)) } : { everywhere: true };
      for (const batch of batches(asked, order)) {
        const found = await peer.logProbs(batch.map(scored), how);
        batch.forEach((p, row) => {
          out[p] = found[row];
        });
      }
      return out;
    },
    close: async () => {},
  };
}

async function llamaSide(address: string, { folder, file }: CausalFile, { model, prompts, answer }: Shared): Promise<Side> {
  const bytes = await openSource(folder).read(file);
  const llama = await openLlamaCpp(address, new Blob([new Uint8Array(bytes)]));
  const texts = prompts.map((ids) => ({ ids, text: model.tokenizer.decode(ids) }));
  return { logProbs: (count) => llama.logProbs(texts.slice(0, count), answer), close: llama.close };
}

/** Tokens, the rows that go through each side's layers, and the arithmetic of our matrix products. */
function factsOf({ model, prompts, whole, shared }: Shared): Record<string, number | string> {
  const { counters, device } = model;
  const asked = together(prompts);
  const alone = together(prompts.map((ids) => ids.subarray(shared)));
  const each = counters.sequences / prompts.length;
  return {
    adapter: device.adapter,
    sequences: prompts.length,
    promptTokens: whole,
    sharedTokens: shared,
    tokens: asked.ids.length,
    rowsUsual: rowsIn(batches(asked, 'as they come'), asked),
    rowsBest: rowsIn(batches(alone, 'by length'), alone),
    // Warming up is among what is counted.
    rowsOurs: Math.round(counters.tokens / each),
    gigaflopsOurs: Number(((counters.matmulFlops * 1e-9) / each).toFixed(1)),
  };
}

function missing(what: string): never {
  throw new Error(`complete: expected ${what}, got none`);
}
