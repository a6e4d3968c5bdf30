import type { Backend } from '../compute/backend.ts';
import type { Inputs, Program, Weights } from '../compute/program.ts';
import { WebspexError } from '../core/errors.ts';
import { type Embeddings, embeddingSums } from './encoder-weights.ts';
import { createGated, type GatedPrograms } from './gated.ts';
import type { Model, ModelInfo, PassCounters, Tokenizer, TokenSequences, WordTable } from './model.ts';
import { createPasses, type Passes, type Piece } from './passes.ts';
import {
  type Chunk,
  countChunk,
  distinctSequences,
  noPasses,
  type Positions,
  packChunk,
  paddedRows,
  scatterRows,
  sequenceCount,
  unitsOf,
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
  /** Programs with gates on heads and blocks; left out, the model takes none. */
  readonly gated?: GatedPrograms;
}

/** A model on a backend: plans each call, keeps as many chunks in flight as the backend wants, and sizes them by how long they take. */
export async function createClassifier(parts: ClassifierParts, backend: Backend): Promise<Model> {
  const { info, program } = parts;
  const labels = info.labels.length;
  const passes = await createPasses(program, parts.weights, backend);
  let destroyed = false;
  const counters = noPasses();
  const check = (asked: TokenSequences) => {
    if (destroyed) throw new WebspexError('usage', 'classify: expected a live model, got a destroyed one; load it again');
    checkSequences(asked, parts.vocabulary, info.maxTokens);
  };
  const gated = parts.gated && createGated(parts, parts.gated, passes, counters);
  return {
    info,
    device: backend.info,
    tokenizer: parts.tokenizer,
    words: wordTable(parts.embeddings),
    counters,
    components: gated && {
      layers: gated.layers,
      heads: gated.heads,
      async means(asked, { signal } = {}) {
        check(asked);
        return gated.means(asked, signal);
      },
    },
    async classify(asked, { signal, gates } = {}) {
      check(asked);
      if (gates && !gated)
        throw new WebspexError('usage', `classify: expected a model that takes gates, got ${info.architecture}; leave them out`);
      const logits =
        gates && gated ? await gated.classify(asked, gates, signal) : await classifyPlain(parts, passes, counters, asked, labels, signal);
      counters.sequences += sequenceCount(asked);
      return logits;
    },
    destroy() {
      destroyed = true;
      passes.destroy();
    },
  };
}

export function wordTable({ width, word }: Embeddings): WordTable {
  return { width, row: (token, out) => word.row(token, out) };
}

async function classifyPlain(
  parts: ClassifierParts,
  passes: Passes,
  counters: PassCounters,
  asked: TokenSequences,
  labels: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const { sequences, sourceOf } = distinctSequences(asked);
  const out = new Float32Array(sequenceCount(sequences) * labels);
  const nameOf = (s: number) => `sequence ${sourceOf.indexOf(s)}`;
  const take = (first: number, values: Float32Array) => out.set(values, first * labels);
  await encode(parts, passes, counters, { sequences, nameOf, take, signal });
  return scatterRows(out, sourceOf, labels);
}

/** Distinct sequences on their way through an encoder. */
interface Encoded {
  readonly sequences: TokenSequences;
  readonly nameOf: (sequence: number) => string;
  /** Inputs of a chunk beside, or in place of, those of every encoder. */
  readonly inputs?: (chunk: Chunk) => Inputs;
  /** The output rows of sequences from `first` on. */
  readonly take: (first: number, values: Float32Array) => void;
  readonly signal?: AbortSignal;
}

/** Runs the program of an encoder over sequences, chunk by chunk. */
export async function encode(
  { program, embeddings, positions }: Pick<ClassifierParts, 'program' | 'embeddings' | 'positions'>,
  passes: Passes,
  counters: PassCounters,
  { sequences, nameOf, inputs, take, signal }: Encoded,
): Promise<void> {
  const pack = (first: number, rows: number): Piece => {
    const chunk = packChunk(sequences, first, rows, program.capacity, positions);
    const { tableRow, rowRanges, readRanges, readRows, counts } = chunk;
    return {
      units: counts.sequences,
      inputs: { tableSum: embeddingSums(embeddings, chunk), tableRow, rowRanges, readRanges, readRows, ...inputs?.(chunk) },
      counts,
      nameRow: (row) => nameOf(first + row),
      take(values) {
        take(first, values);
        countChunk(counters, program, counts, paddedRows(chunk));
      },
    };
  };
  await passes.run({ program, ...unitsOf(sequences.offsets), pack }, signal);
}

export function checkSequences({ ids, offsets }: TokenSequences, vocabulary: number, maxTokens: number): void {
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
