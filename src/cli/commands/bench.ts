import { join, resolve } from 'node:path';
import { benchmarks, COVERED_METHODS, curvesSvg, GAME_FAMILIES, type Row } from '../../bench.ts';
import { type Arguments, oneOf, usage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { runningCommit } from '../commit.ts';
import { engineToMeasure } from '../engine/choose.ts';
import type { BenchRequest } from '../engine/messages.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { checkReadable, checkWritable, writeResult } from '../files.ts';
import { nearest } from '../nearest.ts';
import { type Session, withSession } from '../session.ts';
import { rowLines } from '../terminal/rows.ts';
import { createStyle } from '../terminal/style.ts';
import { deviceOf, dtypeOf, MODEL_HELP } from '../text-options.ts';

const GAMES = 'masks-needed';
/** Options of one benchmark alone. */
const GAME_VALUES = ['games', 'fresh', 'families', 'svg'] as const;
const COVERAGE = 'coverage';
const COVERAGE_VALUES = ['tables', 'method'] as const;
const PROMPT = 'prompt';
/** Benchmarks that measure on a file that has to be named. */
const NEED_DATA = ['sst2', 'word-prior'];

/** Benchmarks that take longer than to be run unasked. */
const LONG = [COVERAGE, GAMES, PROMPT, 'word-prior'];

function namesOf(args: Arguments): readonly string[] {
  const known = Object.keys(benchmarks);
  for (const name of args.positionals) {
    if (known.includes(name)) continue;
    const close = nearest(name.toLowerCase(), known);
    throw usage(`bench: expected one of ${known.join(', ')}, got ${name}; ${close ? `did you mean ${close}?` : 'choose one of them'}`);
  }
  const hasData = args.value('data') !== undefined;
  const asked = [...new Set(args.positionals)];
  checkAlone(args, asked, GAMES, GAME_VALUES);
  checkAlone(args, asked, COVERAGE, COVERAGE_VALUES);
  checkModel(args, asked);
  const needy = asked.find((name) => NEED_DATA.includes(name));
  if (needy && !hasData) throw usage(`bench ${needy}: expected --data FILE, got none; name the file it measures on`);
  return asked.length > 0 ? asked : known.filter((name) => (hasData || !NEED_DATA.includes(name)) && !LONG.includes(name));
}

/** Options that mean something to one benchmark only. */
function checkAlone(args: Arguments, asked: readonly string[], benchmark: string, options: readonly string[]): void {
  const stray = options.find((option) => args.value(option) !== undefined);
  if (stray && asked.join() !== benchmark)
    throw usage(`--${stray}: expected the benchmark ${benchmark} alone, got ${asked.join(', ') || 'all'}; name it`);
}

/** A causal model is what prompt measures, and what masks-needed may ask anew. */
function checkModel(args: Arguments, asked: readonly string[]): void {
  const hasModel = args.value('model') !== undefined;
  if (asked.includes(PROMPT)) {
    if (!hasModel) throw usage(`bench ${PROMPT}: expected --model FILE, got none; name a causal model, a folder or a .gguf file`);
    return;
  }
  if (!hasModel) return;
  if (asked.join() !== GAMES)
    throw usage(`--model: expected the benchmark ${PROMPT}, or ${GAMES} alone, got ${asked.join(', ') || 'all'}; name it`);
  if (args.value('fresh') === undefined) throw usage('--model: expected --fresh DIR beside it, got none; stored games need no model');
}

async function measureAll(
  names: readonly string[],
  request: Omit<BenchRequest, 'engine' | 'name'>,
  session: Session,
  line: (said: string) => void,
): Promise<Row[]> {
  const { progress, interrupts } = session;
  progress.say('looking for a GPU …');
  const choosing = engineToMeasure(request.device, progress.note);
  const engine = await interrupts.orInterrupted(choosing).catch((error) => {
    choosing.then(
      (late) => late.close(),
      () => {},
    );
    throw error;
  });
  try {
    const rows: Row[] = [];
    for (const name of names) rows.push(...(await interrupts.orInterrupted(engine.bench({ ...request, name }, line))));
    return rows;
  } finally {
    engine.close();
  }
}

/** Files and folders by the option that names them. @throws not-found. */
function filesOf(args: Arguments): Record<string, string> {
  const files: Record<string, string> = {};
  for (const option of ['data', 'tables', 'games', 'fresh', 'model']) {
    const place = args.value(option);
    if (place !== undefined) files[option] = resolve(place);
  }
  if (files.games !== undefined) checkReadable(join(files.games, 'games.json'));
  if (files.model !== undefined) checkReadable(/\.gguf$/i.test(files.model) ? files.model : join(files.model, 'config.json'));
  return files;
}

/** `--families a,b`. @throws usage with the nearest name. */
function familiesOf(args: Arguments): readonly string[] {
  const names = (args.value('families') ?? '').split(',').filter((name) => name.trim() !== '');
  return names.map((given) => {
    const name = given.trim().toLowerCase();
    if (GAME_FAMILIES.includes(name)) return name;
    const close = nearest(name, GAME_FAMILIES);
    throw usage(
      `--families: expected ${GAME_FAMILIES.join(', ')} with commas between, got ${given}; ${close ? `did you mean ${close}?` : 'choose some of them'}`,
    );
  });
}

export const bench: Command = {
  name: 'bench',
  summary: 'measures on this machine: masked forward passes, decoders and what they promise, accuracy of the embedded model',
  synopsis:
    '[NAME …] [--json] [--data FILE] [--model PLACE] [--tables DIR] [--method M] [--svg FILE] [--families F] [--games DIR] [--fresh DIR] [--device D] [--dtype T]',
  help: [
    ...Object.entries(benchmarks).map(([name, { title }]) => [name, title] as const),
    [
      '--data FILE',
      'the file that sst2 measures on: dev.tsv of SST-2 as in GLUE; retrain measures on any labelled texts of two labels, word-prior on any labelled texts',
    ],
    ['--model PLACE', 'prompt: the causal model that it measures, a folder or a .gguf file; masks-needed: see --fresh'],
    ['--tables DIR', 'coverage: a folder of complete tables NAME.f32, each 2ⁿ float32 values (bit i of a place = player i present)'],
    ['--method M', `coverage: the method to watch, ${COVERED_METHODS.join(', ')}; default auto`],
    ['--svg FILE', 'masks-needed: draw R² against passes into this file'],
    ['--families F', `masks-needed: these kinds of functions alone, with commas between: ${GAME_FAMILIES.join(', ')}`],
    ['--games DIR', 'masks-needed: games and peers’ results from this folder instead of the stored ones'],
    [
      '--fresh DIR',
      'masks-needed: ask the models anew and write games into this folder; --model FILE names SmolLM2, without it its games stay as they are stored',
    ],
    ['--json', 'print {"rows":[…]} and nothing else'],
    ...MODEL_HELP.filter(([option]) => /^--d(evice|type)/.test(option)),
  ],
  options: { values: ['data', 'model', 'device', 'dtype', ...GAME_VALUES, ...COVERAGE_VALUES], flags: ['json'] },
  async run(args, io) {
    const names = namesOf(args);
    const dtype = dtypeOf(args);
    // Half precision is a GPU's.
    const device = dtype === 'fp16' && args.value('device') === undefined ? 'webgpu' : deviceOf(args);
    if (dtype === 'fp16' && device !== 'webgpu') throw usage(`--dtype: expected fp32 on device ${device}, got fp16; use --device webgpu`);
    const data = args.value('data');
    if (data !== undefined) checkReadable(data);
    const svg = args.value('svg');
    checkWritable('svg', svg);
    const files = filesOf(args);
    const families = familiesOf(args);
    const method = oneOf(args, 'method', COVERED_METHODS);
    return withSession(io, async (session) => {
      const say = io.errIsTerminal ? session.progress.say : session.progress.note;
      const rows = await measureAll(names, { files, families, method, commit: await runningCommit(), device, dtype }, session, say);
      session.progress.clear();
      if (svg !== undefined) await writeResult(svg, curvesSvg(rows));
      io.out(args.has('json') ? `${JSON.stringify({ rows })}\n` : `${rowLines(rows, io.columns(), createStyle(io.outDepth)).join('\n')}\n`);
      const wrong = rows.filter((row) => row.equal === false);
      for (const { id } of wrong)
        session.progress.note(`${id}: expected the same numbers from both, got others; the speed counts for nothing`);
      return wrong.length > 0 ? EXIT_CODES['self-check'] : 0;
    });
  },
};
