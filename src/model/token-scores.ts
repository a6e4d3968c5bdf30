import { type BufferSpec, padWidth, type Step } from '../compute/program.ts';
import { STAMP_COLUMNS } from '../compute/stamp.ts';
import { input, linear, scratch } from './steps.ts';

/** A head over a vocabulary: how many tokens, and how wide the rows that it takes are. */
export interface TokenHead {
  readonly vocabulary: number;
  readonly width: number;
}

/** Tokens whose logits are in memory at once, so that a head of any vocabulary is in buffers of a size that any device allows. */
const STRETCH = 4096;

/** Stretches of the vocabulary: the first token of each, and how many there are. */
export function stretches(vocabulary: number): readonly { readonly first: number; readonly count: number }[] {
  return Array.from({ length: Math.ceil(vocabulary / STRETCH) }, (_, i) => ({
    first: i * STRETCH,
    count: Math.min(STRETCH, vocabulary - i * STRETCH),
  }));
}

/** Columns of an output row: highest logit, Σ e^(logit − highest), the logits of two targets, the token of the highest logit. */
export const SCORE_COLUMNS = 5;
/** Columns that `token-scores` keeps. */
const STATE_COLUMNS = 8;

/** What `tokenScores` takes besides its rows, and what it writes. */
export function tokenScoreRows(vocabulary: number): BufferSpec[] {
  return [
    input('targets', 'sequences', 2),
    scratch('logits', 'sequences', padWidth(Math.min(STRETCH, vocabulary))),
    scratch('scores', 'sequences', STATE_COLUMNS),
    { name: 'output', kind: 'output', type: 'u32', rows: 'sequences', columns: SCORE_COLUMNS + STAMP_COLUMNS },
  ];
}

/** The weights of `tokenScores`. */
export function tokenScoreWeights({ vocabulary, width }: TokenHead): BufferSpec[] {
  return stretches(vocabulary).flatMap(({ count }, i): BufferSpec[] => [
    { name: `head.${i}.weight`, kind: 'weight', type: 'f32', rows: padWidth(width), columns: padWidth(count) },
    { name: `head.${i}.bias`, kind: 'weight', type: 'f32', rows: 1, columns: padWidth(count) },
  ]);
}

/** SCORE_COLUMNS of each row (sequences, width) of `hidden`, the vocabulary a stretch at a time. */
export function tokenScores(sizes: TokenHead, hidden: string): Step[] {
  const width = padWidth(sizes.width);
  const rows = 'sequences';
  return [
    ...stretches(sizes.vocabulary).flatMap(({ first, count }, i): Step[] => [
      linear({ rows, input: hidden, output: 'logits', weight: `head.${i}`, K: width, columns: padWidth(count) }),
      {
        kernel: 'token-scores',
        rows,
        bindings: { logits: 'logits', targets: 'targets', output: 'scores' },
        constants: {},
        params: { columns: count, logitStride: padWidth(count), firstToken: first },
      },
    ]),
    {
      kernel: 'finish',
      rows,
      bindings: { hidden, logits: 'scores', output: 'output' },
      constants: { WIDTH: sizes.width, LABELS: SCORE_COLUMNS },
      params: { hiddenStride: width, logitStride: STATE_COLUMNS },
    },
  ];
}
