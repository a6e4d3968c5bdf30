import { type CompareOptions, type Comparison, compareMethods, isPresent, METHODS, type Method, type ValueFunction } from '../../index.ts';
import { type Arguments, usage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { FUNCTION_HELP, FUNCTION_VALUES, type FunctionRun, functionRun } from '../function-run.ts';
import type { Io } from '../io.ts';
import { nearest } from '../nearest.ts';
import { type AnyExplainer, type Session, withExplainer, withSession } from '../session.ts';
import { type Compared, comparisonLines } from '../terminal/comparison.ts';
import { createStyle } from '../terminal/style.ts';
import { MODEL_FLAGS, MODEL_HELP, MODEL_VALUES, modelRun, RUN_FLAGS, RUN_HELP, SOURCE_HELP, textSource } from '../text-options.ts';

const COMPARE_VALUES = ['index', 'order', 'budget', 'seed'] as const;
const DEFAULT_BUDGET = 1024;
/** Calls go to another process, and parts of a model and trained heads gain by many masks at once. */
const BATCH_MS = 1000;

/** Comparing needs masks that no method has fitted: of few players at most a quarter of all masks. */
function defaultBudget(players: number): number {
  return Math.min(DEFAULT_BUDGET, 2 ** players / 4);
}

/** `--methods a,b,c`. @throws usage with the nearest name. */
function methodsOf(args: Arguments): readonly Method[] | undefined {
  const given = args.value('methods');
  if (given === undefined) return undefined;
  const names = given.split(',').map((name) => name.trim().toLowerCase());
  const methods = names.map((name) => {
    const found = METHODS.find((m) => m === name);
    if (found !== undefined) return found;
    const close = nearest(name, METHODS);
    throw usage(
      `--methods: expected ${METHODS.join(', ')} with commas between, got ${name}; ${close ? `did you mean ${close}?` : 'choose some of them'}`,
    );
  });
  if (methods.includes('exact'))
    throw usage('--methods: expected methods that leave masks to grade on, got exact, which takes all; leave it out');
  return [...new Set(methods)];
}

/** Progress of a run among several, with the method in front. */
function progressOf(session: Session): NonNullable<CompareOptions['onProgress']> {
  let now = '';
  return (progress) => {
    if (now !== progress.method) session.progress.say(`${progress.method} …`);
    now = progress.method;
    session.progress.passes(progress);
  };
}

/** The model as a function of masks, one question for all methods. */
function modelFunction(explainer: AnyExplainer, text: string, question: object): ValueFunction {
  // No signal a call: the run looks at it between calls, and each call would leave a listener behind.
  return (masks) => {
    const rows = Array.from({ length: masks.count }, (_, r) => Array.from({ length: masks.n }, (_, i) => Number(isPresent(masks, r, i))));
    return explainer.evaluate(text, { ...question, masks: rows });
  };
}

async function compareText(args: Arguments, methods: readonly Method[] | undefined, io: Io): Promise<number> {
  const run = modelRun(args);
  const source = textSource('compare', args);
  return withSession(io, async (session) => {
    const [text, lens] = await session.interrupts.orInterrupted(Promise.all([source(), run.lens.read()]));
    const compared = await withExplainer(run, session, async (explainer): Promise<Compared> => {
      const { scalar, units, lock, mask, chat, target, faithful, index, maxOrder, budget, seed } = run.options;
      const question = { scalar, units, lock, mask, chat, ...lens };
      const about = await session.interrupts.orInterrupted(explainer.describe(text, { ...question, target }));
      const options = {
        players: about.players,
        spareEnds: about.spareEnds,
        sequential: about.sequential,
        methods,
        faithful,
        index,
        maxOrder,
        budget: budget ?? defaultBudget(about.players.length),
        seed,
        batchMs: BATCH_MS,
        signal: session.interrupts.signal,
      };
      const comparing = compareMethods(
        // Labelled texts have their targets.
        modelFunction(explainer, text, run.lens.set ? question : { ...question, target: about.target }),
        { ...options, onProgress: progressOf(session) },
      );
      return {
        comparison: await session.interrupts.orInterrupted(comparing),
        title: `${about.scalar} of ${about.target}`,
        players: about.players,
      };
    });
    return deliver(compared, args, session, io);
  });
}

async function compareAny(
  { open, players, options }: FunctionRun,
  args: Arguments,
  methods: CompareOptions['methods'],
  io: Io,
): Promise<number> {
  return withSession(io, async (session) => {
    const { valueFunction, close } = await open();
    try {
      const budget = args.value('budget') === undefined ? defaultBudget(players) : options.budget;
      const run = { ...options, budget, players, methods, signal: session.interrupts.signal, onProgress: progressOf(session) };
      const comparison = await session.interrupts.orInterrupted(compareMethods(valueFunction, run));
      const [{ explanation }] = comparison.methods;
      return deliver({ comparison, title: `a function of ${players} players`, players: explanation.players }, args, session, io);
    } finally {
      close();
    }
  });
}

function deliver(compared: Compared, args: Arguments, session: Session, io: Io): number {
  session.progress.clear();
  if (args.has('json')) io.out(`${JSON.stringify(compared.comparison satisfies Comparison)}\n`);
  else io.out(`${comparisonLines(compared, io.columns(), createStyle(io.outDepth)).join('\n')}\n`);
  return 0;
}

export const compare: Command = {
  name: 'compare',
  summary:
    'explains one text, table or program by several methods with the same budget each, graded on the same masks, which none has fitted',
  synopsis:
    '[TEXT] [--file F] [--stdin] [--lens L] [--set F] [--values TABLE.f32 --players N] [--exec COMMAND --players N] [--methods a,b] [options]',
  help: [
    [
      '--methods M',
      `methods with commas between: ${METHODS.filter((m) => m !== 'exact').join(', ')}; default: all of them that can work here`,
    ],
    ...SOURCE_HELP,
    ...MODEL_HELP,
    ...RUN_HELP.filter(([name]) => !/^--(method|until|audit)/.test(name)),
    ...FUNCTION_HELP,
    ['--json', 'print the comparison, each explanation whole, as one JSON document and nothing else'],
  ],
  options: {
    values: ['methods', 'file', ...MODEL_VALUES, ...COMPARE_VALUES, ...FUNCTION_VALUES],
    flags: ['stdin', 'json', ...MODEL_FLAGS, ...RUN_FLAGS],
  },
  run(args, io) {
    const methods = methodsOf(args);
    const other = functionRun('compare', args);
    return other ? compareAny(other, args, methods, io) : compareText(args, methods, io);
  },
};
