import type { DeviceInfo } from '../compute/backend.ts';
import type { ChatTemplate } from './causal/chat.ts';

export type { DeviceInfo } from '../compute/backend.ts';

export interface ModelInfo {
  readonly id: string;
  readonly revision: string;
  /** SHA-256 of the weights file, hexadecimal; of several files, that of their hashes end to end. */
  readonly sha256: string;
  readonly dtype: 'f32' | 'f16' | 'unknown';
  readonly architecture: string;
  readonly labels: readonly string[];
  /** Longest sequence, special tokens included. */
  readonly maxTokens: number;
}

/** Token sequences of different lengths, end to end: sequence s is ids[offsets[s] … offsets[s + 1] − 1], special tokens included. */
export interface TokenSequences {
  readonly ids: Uint32Array;
  readonly offsets: Uint32Array;
}

/** Tokens of one text without special tokens; [start, end) are UTF-16 offsets into the text as given. */
export interface Encoding {
  readonly ids: Uint32Array;
  readonly tokens: readonly string[];
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Ids of the special tokens that a model expects around a text, and between two; null where its file gives no pair. */
export interface Wrapping {
  readonly before: Uint32Array;
  readonly between: Uint32Array | null;
  readonly after: Uint32Array;
}

export interface Tokenizer {
  readonly vocabularySize: number;
  readonly wrapping: Wrapping;
  /** Ids of the special tokens the model knows; null where it has none. */
  readonly special: {
    readonly cls: number | null;
    readonly sep: number | null;
    readonly mask: number | null;
    readonly unk: number | null;
    readonly pad: number | null;
  };
  encode(text: string): Encoding;
  /** The text that tokens stand for, special tokens by name; what is no UTF-8 becomes U+FFFD. @throws usage for an id that is none. */
  decode(ids: ArrayLike<number>): string;
  /** The id of a token as the vocabulary writes it, or null. */
  idOf(token: string): number | null;
}

/** Exact counters of the work done, for tests and benchmarks. */
export interface PassCounters {
  sequences: number;
  distinctSequences: number;
  tokens: number;
  tableRows: number;
  paddedTokens: number;
  chunks: number;
  matmulFlops: number;
}

/** For each sequence a number on every attention head and MLP block, by which its output is multiplied. */
export interface Gates {
  /** (sequences, layers · (heads + 1)): of each layer its heads, then its MLP block. A gate of 1 changes nothing. */
  readonly values: Float32Array;
  /** What an output fades into as its gate goes to 0, from `components.means`; default 0. */
  readonly means?: Float32Array;
  /** The first layer with any gate other than 1: what comes before it is computed once for each text. Default 0. */
  readonly from?: number;
}

/** The attention heads and MLP blocks of a model, which `classify` or `score` takes gates for. */
export interface Components {
  readonly layers: number;
  /** Heads of a layer. */
  readonly heads: number;
  /** Mean output of every head and block over all tokens of the sequences, laid out as the engine takes it back in `Gates.means`. */
  means(sequences: TokenSequences, options?: { signal?: AbortSignal }): Promise<Float32Array>;
}

/** What a model makes of single tokens before its first layer: rows of its table of words. */
export interface WordTable {
  readonly width: number;
  /** Writes the row of a token as float32. @throws bad-file where a number of it is NaN or infinite. */
  row(token: number, out: Float32Array): void;
}

/** A loaded classifier. One call at a time; the device belongs to whoever created it. */
export interface Model {
  readonly info: ModelInfo;
  readonly device: DeviceInfo;
  readonly tokenizer: Tokenizer;
  /** Left out where the model shows none. */
  readonly words?: WordTable;
  readonly counters: Readonly<PassCounters>;
  /** Left out where the model takes no gates. */
  readonly components?: Components;
  /** Logits (count, labels), row-major, in the order of the sequences; equal sequences with equal gates are computed once. */
  classify(sequences: TokenSequences, options?: { signal?: AbortSignal; gates?: Gates }): Promise<Float32Array>;
  destroy(): void;
}

/** Token sequences of which the last tokens are scored: from[s] is the place in sequence s of the first one, at least 1. */
export interface ScoredSequences extends TokenSequences {
  readonly from: Uint32Array;
}

/** What a causal model says of the scored tokens, end to end in the order of the sequences. */
export interface TokenScores {
  /** ln P(token | those before it). */
  readonly logProbs: Float64Array;
  /** The token that was likeliest in its place; the first of equal ones. */
  readonly best: Uint32Array;
}

/** Token sequences with a blank each: blanks[s] is its place in sequence s. */
export interface BlankSequences extends TokenSequences {
  readonly blanks: Uint32Array;
}

/** A loaded masked language model. One call at a time; the device belongs to whoever created it. */
export interface MaskedModel {
  readonly info: ModelInfo;
  readonly device: DeviceInfo;
  readonly tokenizer: Tokenizer;
  /** Left out where the model shows none. */
  readonly words?: WordTable;
  readonly counters: Readonly<PassCounters>;
  /** For each sequence ln P(token in its blank) of one or two tokens, side by side, and the likeliest token there; the first of equal ones. */
  fill(
    sequences: BlankSequences,
    tokens: readonly number[],
    options?: { signal?: AbortSignal },
  ): Promise<{ readonly logProbs: Float64Array; readonly best: Uint32Array }>;
  destroy(): void;
}

/** Exact counters of the work done on trees of prefixes, for tests and benchmarks. */
export interface TreeCounters {
  sequences: number;
  distinctSequences: number;
  /** Rows computed; rows that were not because another sequence of the run had them, or because they were kept from an earlier one. */
  tokens: number;
  sharedTokens: number;
  keptTokens: number;
  tableRows: number;
  /** Rows whose scores over the vocabulary were computed. */
  readRows: number;
  chunks: number;
  matmulFlops: number;
}

/** A loaded causal language model. One call at a time; the device belongs to whoever created it. */
export interface CausalModel {
  readonly info: ModelInfo;
  readonly device: DeviceInfo;
  readonly tokenizer: Tokenizer;
  /** The token that a text begins with, where the model has one. */
  readonly begin: number | null;
  /** Tokens that end an answer. */
  readonly ends: readonly number[];
  /** Left out where the model shows none. */
  readonly words?: WordTable;
  readonly counters: Readonly<TreeCounters>;
  /** Its attention heads and MLP blocks, which `score` takes gates for; left out where it takes none. */
  readonly components?: Components;
  /** The template of its chats, read when it is asked for; null where there is none. @throws bad-file, hash-mismatch. */
  readonly chat?: () => Promise<ChatTemplate | null>;
  /**
   * Scores of the last tokens of each sequence; what sequences begin with alike is computed once. `keep`: beginnings, the most wanted first,
   * that later calls will need too; as far as there is room their keys and values stay on the device, until others are wanted. With gates
   * nothing is kept.
   */
  score(sequences: ScoredSequences, options?: { signal?: AbortSignal; keep?: TokenSequences; gates?: Gates }): Promise<TokenScores>;
  destroy(): void;
}

/** A loaded model of any kind. */
export type AnyModel = Model | MaskedModel | CausalModel;

export interface ProgressEvent {
  readonly status: 'initiate' | 'download' | 'progress' | 'done' | 'ready';
  readonly name: string;
  readonly file?: string;
  readonly loaded?: number;
  readonly total?: number;
  /** 0 to 100. */
  readonly progress?: number;
}

/** Reads the files of one model folder, wherever it lives. */
export interface ModelSource {
  readonly id: string;
  readonly revision: string;
  /** @throws not-found naming the file and the place. */
  read(file: string, onProgress?: (event: ProgressEvent) => void): Promise<Uint8Array>;
}
