import type { Backend } from '../compute/backend.ts';
import { WebspexError } from '../core/errors.ts';
import { type ClassifierParts, checkSequences, encode, wordTable } from './classifier.ts';
import { takeEmbeddings } from './encoder-weights.ts';
import { type LoadOptions, openEncoder, planProgram, sizesOf, tableSizes } from './load.ts';
import { maskedProgram, maskedWeights } from './masked-encoder.ts';
import type { BlankSequences, MaskedModel, ModelSource, TokenSequences } from './model.ts';
import { createPasses } from './passes.ts';
import { type Chunk, distinctSequences, noPasses, pick, sequenceCount } from './planner.ts';
import { SCORE_COLUMNS } from './token-scores.ts';

/**
 * Loads an encoder that names the word in a blank (masked language model) from a folder as `loadClassifier` does. @throws as it.
 */
export async function loadMasked(source: ModelSource, options: Omit<LoadOptions, 'head'>): Promise<MaskedModel> {
  const opened = await openEncoder(source, options, ['words']);
  const { config, tokenizer, maxTokens } = opened;
  if (tokenizer.special.mask === null)
    throw new WebspexError('bad-file', 'tokenizer.json: expected a mask token, got none; use the model’s own tokenizer');
  const { architecture, vocabularySize: vocabulary, tied } = config;
  const { names, wordNames } = architecture;
  const wordActivation = architecture.wordActivation ?? config.activation;
  const sizes = { ...sizesOf(config, SCORE_COLUMNS), vocabulary, wordActivation };
  const { capacity } = planProgram((rows) => maskedProgram(sizes, rows), maxTokens, options.backend);
  const tensors = await opened.readTensors([...wordNames.spare, ...(tied ? [wordNames.table] : [])]);
  const embeddings = takeEmbeddings(sizes, tableSizes(config), names, tensors);
  const words = tied ? embeddings.word : tensors.matrix(wordNames.table, vocabulary, sizes.embeddingWidth);
  const { weights, types } = maskedWeights(sizes, architecture, tensors, words);
  tensors.finish();
  const program = maskedProgram(sizes, capacity, types);
  const info = opened.info([]);
  const parts = { info, tokenizer, vocabulary, program, weights, embeddings, positions: config.places };
  const model = await createMasked(parts, options.backend);
  options.onProgress?.({ status: 'ready', name: info.id });
  return model;
}

/** A masked language model on a backend. */
async function createMasked(parts: Omit<ClassifierParts, 'gated'>, backend: Backend): Promise<MaskedModel> {
  const { info, tokenizer, vocabulary } = parts;
  const passes = await createPasses(parts.program, parts.weights, backend);
  const counters = noPasses();
  let destroyed = false;
  return {
    info,
    device: backend.info,
    tokenizer,
    words: wordTable(parts.embeddings),
    counters,
    async fill(asked, tokens, { signal } = {}) {
      if (destroyed) throw new WebspexError('usage', 'fill: expected a live model, got a destroyed one; load it again');
      checkSequences(asked, vocabulary, info.maxTokens);
      checkBlanks(asked, tokens, vocabulary);
      const { sequences, blanks, sourceOf } = distinctBlanks(asked);
      const scores = new Float32Array(blanks.length * SCORE_COLUMNS);
      const targets = [tokens[0], tokens[tokens.length - 1]];
      await encode(parts, passes, counters, {
        sequences,
        nameOf: (s) => `sequence ${sourceOf.indexOf(s)}`,
        inputs: ({ first, readRows, counts }: Chunk) => ({
          readRows: readRows.map((row, s) => row + blanks[first + s]),
          targets: Uint32Array.from({ length: 2 * counts.sequences }, (_, i) => targets[i % 2]),
        }),
        take: (first, values) => scores.set(values, first * SCORE_COLUMNS),
        signal,
      });
      counters.sequences += sourceOf.length;
      const logProbs = new Float64Array(sourceOf.length * tokens.length);
      const best = new Uint32Array(sourceOf.length);
      sourceOf.forEach((source, s) => {
        const at = source * SCORE_COLUMNS;
        for (let t = 0; t < tokens.length; t++)
          logProbs[s * tokens.length + t] = scores[at + 2 + t] - scores[at] - Math.log(scores[at + 1]);
        best[s] = scores[at + 4];
      });
      return { logProbs, best };
    },
    destroy() {
      destroyed = true;
      passes.destroy();
    },
  };
}

/** As `distinctSequences`; sequences with blanks in other places are others. */
function distinctBlanks({ ids, offsets, blanks }: BlankSequences): {
  sequences: TokenSequences;
  blanks: Uint32Array;
  sourceOf: Uint32Array;
} {
  const marked = new Uint32Array(ids.length + blanks.length);
  blanks.forEach((blank, s) => {
    marked.set(ids.subarray(offsets[s], offsets[s + 1]), offsets[s] + s);
    marked[offsets[s + 1] + s] = blank;
  });
  const { sequences, sourceOf } = distinctSequences({ ids: marked, offsets: offsets.map((offset, s) => offset + s) });
  const kept = new Array<number>(sequenceCount(sequences));
  for (let s = sourceOf.length - 1; s >= 0; s--) kept[sourceOf[s]] = s;
  return { sequences: pick({ ids, offsets }, kept), blanks: Uint32Array.from(kept, (s) => blanks[s]), sourceOf };
}

function checkBlanks({ offsets, blanks }: BlankSequences, tokens: readonly number[], vocabulary: number): void {
  const complain = (what: string, got: number | string) => {
    throw new WebspexError('usage', `fill: expected ${what}, got ${got}; give a place in each sequence, and one or two tokens`);
  };
  if (blanks.length !== offsets.length - 1) complain(`${offsets.length - 1} blanks`, blanks.length);
  blanks.forEach((blank, s) => {
    if (blank >= offsets[s + 1] - offsets[s]) complain(`a blank among the ${offsets[s + 1] - offsets[s]} tokens of sequence ${s}`, blank);
  });
  if (tokens.length < 1 || tokens.length > 2) complain('1 or 2 tokens', tokens.length);
  for (const token of tokens) if (!(token < vocabulary)) complain(`token ids below ${vocabulary}`, token);
}
