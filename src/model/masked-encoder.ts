import type { Activation } from '../compute/kernels.ts';
import { type Program, padWidth, type RowCounts } from '../compute/program.ts';
import type { BodyNames, WordHeadNames } from './architectures/architecture.ts';
import type { WeightTypes } from './causal/decoder.ts';
import type { StoredMatrix } from './causal/stored.ts';
import { tokenHead } from './causal/weights.ts';
import { body, bodyRows, bodyWeights, type EncoderSizes, linearWeights, norm, normWeights, paddedSizes, storedAs } from './encoder.ts';
import { type EncoderTensors, type MadeWeights, weightWriter, writeBody } from './encoder-weights.ts';
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
export function maskedProgram(sizes: MaskedSizes, capacity: RowCounts, types?: WeightTypes): Program {
  const { width, embeddingWidth } = paddedSizes(sizes);
  const words = { vocabulary: sizes.vocabulary, width: sizes.embeddingWidth };
  const rows = 'sequences';
  const activation = sizes.wordActivation;
  return {
    buffers: [
      ...bodyWeights(sizes, types),
      ...storedAs(
        [
          ...linearWeights('transform', width, embeddingWidth),
          ...normWeights('transform.norm', embeddingWidth),
          ...tokenScoreWeights(words),
        ],
        types,
      ),
      ...bodyRows(sizes, capacity),
      scratch('transformed', rows, embeddingWidth),
      scratch('normed', rows, embeddingWidth),
      ...tokenScoreRows(sizes.vocabulary),
    ],
    steps: [
      ...body(sizes, capacity),
      linear({ rows, input: 'readX', output: 'transformed', weight: 'transform', K: width, columns: embeddingWidth, activation }),
      norm(sizes, rows, 'transform.norm', 'transformed', 'normed', sizes.embeddingWidth),
      ...tokenScores(words, 'normed'),
    ],
    capacity,
  };
}

/** The weight buffers of `maskedProgram`; `words` (vocabulary, embedding width) leads to the words. */
export function maskedWeights(
  sizes: MaskedSizes,
  { names, wordNames }: { readonly names: BodyNames; readonly wordNames: WordHeadNames },
  tensors: EncoderTensors,
  words: StoredMatrix,
): MadeWeights {
  const writer = weightWriter(tensors);
  const { vocabulary, width, embeddingWidth } = sizes;
  writeBody(writer, sizes, names);
  writer.linear('transform', padWidth(width), padWidth(embeddingWidth), [
    { from: wordNames.dense, outputs: embeddingWidth, inputs: width },
  ]);
  writer.norm('transform.norm', wordNames.norm, embeddingWidth);
  const typeOf: WeightTypes = (buffer) => (buffer.endsWith('.weight') ? words.type : 'f32');
  writer.add(tokenHead(words, { vocabulary, width: embeddingWidth }, typeOf, tensors.take(wordNames.bias, [vocabulary])), typeOf);
  return writer.made();
}
