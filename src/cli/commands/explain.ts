import { explain as explainFunction } from '../../index.ts';
import { billServed } from '../../lens.ts';
import type { TextOptions } from '../../text.ts';
import { type Arguments, usage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { loggedMasks } from '../evaluation-log.ts';
import { RESUMABLE } from '../exit-codes.ts';
import { FUNCTION_HELP, FUNCTION_VALUES, type FunctionRun, functionRun } from '../function-run.ts';
import type { Io } from '../io.ts';
import { OBSERVED_HELP, OBSERVED_VALUES, observedRun } from '../observed-run.ts';
import { OUTPUT_HELP, OUTPUT_VALUES, type Outputs, outputsOf } from '../outputs.ts';
import { RESUME_HELP, RESUME_VALUES, resumeOf, withLog } from '../resume.ts';
import { follow, type Outcome, passesOf, type Session, withExplainer, withSession } from '../session.ts';
import { billLines } from '../terminal/bill.ts';
import { reportLines } from '../terminal/report.ts';
import { createStyle } from '../terminal/style.ts';
import {
  MODEL_FLAGS,
  MODEL_HELP,
  MODEL_VALUES,
  modelRun,
  RUN_FLAGS,
  RUN_HELP,
  RUN_OPTIONAL,
  RUN_VALUES,
  SOURCE_HELP,
  textSource,
} from '../text-options.ts';
import { openWordPrior, WORD_PRIOR_HELP, WORD_PRIOR_OPTIONAL, wordPriorOf } from '../word-prior.ts';

/** Prints an explanation as was asked for, and writes the files. */
async function deliver({ explanation, looks }: Outcome, args: Arguments, outputs: Outputs, session: Session, io: Io): Promise<number> {
  session.progress.clear();
  const written = await outputs.write(explanation, looks);
  if (args.has('json')) io.out(`${JSON.stringify(explanation)}\n`);
  else io.out(`${reportLines(explanation, io.columns(), createStyle(io.outDepth)).join('\n')}\n`);
  for (const file of written) session.progress.note(`wrote ${file}`);
  return 0;
}

async function explainText(args: Arguments, outputs: Outputs, io: Io): Promise<number> {
  const run = modelRun(args);
  const source = textSource('explain', args);
  const resume = resumeOf(args);
  const words = wordPriorOf(args);
  const { server } = run;
  if (args.has('dry-run')) {
    if (!server) throw usage('--dry-run: expected --server URL, got none; only there passes have a price');
    return showBill(server, run.options, await source(), resume, args, io);
  }
  const work = async (session: Session) => {
    const [text, lens] = await session.interrupts.orInterrupted(Promise.all([source(), run.lens.read()]));
    const onProgress = passesOf(session.progress, run);
    let stopped: string | null = null;
    const { learned, ...outcome } = await withLog(resume, {}, session, (log) =>
      withExplainer(run, session, async (explainer) => {
        const kept = words && (await openWordPrior(words, explainer));
        const options = { ...run.options, ...lens, wordPrior: kept?.prior, log, onProgress };
        const found = await follow(explainer.explain(text, options), session);
        stopped = explainer.spent?.stopped ?? null;
        return { ...found, learned: await kept?.with(found.explanation) };
      }),
    );
    await deliver(outcome, args, outputs, session, io);
    await learned?.save();
    if (learned) session.progress.note(learned.said);
    if (stopped === null) return 0;
    const known = resume === undefined ? 'with --resume LOG nothing is asked twice' : 'the same command goes on from the log';
    session.progress.note(`ended early at the cap: ${stopped}; raise it, and ${known}`);
    return RESUMABLE;
  };
  return withSession(io, work, resume !== undefined);
}

async function showBill(
  server: NonNullable<ReturnType<typeof modelRun>['server']>,
  options: TextOptions,
  text: string,
  resume: string | undefined,
  args: Arguments,
  io: Io,
): Promise<number> {
  const { players } = billServed(text, server, options);
  const known = resume === undefined ? new Set<string>() : await loggedMasks(resume, text, players);
  const bill = billServed(text, server, options, (mask) => known.has(mask));
  io.out(args.has('json') ? `${JSON.stringify(bill)}\n` : `${billLines(bill, server, io.columns()).join('\n')}\n`);
  return 0;
}

async function explainAny({ open, players, own, options }: FunctionRun, args: Arguments, outputs: Outputs, io: Io): Promise<number> {
  const resume = resumeOf(args);
  const work = async (session: Session) => {
    const { valueFunction, close } = await open();
    try {
      const outcome = await withLog(resume, own, session, (log) =>
        follow(explainFunction(valueFunction, { ...options, players, log, onProgress: session.progress.passes }), session),
      );
      return await deliver(outcome, args, outputs, session, io);
    } finally {
      close();
    }
  };
  return withSession(io, work, resume !== undefined);
}

async function explainKnown(open: NonNullable<ReturnType<typeof observedRun>>, args: Arguments, outputs: Outputs, io: Io): Promise<number> {
  return withSession(io, async (session) => {
    const run = await session.interrupts.orInterrupted(open());
    return deliver(await follow(run, session), args, outputs, session, io);
  });
}

const DRY_HELP = ['--dry-run', 'with --server: say how many requests and tokens the run would take, and send nothing'] as const;

export const explain: Command = {
  name: 'explain',
  summary: 'explains what a model says of a text: which words did it, alone and together, and how far to trust that',
  synopsis:
    '[TEXT] [--file F] [--stdin] [--lens L] [--set F] [--values TABLE.f32 --players N] [--exec COMMAND --players N] [--observations F] [options]',
  help: [
    ...SOURCE_HELP,
    ...MODEL_HELP,
    ...RUN_HELP,
    ...WORD_PRIOR_HELP,
    ...FUNCTION_HELP,
    ...OBSERVED_HELP,
    ...RESUME_HELP,
    DRY_HELP,
    ...OUTPUT_HELP,
  ],
  options: {
    values: ['file', ...MODEL_VALUES, ...RUN_VALUES, ...FUNCTION_VALUES, ...OBSERVED_VALUES, ...RESUME_VALUES, ...OUTPUT_VALUES],
    flags: ['stdin', 'json', 'dry-run', ...MODEL_FLAGS, ...RUN_FLAGS],
    optional: [...RUN_OPTIONAL, ...WORD_PRIOR_OPTIONAL],
  },
  run(args, io) {
    const outputs = outputsOf(args);
    const known = observedRun(args);
    if (known) return explainKnown(known, args, outputs, io);
    const other = functionRun('explain', args);
    return other ? explainAny(other, args, outputs, io) : explainText(args, outputs, io);
  },
};
