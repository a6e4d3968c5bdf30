import type { Activation } from '../compute/kernels.ts';
import { type Program, padWidth, type RowCounts, type Weights } from '../compute/program.ts';
import type { BodyNames, WordHeadNames } from './architectures/architecture.ts';
import { matrixOf } from './causal/stored.ts';
import { tokenHead } from './causal/weights.ts';
import { body, bodyRows, bodyWeights, type EncoderSizes, linearWeights, norm, normWeights, paddedSizes } from './encoder.ts';
import { type TakeTensor, weightWriter, writeBody } from './encoder-weights.ts';
import { linear, scratch } from './steps.ts';
import { tokenScoreRows, tokenScores, tokenScoreWeights } from './token-scores.ts';

/** Sizes of an encoder that names the word in a blank. */
export interface MaskedSizes extends EncoderSizes {
  readonly vocabulary: number;
  readonly wordActivation: Activation;
}

/**
 * The forward pass of a chunk up to the scores of tokens in one row of each sequence (Devlin et al. 2019, section 3.1, task 1): the body as
 * `encoderProgram` has it with `readRows` the blanks, a linear map, an activation and a norm, and the table of words. Inputs besides the
 * body's: targets (sequences, 2). Output: SCORE_COLUMNS of each sequence behind their stamp.
 */
export function maskedProgram(sizes: MaskedSizes, capacity: RowCounts): Program {
  const { width, embeddingWidth } = paddedSizes(sizes);
  const words = { vocabulary: sizes.vocabulary, width: sizes.embeddingWidth };
  const rows = 'sequences';
  const activation = sizes.wordActivation;
  return {
    buffers: [
      ...bodyWeights(sizes),
      ...linearWeights('transform', width, embeddingWidth),
      ...normWeights('transform.norm', embeddingWidth),
      ...tokenScoreWeights(words),
      ...bodyRows(sizes),
      scratch('transformed', rows, embeddingWidth),
      scratch('normed', rows, embeddingWidth),
      ...tokenScoreRows(sizes.vocabulary),
    ],
    steps: [
      ...body(sizes),
      linear({ rows, input: 'readX', output: 'transformed', weight: 'transform', K: width, columns: embeddingWidth, activation }),
      norm(sizes, rows, 'transform.norm', 'transformed', 'normed', sizes.embeddingWidth),
      ...tokenScores(words, 'normed'),
    ],
    capacity,
  };
}

/** The weight buffers of `maskedProgram`; `word` (vocabulary, embedding width) leads to the words. */
export function maskedWeights(
  sizes: MaskedSizes,
  { names, wordNames }: { readonly names: BodyNames; readonly wordNames: WordHeadNames },
  take: TakeTensor,
  word: Float32Array,
): Weights {
  const writer = weightWriter(take);
  writeBody(writer, sizes, names);
  const K = padWidth(sizes.width);
  writer.room('transform', K, padWidth(sizes.embeddingWidth));
  writer.place('transform', wordNames.dense, sizes.embeddingWidth, sizes.width, { K });
  writer.norm('transform.norm', wordNames.norm, sizes.embeddingWidth);
  const bias = take(wordNames.bias, [sizes.vocabulary]);
  const { vocabulary, embeddingWidth } = sizes;
  const head = matrixOf(word, vocabulary, embeddingWidth);
  return new Map([...writer.out, ...tokenHead(head, { vocabulary, width: embeddingWidth }, () => 'f32', bias)]);
}
