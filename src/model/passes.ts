import type { Backend, DeviceWeights, Executable } from '../compute/backend.ts';
import { bufferWords, type Inputs, type Program, type RowCounts, type Weights } from '../compute/program.ts';
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
  /** Another program of the same weights than the first. */
  readonly program?: Program;
  readonly units: number;
  /** Rows of the units from `next` on, and of the largest unit. */
  readonly rows: (next: number) => number;
  readonly longest: number;
  /** Packs units from `next` on into about so many rows. */
  pack(next: number, rows: number): Piece;
}

/** A model's weights on a backend, once for all its programs, of which those used last are prepared. One call at a time. */
export interface Passes {
  /** Another number each time the first program is prepared: what its runs left in scratch buffers is there as long as it stays. */
  readonly generation: number;
  /** Does all the work; where the device is lost, what was taken stays and the rest is computed again, once. @throws as runs do. */
  run(work: Work, signal?: AbortSignal): Promise<void>;
  /** Takes another first program, in place of all that are prepared. */
  replace(program: Program): void;
  destroy(): void;
}

/** Runs given to the device and not yet read back, where it does not say how many it wants. */
const IN_FLIGHT = 2;
/**
 * Bytes that rows may take beside weights where there is a choice: of one program's that could be smaller, and of those that stay prepared
 * beside another.
 */
export const MOST_ROW_BYTES = 192 * 2 ** 20;
/** Rows below which another thread's run costs more than it saves. */
const LEAST_SHARE = 64;

/** Weights at hand, or made anew each time a device needs them, which is rarely: nothing holds them in between. */
export type WeightsSource = Weights | (() => Weights);

/** Prepares a program, keeps as many runs in flight as the backend wants, and sizes them by how long they take. */
export async function createPasses(program: Program, weights: WeightsSource, backend: Backend): Promise<Passes> {
  let first = program;
  let generation = 0;
  let destroyed = false;
  const inFlight = backend.limits.inFlight ?? IN_FLIGHT;
  let pace = createPace(backend, first.capacity);
  const shelf = createShelf(backend, weights);
  const executableOf = async (wanted: Program) => {
    const found = shelf.find(wanted);
    if (found) return found;
    if (wanted === first) generation++;
    return shelf.prepare(first, wanted);
  };
  await executableOf(first).catch((error) => {
    shelf.clear();
    throw error;
  });

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
        shelf.clear();
        await backend.reopen();
        await compute(work, done, signal);
      }
    },
    replace(program) {
      shelf.destroyPrograms();
      first = program;
      pace = createPace(backend, program.capacity);
    },
    destroy() {
      destroyed = true;
      shelf.clear();
    },
  };
}

/** Weights on a device, made when a program first needs them, and the programs that are prepared with them, the one used last at the end. */
function createShelf(backend: Backend, weights: WeightsSource) {
  let uploaded: DeviceWeights | null = null;
  const prepared: { program: Program; executable: Executable }[] = [];
  const rowBytes = ({ buffers, capacity }: Program) =>
    buffers.reduce((sum, spec) => sum + (spec.kind === 'weight' ? 0 : 4 * bufferWords(spec, capacity)), 0);
  const upload = async (program: Program) => {
    if (typeof weights !== 'function') return backend.upload(program, weights);
    const made = weights();
    try {
      return await backend.upload(program, made);
    } finally {
      if (!backend.keepsWeights) release(made.values());
    }
  };
  const destroyPrograms = (most = 0) => {
    while (prepared.reduce((sum, { program }) => sum + rowBytes(program), 0) > most) prepared.shift()?.executable.destroy();
  };
  return {
    find(program: Program): Executable | null {
      const at = prepared.findIndex((p) => p.program === program);
      if (at < 0) return null;
      prepared.push(...prepared.splice(at, 1));
      return prepared[prepared.length - 1].executable;
    },
    /** A program's executable; those used longest ago go where there is no room for them beside it. `first` has all weights. */
    async prepare(first: Program, program: Program): Promise<Executable> {
      uploaded ??= await upload(first);
      destroyPrograms(Math.max(0, MOST_ROW_BYTES - rowBytes(program)));
      const prepare = async (on: DeviceWeights) => {
        const executable = await backend.prepare(program, on);
        prepared.push({ program, executable });
        return executable;
      };
      try {
        return await prepare(uploaded);
      } catch (error) {
        if (!(error instanceof WebspexError && error.code === 'out-of-memory' && prepared.length > 0)) throw error;
        destroyPrograms();
        return prepare(uploaded);
      }
    },
    destroyPrograms: () => destroyPrograms(),
    clear() {
      destroyPrograms();
      uploaded?.destroy();
      uploaded = null;
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
