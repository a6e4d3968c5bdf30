import { type Masks, maskKey } from '../core/masks.ts';
import { type Reading, readingOf, type ScoreKind, type ScoreRows } from '../lens/scores.ts';
import { type Question, withKnown } from './prepare.ts';
import type { Prepared } from './prepared.ts';

/** The numbers of an output for each mask. */
export type Scorer = (masks: Masks, signal?: AbortSignal) => Promise<ScoreRows>;

/** How an output is read. */
export interface Asked {
  /** Its name. */
  readonly output: string;
  readonly labels?: readonly string[];
  readonly scores?: ScoreKind;
}

/** What of an output is explained; the whole input is passed once to find it. @throws usage, non-finite, and what scoring throws. */
export async function prepareScored(
  whole: Masks,
  scorer: Scorer,
  { target, scalar, signal }: Question,
  { output, labels, scores }: Asked,
): Promise<Pick<Prepared, 'target' | 'scalar' | 'valueFunction'>> {
  const rows = await scorer(whole, signal);
  const reading: Reading = readingOf(rows, output, labels, { target, scalar, scores });
  const valueFunction: Prepared['valueFunction'] = async (masks, options) => {
    const found = await scorer(masks, options?.signal);
    return Float32Array.from({ length: masks.count }, (_, r) => reading.read(found, r));
  };
  return {
    target: reading.target,
    scalar: reading.scalar,
    valueFunction: withKnown(valueFunction, new Map([[maskKey(whole, 0), reading.read(rows, 0)]])),
  };
}
