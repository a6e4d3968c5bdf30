import { readFileSync } from 'node:fs';
import { createRandom } from '../../../src/core/random.ts';
import type { CausalModel, Model, Tokenizer, TokenSequences, WordTable } from '../../../src/model/model.ts';
import { loadTokenizer } from '../../../src/model/tokenizer.ts';

/** The tokenizer of the embedded model. */
export const tokenizer = loadTokenizer(readFileSync(new URL('../../../models/minilm-sst2/tokenizer.json', import.meta.url)));

/** A model whose logits are a function of the token ids; it keeps what it was asked. */
export function modelOf(
  labels: readonly string[],
  logitsOf: (ids: number[]) => number[],
  options: { tokenizer?: Tokenizer; maxTokens?: number } = {},
): Model & { asked: TokenSequences[] } {
  const asked: TokenSequences[] = [];
  return {
    info: {
      id: 'test',
      revision: '',
      sha256: '',
      dtype: 'f32',
      architecture: 'BertForSequenceClassification',
      labels,
      maxTokens: options.maxTokens ?? 512,
    },
    device: { backend: 'reference', adapter: 'test', software: true },
    tokenizer: options.tokenizer ?? tokenizer,
    counters: { sequences: 0, distinctSequences: 0, tokens: 0, tableRows: 0, paddedTokens: 0, chunks: 0, matmulFlops: 0 },
    asked,
    async classify(sequences) {
      asked.push(sequences);
      return Float32Array.from(sequencesOf(sequences).flatMap(logitsOf));
    },
    destroy() {},
  };
}

/** Token sequences as lists of ids. */
export function sequencesOf({ ids, offsets }: TokenSequences): number[][] {
  return Array.from({ length: offsets.length - 1 }, (_, s) => [...ids.slice(offsets[s], offsets[s + 1])]);
}

/** The byte-level BPE tokenizer of the tiny GPT-2: small letters, blanks and a few words with the blank before them. */
export const bpe = loadTokenizer(readFileSync(new URL('../../model/golden/tiny-decoders/gpt2/tokenizer.json', import.meta.url)));

/** A causal model in which the chance of a token is given by those before it; it keeps what it was asked. */
export function causalOf(
  logProb: (before: number[], token: number) => number,
  options: { tokenizer?: Tokenizer; maxTokens?: number; begin?: number | null; best?: (before: number[]) => number } = {},
): CausalModel & { asked: number[][]; kept: (TokenSequences | undefined)[] } {
  const asked: number[][] = [];
  const kept: (TokenSequences | undefined)[] = [];
  return {
    info: {
      id: 'test',
      revision: '',
      sha256: '',
      dtype: 'f32',
      architecture: 'GPT2LMHeadModel',
      labels: [],
      maxTokens: options.maxTokens ?? 64,
    },
    device: { backend: 'reference', adapter: 'test', software: true },
    tokenizer: options.tokenizer ?? bpe,
    begin: options.begin === undefined ? 60 : options.begin,
    ends: [60],
    counters: {
      sequences: 0,
      distinctSequences: 0,
      tokens: 0,
      sharedTokens: 0,
      keptTokens: 0,
      tableRows: 0,
      readRows: 0,
      chunks: 0,
      matmulFlops: 0,
    },
    asked,
    kept,
    async score(sequences, { keep } = {}) {
      kept.push(keep);
      const logProbs: number[] = [];
      const best: number[] = [];
      sequencesOf(sequences).forEach((ids, s) => {
        asked.push(ids);
        for (let i = sequences.from[s]; i < ids.length; i++) {
          logProbs.push(logProb(ids.slice(0, i), ids[i]));
          best.push(options.best?.(ids.slice(0, i)) ?? 0);
        }
      });
      return { logProbs: Float64Array.from(logProbs), best: Uint32Array.from(best) };
    },
    destroy() {},
  };
}

/** A table of normal numbers. */
export function tableOf(rows: number, width: number, seed: number): WordTable {
  const random = createRandom(seed);
  const values = Float32Array.from({ length: rows * width }, () => random.normal());
  return { width, row: (token, out) => out.set(values.subarray(token * width, (token + 1) * width)) };
}
