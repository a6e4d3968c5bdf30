import type { ValueFunction } from '../core/masks.ts';
import type { Player } from '../lens/player.ts';
import type { Origin } from './report.ts';
import type { Expected } from './word-prior.ts';

/** Everything a run needs to know before its first pass: who its players are, and what of the model is explained. */
export interface Prepared extends Pick<Origin, 'lens' | 'locked' | 'target' | 'scalar' | 'mask' | 'units'> {
  readonly players: readonly Player[];
  /** What the model was given where that is more than the text: players are pieces of it. */
  readonly text?: string;
  readonly valueFunction: ValueFunction;
  /** Milliseconds that a call of the value function should take, where it gains by many masks at once. */
  readonly batchMs?: number;
  /** As in an assignment. */
  readonly spareEnds?: boolean;
  /** Likewise. */
  readonly sequential?: boolean;
  /** What other texts lead to expect of the players. */
  readonly expected?: Expected;
  /** What of the question neither text nor options tell, such as a picture; a log is of one alone. */
  readonly asked?: Readonly<Record<string, unknown>>;
  /** Frees what the value function holds on the device. */
  readonly release?: () => void;
}
