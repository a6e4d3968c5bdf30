import type { Backend, Executable, RunOptions } from '../compute/backend.ts';
import { matmulFlops, type Program, type RowCounts, type Weights } from '../compute/program.ts';
import { throwIfAborted, WebspexError } from '../core/errors.ts';
import { type Embeddings, embeddingSums } from './encoder-weights.ts';
import type { Model, ModelInfo, PassCounters, Tokenizer, TokenSequences } from './model.ts';
import {
  type Chunk,
  type DistinctSequences,
  distinctSequences,
  type Positions,
  packChunk,
  paddedRows,
  scatterRows,
  sequenceCount,
} from './planner.ts';

/** Everything a classifier is made of, apart from the device. */
export interface ClassifierParts {
  readonly info: ModelInfo;
  readonly tokenizer: Tokenizer;
  readonly vocabulary: number;
  readonly program: Program;
  readonly weights: Weights;
  readonly embeddings: Embeddings;
  readonly positions: Positions;
}

/** Chunks given to the device and not yet read back, where it does not say how many it wants. */
const IN_FLIGHT = 2;
/** Rows below which another thread's chunk costs more than it saves. */
const LEAST_SHARE = 64;

/** A model on a backend: plans each call, keeps as many chunks in flight as the backend wants, and sizes them by how long they take. */
export async function createClassifier(parts: ClassifierParts, backend: Backend): Promise<Model> {
  const { info, program, embeddings } = parts;
  const labels = info.labels.length;
  const inFlight = backend.limits.inFlight ?? IN_FLIGHT;
  let executable = await backend.prepare(program, parts.weights);
  let destroyed = false;
  const pace = createPace(backend, program.capacity);
  const counters: PassCounters = {
    sequences: 0,
    distinctSequences: 0,
    tokens: 0,
    tableRows: 0,
    paddedTokens: 0,
    chunks: 0,
    matmulFlops: 0,
  };

  const count = (chunk: Chunk) => {
    counters.distinctSequences += chunk.counts.sequences;
    counters.tokens += chunk.counts.tokens;
    counters.tableRows += chunk.counts.tableRows;
    counters.paddedTokens += paddedRows(chunk);
    counters.chunks += 1;
    counters.matmulFlops += matmulFlops(program, chunk.counts);
  };

  /** Computes the sequences from `start` on that fill `out`; says how far it got where the device fails. */
  const compute = async (
    { sequences, sourceOf }: DistinctSequences,
    out: Float32Array,
    done: { sequences: number },
    signal?: AbortSignal,
  ) => {
    const flying: { chunk: Chunk; result: Promise<Float32Array>; started: number }[] = [];
    let next = done.sequences;
    const share = shareOf(sequences, next, backend.limits.threads ?? 1);
    try {
      while (next < sequenceCount(sequences) || flying.length > 0) {
        if (next < sequenceCount(sequences) && flying.length < inFlight) {
          throwIfAborted(signal);
          const chunk = packChunk(sequences, next, Math.min(pace.tokens(), share), program.capacity, parts.positions);
          const nameRow = (row: number) => `sequence ${sourceOf.indexOf(chunk.first + row)}`;
          flying.push({ chunk, result: start(executable, embeddings, chunk, { signal, nameRow }), started: performance.now() });
          next += chunk.counts.sequences;
          continue;
        }
        const { chunk, result, started } = flying[0];
        out.set(await result, chunk.first * labels);
        flying.shift();
        pace.took(chunk.counts.tokens, started);
        count(chunk);
        done.sequences = chunk.first + chunk.counts.sequences;
      }
    } finally {
      for (const { result } of flying) result.catch(() => {});
    }
  };

  return {
    info,
    device: backend.info,
    tokenizer: parts.tokenizer,
    counters,
    async classify(asked, { signal } = {}) {
      if (destroyed) throw new WebspexError('usage', 'classify: expected a live model, got a destroyed one; load it again');
      checkSequences(asked, parts.vocabulary, info.maxTokens);
      const distinct = distinctSequences(asked);
      const out = new Float32Array(sequenceCount(distinct.sequences) * labels);
      const done = { sequences: 0 };
      try {
        await compute(distinct, out, done, signal);
      } catch (error) {
        // One new device for each call: what was read back before the loss stays, the rest is computed again.
        if (!(error instanceof WebspexError && error.code === 'device-lost') || !backend.reopen || destroyed) throw error;
        executable.destroy();
        await backend.reopen();
        executable = await backend.prepare(program, parts.weights);
        await compute(distinct, out, done, signal);
      }
      counters.sequences += sequenceCount(asked);
      return scatterRows(out, distinct.sourceOf, labels);
    },
    destroy() {
      destroyed = true;
      executable.destroy();
    },
  };
}

/** Rows of a chunk where what is left from `first` on is cut into one for each thread; short of many threads, a chunk keeps some rows. */
function shareOf({ offsets }: TokenSequences, first: number, threads: number): number {
  if (threads === 1) return Number.POSITIVE_INFINITY;
  let longest = 0;
  for (let s = first; s + 1 < offsets.length; s++) longest = Math.max(longest, offsets[s + 1] - offsets[s]);
  const rows = offsets[offsets.length - 1] - offsets[first];
  // Sequences stay whole: with room for one more, no small rest is left over.
  return Math.max(Math.ceil(rows / threads) + longest, LEAST_SHARE);
}

function start(executable: Executable, embeddings: Embeddings, chunk: Chunk, options: RunOptions): Promise<Float32Array> {
  const { tableRow, rowRanges, readRanges, readRows, counts } = chunk;
  const inputs = { tableSum: embeddingSums(embeddings, chunk), tableRow, rowRanges, readRanges, readRows };
  const result = executable.run(inputs, counts, options);
  result.catch(() => {});
  return result;
}

/** Grows and shrinks chunks, by at most twofold a time, towards the time the backend wants one to take. */
function createPace({ limits }: Backend, capacity: RowCounts) {
  const most = Math.min(limits.mostTokens, capacity.tokens);
  let tokens = Math.min(limits.firstTokens, most);
  let lastEnd = 0;
  return {
    tokens: () => Math.round(tokens),
    took(rows: number, started: number) {
      const now = performance.now();
      const ms = Math.max(now - Math.max(started, lastEnd), 0.1);
      lastEnd = now;
      // A chunk cut short by the end of its call says little about a full one.
      if (rows * 2 < tokens) return;
      const wanted = (rows * limits.targetMs) / ms;
      tokens = Math.min(Math.max(wanted, tokens / 2, Math.min(limits.firstTokens / 4, most)), tokens * 2, most);
    },
  };
}

function checkSequences({ ids, offsets }: TokenSequences, vocabulary: number, maxTokens: number): void {
  if (offsets.length === 0 || offsets[0] !== 0 || offsets[offsets.length - 1] !== ids.length)
    throw new WebspexError('usage', `sequences: expected offsets from 0 to ${ids.length}, got others; give one more offset than sequences`);
  for (let s = 0; s + 1 < offsets.length; s++) {
    const length = offsets[s + 1] - offsets[s];
    if (offsets[s + 1] <= offsets[s])
      throw new WebspexError('empty-input', `sequence ${s}: expected at least 1 token, got none; give it some`);
    if (length > maxTokens)
      throw new WebspexError('too-long', `text: expected at most ${maxTokens} tokens, got ${length}; shorten it, or explain it in parts`);
  }
  for (let i = 0; i < ids.length; i++)
    if (ids[i] >= vocabulary)
      throw new WebspexError('usage', `sequences: expected token ids below ${vocabulary}, got ${ids[i]}; use this model's tokenizer`);
}
