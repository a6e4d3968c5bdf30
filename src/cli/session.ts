import { type Look, lookOf } from '../element.ts';
import type { ExplainRun, Explanation, RunProgress } from '../index.ts';
import { type ServedExplainer, servedExplainer } from '../lens.ts';
import type { Explainer, TextOptions } from '../text.ts';
import { openRemote } from './engine/choose.ts';
import { describeFailure, INTERRUPTED, RESUMABLE } from './exit-codes.ts';
import { type Interrupts, watchInterrupts } from './interrupts.ts';
import type { Io } from './io.ts';
import type { LensRun } from './lens-options.ts';
import { createProgress, type Progress } from './progress.ts';
import { duration } from './terminal/numbers.ts';
import type { ModelRun } from './text-options.ts';

/** What a command that works for a while has: its progress, and what Ctrl-C does to it. */
export interface Session {
  readonly progress: Progress;
  readonly interrupts: Interrupts;
}

/** Runs `work`; its exit code is 130 where it was interrupted and ended with what it had, 75 where a log is kept to go on from. */
export async function withSession(io: Io, work: (session: Session) => Promise<number>, resumable = false): Promise<number> {
  const progress = createProgress(io);
  const ended = resumable ? RESUMABLE : INTERRUPTED;
  const interrupts = watchInterrupts(() => progress.note('stopping with what is known; Ctrl-C again ends at once'), ended);
  try {
    const exitCode = await work({ progress, interrupts });
    return interrupts.interrupted ? ended : exitCode;
  } catch (error) {
    if (!interrupts.interrupted) throw error;
    progress.clear();
    const { line, exitCode } = describeFailure(error);
    io.err(`${line}\n`);
    return exitCode === INTERRUPTED ? ended : exitCode;
  } finally {
    progress.clear();
    interrupts.end();
  }
}

/** What commands ask, wherever the model is. */
export type AnyExplainer = Pick<Explainer, 'explain' | 'describe' | 'evaluate'> & {
  readonly device: { readonly software: boolean };
} & Partial<Pick<ServedExplainer, 'spent'> & Pick<Explainer, 'model' | 'learnWords'>>;

/** Loads the model, hands it to `work`, and ends its process whatever happens; a served one is only asked. */
export async function withExplainer<T>(run: ModelRun, session: Session, work: (explainer: AnyExplainer) => Promise<T>): Promise<T> {
  const { progress, interrupts } = session;
  if (run.lens.open) return withOwn(run.lens.open, session, work);
  if (run.server) {
    progress.say('asking what the server can do …');
    const served = servedExplainer(run.server);
    try {
      return await work(served);
    } finally {
      served.destroy();
    }
  }
  progress.say(run.device === 'auto' || run.device === 'webgpu' ? 'looking for a GPU …' : 'starting …');
  const { device, dtype, model, revision, offline } = run;
  const options = {
    task: run.lens.task,
    device,
    dtype,
    model,
    revision,
    local_files_only: offline,
    signal: interrupts.signal,
    progress_callback: progress.loading,
  };
  const opening = openRemote(options, progress.note);
  const closeLate = () =>
    opening.then(
      ({ close }) => close(),
      () => {},
    );
  const { explainer, close } = await interrupts.orInterrupted(opening).catch((error) => {
    closeLate();
    throw error;
  });
  progress.say('first passes …');
  try {
    return await work(explainer);
  } finally {
    close();
  }
}

/** The same for a model that a lens opens in this process. */
async function withOwn<T>(open: () => Promise<Explainer>, session: Session, work: (explainer: Explainer) => Promise<T>): Promise<T> {
  session.progress.say('opening the model …');
  const explainer = await session.interrupts.orInterrupted(open());
  session.progress.say('first passes …');
  try {
    return await work(explainer);
  } finally {
    explainer.destroy();
  }
}

/** A run that will take longer than this had better be a smaller one. */
const LONG_MS = 120_000;
/** By then a rate says something: the first batches of a quick device are small. */
const SURE_MS = 1000;

/** What `onProgress` of a text's run gets: the moving line, and once, where it will take long, a note on what is quicker. */
export function passesOf(
  progress: Progress,
  { options: { units }, lens: { lens } }: { readonly options: Pick<TextOptions, 'units'>; readonly lens: Pick<LensRun, 'lens'> },
): (passes: RunProgress) => void {
  let judged = false;
  return (passes) => {
    const { queries, masksPerSecond, etaMs } = passes;
    if (!judged && (1000 * queries) / masksPerSecond >= SURE_MS) {
      judged = true;
      const wordy = units === undefined || units === 'word' || units === 'token';
      const coarser =
        lens === 'data'
          ? ' or fewer examples'
          : lens === 'text'
            ? wordy
              ? ' or --units sentence'
              : ''
            : lens === 'onnx'
              ? ''
              : ' or --layers';
      if (etaMs > LONG_MS)
        progress.note(
          `this will take about ${duration(etaMs)}; a smaller --budget${coarser} is quicker, Ctrl-C shows what is known by then`,
        );
    }
    progress.passes(passes);
  };
}

/** The last explanation of a run, with all its looks for the convergence curve. */
export interface Outcome {
  readonly explanation: Explanation;
  readonly looks: readonly Look[];
}

/** Follows a run to its end, or to the first Ctrl-C; `onFirst` sees the first snapshot and may refuse to go on by throwing. */
export async function follow(run: ExplainRun, session: Session, onFirst?: (snapshot: Explanation) => void): Promise<Outcome> {
  const looks: Look[] = [];
  const reading = async () => {
    for await (const snapshot of run) {
      if (looks.length === 0) onFirst?.(snapshot);
      looks.push(lookOf(snapshot));
      session.progress.look(snapshot);
    }
    return { explanation: await run.result, looks };
  };
  return session.interrupts.stopping(() => run.stop(), reading());
}
