import type { ErrorCode } from '../../core/errors.ts';
import type { Inputs, RowCounts, Weights } from '../program.ts';
import type { Layout, WeightPlaces } from './layout.ts';

/**
 * What the pool asks of a worker; each is answered in turn. `store` numbers weights that were uploaded there, `program` what was prepared with
 * them; weights that are released stay as long as a program has them.
 */
export type Request =
  | { readonly ask: 'upload'; readonly store: number; readonly places: WeightPlaces; readonly weights: Weights; readonly bytes: number }
  | {
      readonly ask: 'prepare';
      readonly program: number;
      readonly store: number;
      readonly module: WebAssembly.Module;
      readonly layout: Layout;
    }
  | { readonly ask: 'run'; readonly program: number; readonly inputs: Inputs; readonly counts: RowCounts; readonly serial: number }
  | { readonly ask: 'release'; readonly program: number }
  | { readonly ask: 'release-weights'; readonly store: number };

/** Said past the queue and not answered: the run of that number is not wanted any more. */
export interface Stop {
  readonly ask: 'stop';
  readonly program: number;
  readonly serial: number;
}

export type Answer =
  | { readonly answer: 'ready' }
  | { readonly answer: 'done'; readonly words?: Uint32Array<ArrayBuffer> }
  | { readonly answer: 'failed'; readonly code: ErrorCode; readonly message: string };
