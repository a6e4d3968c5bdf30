import type { ScoredSequences, TokenScores } from '../model.ts';
import { SCORE_COLUMNS } from '../token-scores.ts';
import type { Place } from './planner.ts';
import type { SortedSequences } from './sequences.ts';

/** Scores of sequences end to end, as they are found. */
export interface FoundScores {
  /** Takes those of the sequences from `first` on from the output rows of a run. */
  take(first: number, places: readonly Place[], output: Float32Array): void;
  /** All of them, in the order asked. */
  inOrder(asked: ScoredSequences, sourceOf: Uint32Array): TokenScores;
}

/** Room for the scores of sequences of which no two are equal. */
export function createScores(sequences: Pick<SortedSequences, 'offsets' | 'from'>): FoundScores {
  const starts = scoreStarts(sequences);
  const total = starts[starts.length - 1];
  const found = { logProbs: new Float64Array(total), best: new Uint32Array(total) };
  return {
    take(first, places, output) {
      places.forEach(({ row, target }, i) => {
        const at = row * SCORE_COLUMNS;
        found.logProbs[starts[first] + i] = output[at + 2 + target] - output[at] - Math.log(output[at + 1]);
        found.best[starts[first] + i] = output[at + 4];
      });
    },
    inOrder: (asked, sourceOf) => scatter(asked, sourceOf, starts, found),
  };
}

/** Where the scores of each sequence start, and behind them how many there are. */
function scoreStarts({ offsets, from }: Pick<ScoredSequences, 'offsets' | 'from'>): Uint32Array {
  const starts = new Uint32Array(from.length + 1);
  from.forEach((first, s) => {
    starts[s + 1] = starts[s] + offsets[s + 1] - offsets[s] - first;
  });
  return starts;
}

/** Scores in the order asked. */
function scatter(
  asked: ScoredSequences,
  sourceOf: Uint32Array,
  starts: Uint32Array,
  found: { logProbs: Float64Array; best: Uint32Array },
): { logProbs: Float64Array; best: Uint32Array } {
  const to = scoreStarts(asked);
  const out = { logProbs: new Float64Array(to[to.length - 1]), best: new Uint32Array(to[to.length - 1]) };
  sourceOf.forEach((source, s) => {
    const [start, end] = [starts[source], starts[source + 1]];
    out.logProbs.set(found.logProbs.subarray(start, end), to[s]);
    out.best.set(found.best.subarray(start, end), to[s]);
  });
  return out;
}
