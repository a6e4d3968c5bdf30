import type { ErrorCode } from '../../core/errors.ts';
import type { Inputs, RowCounts, Weights } from '../program.ts';
import type { Layout } from './layout.ts';

/** What the pool asks of a worker; each is answered in turn. `program` numbers what was prepared there. */
export type Request =
  | {
      readonly ask: 'prepare';
      readonly program: number;
      readonly module: WebAssembly.Module;
      readonly layout: Layout;
      readonly weights: Weights;
    }
  | { readonly ask: 'run'; readonly program: number; readonly inputs: Inputs; readonly counts: RowCounts; readonly serial: number }
  | { readonly ask: 'release'; readonly program: number };

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
