import { PATCH_FILLS, SCORE_KINDS, WINDOW_FILLS } from '../lens.ts';
import { type Arguments, oneOf, usage, wholeNumber } from './arguments.ts';
import { checkReadable } from './files.ts';

const KINDS = {
  text: ['tokenizer'],
  table: ['table', 'row', 'baseline', 'columns', 'without'],
  image: ['image', 'grid', 'regions', 'fill', 'mean', 'std'],
  audio: ['audio', 'window', 'fill'],
} as const;
type Kind = keyof typeof KINDS;

export const ONNX_VALUES = [
  'onnx',
  'output',
  'labels',
  'scores',
  'constants',
  ...KINDS.text,
  ...KINDS.table,
  ...KINDS.image,
  'audio',
  'window',
] as const;

export const ONNX_HELP = [
  [
    '--onnx FILE',
    'with --lens onnx: a model in onnxruntime-web (npm install onnxruntime-web); what it reads is a text, or --table, --image or --audio',
  ],
  ['--output NAME', 'with --lens onnx: the output explained; default logits, probabilities or scores by their usual names'],
  ['--labels FILE', 'with --lens onnx: names of the output’s numbers, one a line, for --target'],
  [
    '--scores KIND',
    'with --lens onnx: what the output holds, logits or probabilities; default as its numbers look; --scalar value explains the number itself, the default for an output with only one',
  ],
  ['--constants A=1,B=0', 'with --lens onnx: numbers that fill inputs besides the one explained; masks are all 1'],
  ['--tokenizer FOLDER', 'of an ONNX model of texts: where tokenizer.json is; default beside the file or one folder up'],
  [
    '--table F.csv',
    'explain --row N (from 0) of a table by its columns; --baseline mean, median (over the other rows) or a row; --columns a,b,c those that the model reads, or --without d',
  ],
  [
    '--image F.png',
    'explain a picture by its patches: --grid ROWSxCOLUMNS (6x6) or --regions MAP.png; --fill blur, mean or zero; pixels / 255, then --mean and --std by channel, or as preprocessor_config.json beside the model says',
  ],
  ['--audio F.wav', 'explain a sound by its windows of --window SECONDS (a twentieth of it); --fill zero or mean'],
] as const;

/** What `--lens onnx` was told, checked as far as can be without the model. */
export interface OnnxArguments {
  readonly onnx: string;
  readonly kind: Kind;
  readonly output?: string;
  readonly labels?: string;
  readonly scores?: (typeof SCORE_KINDS)[number];
  readonly constants?: Readonly<Record<string, number>>;
  readonly tokenizer?: string;
  readonly table?: {
    readonly file: string;
    readonly row: number;
    readonly baseline?: 'mean' | 'median' | number;
    readonly columns?: string[];
    readonly without?: string[];
  };
  readonly image?: {
    readonly file: string;
    readonly grid?: readonly [number, number];
    readonly regions?: string;
    readonly fill?: (typeof PATCH_FILLS)[number];
    readonly mean?: number[];
    readonly std?: number[];
  };
  readonly audio?: { readonly file: string; readonly seconds?: number; readonly fill?: (typeof WINDOW_FILLS)[number] };
}

/** The option of another lens that stands beside this one. @throws usage. */
export function refuseOnnxOptions(args: Arguments, lens: string): void {
  const stray = ONNX_VALUES.find((name) => args.has(name));
  if (stray !== undefined) throw usage(`--${stray}: expected --lens onnx, got --lens ${lens}; name it, or leave it out`);
}

function kindOf(args: Arguments): Kind {
  const named = (['table', 'image', 'audio'] as const).filter((name) => args.has(name));
  if (named.length > 1) throw usage(`--lens onnx: expected one of --table, --image and --audio, got ${named.length}; leave some out`);
  const [kind = 'text'] = named;
  const own: readonly string[] = KINDS[kind];
  for (const other of Object.keys(KINDS) as Kind[])
    for (const name of KINDS[other])
      if (!own.includes(name) && args.has(name)) {
        const wanted = (Object.keys(KINDS) as Kind[]).filter((k) => (KINDS[k] as readonly string[]).includes(name));
        const said = wanted.map((k) => (k === 'text' ? 'a text' : `--${k}`)).join(' or ');
        throw usage(`--${name}: expected ${said}, got ${kind === 'text' ? 'a text' : `--${kind}`}; name one, or leave it out`);
      }
  return kind;
}

function numbersOf(args: Arguments, name: string): number[] | undefined {
  const given = args.value(name);
  if (given === undefined) return undefined;
  const numbers = given.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.every(Number.isFinite)) return numbers;
  throw usage(`--${name}: expected numbers with commas between, got ${JSON.stringify(given)}; write 0.485,0.456,0.406`);
}

function constantsOf(args: Arguments): Record<string, number> | undefined {
  const given = args.value('constants');
  if (given === undefined) return undefined;
  const pairs = given.split(',').map((part) => /^\s*([^=]+?)\s*=\s*(\S+)\s*$/.exec(part));
  if (pairs.every((p) => p !== null && Number.isFinite(Number(p[2]))))
    return Object.fromEntries(pairs.map((p) => [p?.[1], Number(p?.[2])]));
  throw usage(`--constants: expected names and numbers, got ${JSON.stringify(given)}; write sr=16000,state=0`);
}

function gridOf(args: Arguments): readonly [number, number] | undefined {
  const given = args.value('grid');
  if (given === undefined) return undefined;
  const [, rows, columns = rows] = /^(\d+)(?:[x×](\d+))?$/i.exec(given) ?? [];
  if (rows === undefined || Number(rows) < 1 || Number(columns) < 1)
    throw usage(`--grid: expected rows x columns, got ${JSON.stringify(given)}; write 6x6`);
  return [Number(rows), Number(columns)];
}

function tableOf(args: Arguments, file: string): OnnxArguments['table'] {
  const row = wholeNumber(args, 'row', 0, 1e9);
  if (row === undefined) throw usage('--table: expected --row N, got none; say which row to explain, from 0');
  const given = args.value('baseline')?.toLowerCase();
  if (given !== undefined && given !== 'mean' && given !== 'median' && !/^\d+$/.test(given))
    throw usage(`--baseline: expected mean, median or the number of a row, got ${given}; choose one of them`);
  const baseline = given === undefined || given === 'mean' || given === 'median' ? given : Number(given);
  const listed = (name: string) =>
    args
      .value(name)
      ?.split(',')
      .map((c) => c.trim());
  return { file, row, baseline, columns: listed('columns'), without: listed('without') };
}

function audioOf(args: Arguments, file: string): OnnxArguments['audio'] {
  const given = args.value('window');
  const seconds = given === undefined ? undefined : Number(given);
  if (seconds !== undefined && !(seconds > 0 && Number.isFinite(seconds)))
    throw usage(`--window: expected seconds above 0, got ${given}; 0.1 is usual`);
  return { file, seconds, fill: oneOf(args, 'fill', WINDOW_FILLS) };
}

/** @throws usage, not-found. */
export function onnxArguments(args: Arguments): OnnxArguments {
  const onnx = args.value('onnx');
  if (onnx === undefined) throw usage('--lens onnx: expected --onnx FILE, got none; name a model');
  for (const name of ['model', 'revision', 'dtype', 'offline'])
    if (args.has(name)) throw usage(`--${name}: expected none with --lens onnx, got one; leave it out`);
  const kind = kindOf(args);
  if (kind !== 'text')
    for (const name of ['units', 'lock', 'mask'])
      if (args.has(name)) throw usage(`--${name}: expected a text, got --${kind}; leave it out`);
  const [table, image, audio, regions, labels] = (['table', 'image', 'audio', 'regions', 'labels'] as const).map((name) =>
    args.value(name),
  );
  if (regions !== undefined && args.has('grid')) throw usage('--regions: expected no --grid beside it, got one; leave one out');
  const read = {
    onnx,
    kind,
    output: args.value('output'),
    labels,
    scores: oneOf(args, 'scores', SCORE_KINDS),
    constants: constantsOf(args),
    tokenizer: args.value('tokenizer'),
    ...(table !== undefined && { table: tableOf(args, table) }),
    ...(image !== undefined && {
      image: {
        file: image,
        grid: gridOf(args),
        regions,
        fill: oneOf(args, 'fill', PATCH_FILLS),
        mean: numbersOf(args, 'mean'),
        std: numbersOf(args, 'std'),
      },
    }),
    ...(audio !== undefined && { audio: audioOf(args, audio) }),
  };
  for (const file of [onnx, table, image, audio, regions, labels]) if (file !== undefined) checkReadable(file);
  return read;
}
