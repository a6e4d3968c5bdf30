import { readFileSync } from 'node:fs';
import type { Model, Tokenizer, TokenSequences } from '../../../src/model/model.ts';
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
