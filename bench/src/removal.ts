import { createWasmBackend } from '../../src/compute/wasm/backend.ts';
import { createRandom, shuffle } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { maskSequences } from '../../src/lens/text/masking.ts';
import { splitPlayers } from '../../src/lens/text/players.ts';
import { loadClassifier } from '../../src/model/load.ts';
import type { Model, TokenSequences } from '../../src/model/model.ts';
import { openSource } from '../../src/model/source.ts';
import { onnxOfFolder } from '../onnx/checkpoint.ts';
import { type Contest, type Engine, farthest, ONE_THREAD, type Setup } from './contest.ts';
import { createPeer, type Peer } from './peer.ts';

/** 64 words as reviews have them. */
const TEXT = `The first hour drifts along without purpose, and I was ready to write it off as another overlong festival darling, but then
  the quiet daughter speaks, the score drops away, and everything that seemed careless turns out to be deliberate. It is not a
  cheerful picture and the ending will infuriate some people, yet I have rarely left a theatre feeling so unexpectedly moved.`;
const WORDS = 64;
const MASKS = 1000;
const BATCH = 32;
/** Masks of a warm-up: three batches. */
const WARM = 96;

/** One side: the logits (count, labels) of sequences, in their order. */
type Classify = (sequences: TokenSequences) => Promise<Float32Array>;

/** The sides there are, by name. */
const SIDES: Readonly<Record<string, (around: Parameters<Setup>[0], shared: Shared) => Promise<Side>>> = {
  ours: ({ model }) => ourSide(model, 1),
  two: ({ model }) => ourSide(model, 2),
  padded: async ({ web }, shared) => peerSide(await shared.peer(web, 'wasm'), shared, 'as they come'),
  sorted: async ({ web }, shared) => peerSide(await shared.peer(web, 'wasm'), shared, 'by length'),
  native: async ({ native }, shared) => peerSide(await shared.peer(native ?? missing('onnxruntime-node'), 'cpu'), shared, 'as they come'),
};

interface Side {
  readonly classify: Classify;
  readonly model?: Model;
  close(): Promise<void>;
}

interface Shared {
  readonly labels: number;
  peer(engine: Engine, provider: string): Promise<Peer>;
}

/** 1,000 masks of a text of 64 words, the masked words removed, through the embedded model; masks come in random order. */
export const removal: Setup = async (around, names) => {
  const source = openSource(around.model);
  const peers = new Map<Engine, Promise<Peer>>();
  let bytes: Promise<Uint8Array<ArrayBuffer>> | undefined;
  const shared: Shared = {
    labels: 2,
    peer(engine, provider) {
      bytes ??= onnxOfFolder(source);
      const known = peers.get(engine) ?? bytes.then((b) => createPeer(engine, b, { ...ONE_THREAD, executionProviders: [provider] }));
      peers.set(engine, known);
      return known;
    },
  };
  const sides = new Map<string, Side>();
  for (const name of names) sides.set(name, await SIDES[name](around, shared));
  const first = sides.get(names[0])?.model;
  if (!first) throw new Error(`removal: expected a side of ours first, got ${names[0]}`);
  const sequences = removalSequences(first);
  const last = new Map<string, Float32Array>();
  const classify = async (name: string, asked: TokenSequences) => {
    const side = sides.get(name);
    if (side) last.set(name, await side.classify(asked));
  };
  return {
    sides: names,
    warm: (name) => classify(name, firstOf(sequences, WARM)),
    run: (name) => classify(name, sequences),
    apart: (name) => farthest(last.get(names[0]) ?? new Float32Array(0), last.get(name) ?? new Float32Array(1)),
    facts: () => factsOf(first, sequences),
    async close() {
      for (const side of sides.values()) await side.close();
      for (const peer of peers.values()) await (await peer).close();
    },
  } satisfies Contest;
};

async function ourSide(folder: string, threads: number): Promise<Side> {
  const backend = await createWasmBackend({ threads });
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

async function peerSide(peer: Peer, { labels }: Shared, order: Order): Promise<Side> {
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

function removalSequences(model: Model): TokenSequences {
  const text = TEXT.replace(/\s+/g, ' ');
  const split = splitPlayers(model.tokenizer, text, 'word');
  if (split.players.length !== WORDS) throw new Error(`removal: expected a text of ${WORDS} words, got ${split.players.length}`);
  const masks = pairedMasks(WORDS, MASKS, 7);
  const paired = maskSequences(masks, split, { kind: 'remove' }, model.tokenizer, model.info.maxTokens);
  // A mask and its complement come side by side; in random order no batch knows what is in it.
  const order = shuffle(
    Array.from({ length: MASKS }, (_, i) => i),
    createRandom(7, 2),
  );
  return together(order.map((s) => sequence(paired, s)));
}

type Order = 'as they come' | 'by length';

/** The sequences of each batch. */
function batches(sequences: TokenSequences, order: Order): number[][] {
  const length = (s: number) => sequences.offsets[s + 1] - sequences.offsets[s];
  const all = Array.from({ length: count(sequences) }, (_, s) => s);
  if (order === 'by length') all.sort((a, b) => length(a) - length(b));
  return Array.from({ length: Math.ceil(all.length / BATCH) }, (_, b) => all.slice(b * BATCH, (b + 1) * BATCH));
}

/** Rows that go through the model, padding included, and the arithmetic of our matrix products. */
function factsOf(model: Model, sequences: TokenSequences): Record<string, number> {
  const padded = (order: Order) =>
    batches(sequences, order).reduce((sum, b) => sum + b.length * Math.max(...b.map((s) => sequence(sequences, s).length)), 0);
  const { counters } = model;
  return {
    masks: count(sequences),
    tokens: sequences.ids.length,
    paddedRandom: padded('as they come'),
    paddedSorted: padded('by length'),
    gigaflopsOurs: Number(((counters.matmulFlops / counters.tokens) * sequences.ids.length * 1e-9).toFixed(1)),
  };
}

function count({ offsets }: TokenSequences): number {
  return offsets.length - 1;
}

function sequence({ ids, offsets }: TokenSequences, s: number): Uint32Array {
  return ids.subarray(offsets[s], offsets[s + 1]);
}

function firstOf(sequences: TokenSequences, n: number): TokenSequences {
  return together(Array.from({ length: n }, (_, s) => sequence(sequences, s)));
}

function together(lists: readonly Uint32Array[]): TokenSequences {
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, s) => {
    offsets[s + 1] = offsets[s] + list.length;
  });
  const ids = new Uint32Array(offsets[lists.length]);
  lists.forEach((list, s) => {
    ids.set(list, offsets[s]);
  });
  return { ids, offsets };
}

function missing(what: string): never {
  throw new Error(`removal: expected ${what}, which there is in Node only, got none`);
}
