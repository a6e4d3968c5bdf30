import type { Backend } from '../../src/compute/backend.ts';
import { createWasmBackend } from '../../src/compute/wasm/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { loadClassifier } from '../../src/model/load.ts';
import type { Model, TokenSequences } from '../../src/model/model.ts';
import { openSource } from '../../src/model/source.ts';
import { onnxOfFolder } from '../../test/support/onnx/checkpoint.ts';
import { type Contest, type Engine, farthest, ONE_THREAD, onceForEach, type Setup, type Surroundings } from './contest.ts';
import { batches, count, firstOf, type Order, rowsIn, sequence } from './lists.ts';
import { createPeer, type Peer } from './peer.ts';

/** One side: the logits (count, labels) of sequences, in their order. */
interface Side {
  classify(sequences: TokenSequences): Promise<Float32Array>;
  readonly model?: Model;
  close(): Promise<void>;
}

interface Shared {
  readonly labels: number;
  peer(engine: Engine, provider: string): Promise<Peer>;
}

/** The sides there are, by name. */
const SIDES: Readonly<Record<string, (around: Surroundings, shared: Shared) => Promise<Side>>> = {
  ours: ({ model }) => ourSide(model, createWasmBackend({ threads: 1 })),
  two: ({ model }) => ourSide(model, createWasmBackend({ threads: 2 })),
  gpu: ({ model, gpu }) => ourSide(model, createWebgpuBackend({ gpu })),
  padded: ({ web }, shared) => peerSide(web, 'wasm', shared, 'as they come'),
  sorted: ({ web }, shared) => peerSide(web, 'wasm', shared, 'by length'),
  native: ({ native }, shared) => peerSide(native ?? missing('onnxruntime-node'), 'cpu', shared, 'as they come'),
  // In Node onnxruntime-node has the WebGPU engine, in a page onnxruntime-web.
  webgpu: ({ native, web }, shared) => peerSide(native ?? web, 'webgpu', shared, 'as they come'),
};

/** Sequences through the embedded model; `warm` of them are enough to warm up. */
export function classifying(sequencesOf: (model: Model) => TokenSequences, warm: number): Setup {
  return async (around, names) => {
    const peers = peersOf(around.model);
    const shared = { labels: 2, peer: peers.open };
    const sides = new Map<string, Side>();
    for (const name of names) sides.set(name, await SIDES[name](around, shared));
    const first = sides.get(names[0])?.model;
    if (!first) throw new Error(`classify: expected a side of ours first, got ${names[0]}`);
    const sequences = sequencesOf(first);
    const last = new Map<string, Float32Array>();
    const classify = async (name: string, asked: TokenSequences) => {
      const side = sides.get(name);
      if (side) last.set(name, await side.classify(asked));
    };
    return {
      sides: names,
      warm: (name) => classify(name, firstOf(sequences, warm)),
      run: (name) => classify(name, sequences),
      apart: (name) => farthest(last.get(names[0]) ?? new Float32Array(0), last.get(name) ?? new Float32Array(1)),
      facts: () => factsOf(first, sequences),
      async close() {
        for (const side of sides.values()) await side.close();
        await peers.close();
      },
    } satisfies Contest;
  };
}

/** The model is written as ONNX once, where a peer asks for it. */
function peersOf(folder: string) {
  let bytes: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return onceForEach(async (engine, provider) => {
    bytes ??= onnxOfFolder(openSource(folder));
    return createPeer(engine, await bytes, { ...ONE_THREAD, executionProviders: [provider] });
  });
}

async function ourSide(folder: string, opening: Promise<Backend>): Promise<Side> {
  const backend = await opening;
  const model = await loadClassifier(openSource(folder), { backend });
  return {
    model,
    classify: (sequences) => model.classify(sequences),
    async close() {
      model.destroy();
      backend.destroy();
    },
  };
}

async function peerSide(engine: Engine, provider: string, { labels, peer: open }: Shared, order: Order): Promise<Side> {
  const peer = await open(engine, provider);
  return {
    async classify(sequences) {
      const out = new Float32Array(count(sequences) * labels);
      for (const batch of batches(sequences, order)) {
        const logits = await peer.logits(batch.map((s) => sequence(sequences, s)));
        batch.forEach((s, row) => {
          out.set(logits.subarray(row * labels, (row + 1) * labels), s * labels);
        });
      }
      return out;
    },
    async close() {},
  };
}

/** Rows that go through the model, padding included, and the arithmetic of our matrix products. */
function factsOf(model: Model, sequences: TokenSequences): Record<string, number | string> {
  const { counters, device } = model;
  return {
    adapter: device.adapter,
    sequences: count(sequences),
    tokens: sequences.ids.length,
    paddedRandom: rowsIn(batches(sequences, 'as they come'), sequences),
    paddedSorted: rowsIn(batches(sequences, 'by length'), sequences),
    gigaflopsOurs: Number(((counters.matmulFlops / counters.tokens) * sequences.ids.length * 1e-9).toFixed(1)),
  };
}

function missing(what: string): never {
  throw new Error(`classify: expected ${what}, which there is in Node only, got none`);
}
