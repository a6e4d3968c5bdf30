import type { Backend, Executable } from '../compute/backend.ts';
import type { Inputs, Program, RowCounts, Weights } from '../compute/program.ts';
import { release } from '../compute/release.ts';
import { throwIfAborted, WebspexError } from '../core/errors.ts';

/** One run of a program, and what becomes of its output rows. */
export interface Piece {
  readonly inputs: Inputs;
  readonly counts: RowCounts;
  /** Units of work it does. */
  readonly units: number;
  /** Rows that say how long it takes; default its tokens. */
  readonly rows?: number;
  readonly nameRow: (row: number) => string;
  /** As in RunOptions. */
  readonly everywhere?: boolean;
  take(rows: Float32Array): void;
}

/** The work of one call, cut into pieces on the way. */
export interface Work {
  /** Another program of the same weights than the first; it stays prepared in place of the one before. */
  readonly program?: Program;
  readonly units: number;
  /** Rows of the units from `next` on, and of the largest unit. */
  readonly rows: (next: number) => number;
  readonly longest: number;
  /** Packs units from `next` on into about so many rows. */
  pack(next: number, rows: number): Piece;
}

/** A model's weights on a backend, with one program prepared. One call at a time. */
export interface Passes {
  /** Another number each time a program is prepared: what runs left in scratch buffers is there as long as it stays. */
  readonly generation: number;
  /** Does all the work; where the device is lost, what was taken stays and the rest is computed again, once. @throws as runs do. */
  run(work: Work, signal?: AbortSignal): Promise<void>;
  destroy(): void;
}

/** Runs given to the device and not yet read back, where it does not say how many it wants. */
const IN_FLIGHT = 2;
/** Rows below which another thread's run costs more than it saves. */
const LEAST_SHARE = 64;

/** Weights at hand, or made anew each time a device needs them, which is rarely: nothing holds them in between. */
export type WeightsSource = Weights | (() => Weights);

/** Prepares a program, keeps as many runs in flight as the backend wants, and sizes them by how long they take. */
export async function createPasses(first: Program, weights: WeightsSource, backend: Backend): Promise<Passes> {
  let generation = 0;
  const prepare = async (program: Program) => {
    generation++;
    if (typeof weights !== 'function') return backend.prepare(program, weights);
    const made = weights();
    try {
      return await backend.prepare(program, made);
    } finally {
      if (!backend.keepsWeights) release(made.values());
    }
  };
  let prepared: { program: Program; executable: Executable } | null = { program: first, executable: await prepare(first) };
  let destroyed = false;
  const inFlight = backend.limits.inFlight ?? IN_FLIGHT;
  const pace = createPace(backend, first.capacity);

  const giveUp = () => {
    prepared?.executable.destroy();
    prepared = null;
  };
  const executableOf = async (program: Program) => {
    if (prepared?.program !== program) {
      giveUp();
      prepared = { program, executable: await prepare(program) };
    }
    return prepared.executable;
  };

  const compute = async (work: Work, done: { units: number }, signal?: AbortSignal) => {
    const program = work.program ?? first;
    const executable = await executableOf(program);
    const flying: { piece: Piece; result: Promise<Float32Array>; started: number }[] = [];
    let next = done.units;
    const share = shareOf(work, next, backend.limits.threads ?? 1);
    try {
      while (next < work.units || flying.length > 0) {
        if (next < work.units && flying.length < inFlight) {
          throwIfAborted(signal);
          const piece = work.pack(next, Math.min(pace.rows(), share, program.capacity.tokens));
          const { inputs, counts, nameRow, everywhere } = piece;
          const result = executable.run(inputs, counts, { signal, nameRow, everywhere });
          result.catch(() => {});
          flying.push({ piece, result, started: performance.now() });
          next += piece.units;
          continue;
        }
        const { piece, result, started } = flying[0];
        piece.take(await result);
        flying.shift();
        pace.took(piece.rows ?? piece.counts.tokens, started);
        done.units += piece.units;
      }
    } finally {
      for (const { result } of flying) result.catch(() => {});
    }
  };

  return {
    get generation() {
      return generation;
    },
    async run(work, signal) {
      const done = { units: 0 };
      try {
        await compute(work, done, signal);
      } catch (error) {
        if (!(error instanceof WebspexError && error.code === 'device-lost') || !backend.reopen || destroyed) throw error;
        giveUp();
        await backend.reopen();
        await compute(work, done, signal);
      }
    },
    destroy() {
      destroyed = true;
      giveUp();
    },
  };
}

/** Rows of a run where what is left is cut into one for each thread; short of many threads, a run keeps some rows. */
function shareOf(work: Work, next: number, threads: number): number {
  if (threads === 1) return Number.POSITIVE_INFINITY;
  // Units stay whole: with room for one more, no small rest is left over.
  return Math.max(Math.ceil(work.rows(next) / threads) + work.longest, LEAST_SHARE);
}

/** Grows and shrinks runs, by at most twofold a time, towards the time the backend wants one to take. */
function createPace({ limits }: Backend, capacity: RowCounts) {
  const most = Math.min(limits.mostTokens, capacity.tokens);
  let rows = Math.min(limits.firstTokens, most);
  let lastEnd = 0;
  return {
    rows: () => Math.round(rows),
    took(used: number, started: number) {
      const now = performance.now();
      const ms = Math.max(now - Math.max(started, lastEnd), 0.1);
      lastEnd = now;
      // A run cut short by the end of its call says little about a full one.
      if (used * 2 < rows) return;
      const wanted = (used * limits.targetMs) / ms;
      rows = Math.min(Math.max(wanted, rows / 2, Math.min(limits.leastTokens, most)), rows * 2, most);
    },
  };
}
