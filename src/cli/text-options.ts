import { statSync } from 'node:fs';
import { join } from 'node:path';
import { AUDITED, INDICES, METHODS, MIN_BUDGET, WebspexError } from '../index.ts';
import {
  type DeviceChoice,
  DTYPE_CHOICES,
  type DtypeChoice,
  isHubId,
  parseLock,
  parseMaskRule,
  parseUnits,
  SCALARS,
  type TextOptions,
} from '../text.ts';
import { DEVICES } from '../webgpu.ts';
import { type Arguments, oneOf, usage, wholeNumber } from './arguments.ts';
import { readStdin, readTextFile } from './files.ts';
import { LENS_FLAGS, LENS_HELP, LENS_SCALARS, LENS_VALUES, type LensRun, lensRun } from './lens-options.ts';
import { SERVER_HELP, SERVER_VALUES, type ServerRun, serverRun } from './server-options.ts';

/** Options of a run on a model, and those of any run. */
export const MODEL_VALUES = [
  'model',
  'revision',
  'device',
  'dtype',
  'target',
  'scalar',
  'units',
  'lock',
  'mask',
  'system',
  ...LENS_VALUES,
  ...SERVER_VALUES,
] as const;
export const MODEL_FLAGS = ['offline', 'chat', ...LENS_FLAGS] as const;
export const RUN_FLAGS = ['faithful'] as const;
export const RUN_VALUES = ['method', 'index', 'order', 'budget', 'seed', 'until-r2'] as const;
export const RUN_OPTIONAL = ['audit'] as const;

export const SOURCE_HELP = [
  ['--file F', 'the text is in a file (UTF-8)'],
  ['--stdin', 'the text comes from standard input'],
] as const;

export const MODEL_HELP = [
  [
    '--model PLACE',
    'config.json, tokenizer.json and model.safetensors of a text classifier, masked language model or sentence encoder (BERT, RoBERTa, DistilBERT, ELECTRA) or of a causal language model (GPT-2, Llama, Mistral, Qwen 2 and 3), or a .gguf file of such a one; a folder, or org/name (or org/name/file.gguf) of the hub; default: the embedded sentiment model',
  ],
  ['--revision R', 'branch, tag or commit of a model of the hub; default main'],
  ['--offline', 'nothing is asked of the hub: its models come from the cache alone'],
  [
    '--target T',
    'a label, by name or number, default the predicted one; of a causal model a continuation such as "Paris", or "Paris vs Rome", default its own answer; of a masked one a word for its [MASK], or two, default the likeliest; of a sentence encoder the text to compare with',
  ],
  [
    '--scalar S',
    `${SCALARS.join(', ')}; default log-odds; of a language model log-prob, or log-odds with A vs B; of a sentence encoder cosine; of a --set log-prob, and there is accuracy too`,
  ],
  ['--units U', 'what is masked: token, word, sentence, /regex/ or character spans as JSON such as [[0,5],[6,9]]; default word'],
  [
    '--lock L',
    'what is never masked: auto (the last sentence of a causal model’s prompt, where there are several), none, or character spans as JSON; default auto',
  ],
  [
    '--mask M',
    'what stands in for masked words: mask-token, remove, neutral (a blank and _), unk-token or replace:TEXT; default mask-token where the model has one, else remove',
  ],
  [
    '--chat',
    'of a causal model: the text is a message in its own chat template, which is never masked; --system T puts a system message before it; with --server the text goes to /v1/chat/completions, and the target is the first token of the answer, or two',
  ],
  [
    '--device D',
    'auto (a GPU, else wasm), webgpu (in software where there is no GPU), wasm (the CPU, float32) or reference (the CPU in float64, slow: the oracle); default auto',
  ],
  ['--dtype T', 'fp32, or fp16: half precision in the memory of a GPU that has it, less exact; default fp32'],
  ...LENS_HELP,
  ...SERVER_HELP,
] as const;

export const RUN_HELP = [
  ['--method M', `${METHODS.join(', ')}; default auto, which cross-validates the best of them and says which it took`],
  [
    '--faithful',
    'of proxyspex the recipe of its authors (their grid of trees, 95 % of the energy, ridge) instead of ours: minutes, not seconds',
  ],
  ['--index I', `${INDICES.join(', ')}; default FBII, or what the method estimates (kernelshap: SV, banzhaf: BV, …)`],
  ['--order N', 'largest interaction that is listed; default 4, or 2 where the method fits all of them'],
  ['--budget N', `most masked passes to spend, at least ${MIN_BUDGET}; default 1024`],
  ['--seed N', 'seed of the masks; default 7'],
  [
    '--until-r2 X',
    'stop as soon as R² over unseen masks is at least X with 95 % confidence, such as 0.9; --budget is the most that it may take',
  ],
  ['--audit[=N]', `ask for N more masks of the budget last, default ${AUDITED}, and grade on them what was explained without them`],
] as const;

/** `--device`. @throws usage. */
export function deviceOf(args: Arguments): DeviceChoice {
  return oneOf(args, 'device', DEVICES) ?? 'auto';
}

/** `--dtype`. @throws usage. */
export function dtypeOf(args: Arguments): DtypeChoice | undefined {
  return oneOf(args, 'dtype', DTYPE_CHOICES);
}

/** `org/name` or `org/name/file.gguf`. */
function isOnHub(place: string): boolean {
  return isHubId(place.replace(/\/[^/]+\.gguf$/i, ''));
}

/** The folder or file named, looked at before anything is started for it; what is none may be on the hub. @throws usage, not-found. */
function modelOf(args: Arguments): string | undefined {
  const folder = args.value('model');
  if (folder === undefined) return undefined;
  if (folder.trim() === '') throw usage('--model: expected a folder, got an empty name; name one, or leave it out for the embedded model');
  if (/^[a-z]+:\/\//i.test(folder))
    throw usage(`--model: expected a folder or org/name, got an address (${folder}); name the model as the hub does, or download it`);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isFile() && /\.gguf$/i.test(folder)) return folder;
  if (!found && isOnHub(folder)) return folder;
  if (!found?.isDirectory())
    throw new WebspexError('not-found', `model: expected a folder, a .gguf file or org/name, got ${folder}, which is none; check the path`);
  if (!statSync(join(folder, 'config.json'), { throwIfNoEntry: false }))
    throw new WebspexError('not-found', `model: expected config.json in ${folder}, got no such file; name a model's folder`);
  return folder;
}

/** A number between 0 and 1, or undefined where it was not given. @throws usage. */
function share(args: Arguments, name: string): number | undefined {
  const text = args.value(name);
  if (text === undefined) return undefined;
  const value = /^0?\.\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value < 1)) throw usage(`--${name}: expected a number between 0 and 1 such as 0.9, got ${text}; change it`);
  return value;
}

/** Method, index, order, budget, seed, stop rule and audit, each checked as far as can be without knowing the players. @throws usage, budget-too-small. */
export function runOptions(
  args: Arguments,
): Pick<TextOptions, 'method' | 'faithful' | 'index' | 'maxOrder' | 'budget' | 'seed' | 'untilR2' | 'audit'> {
  const budget = wholeNumber(args, 'budget', 0, 10_000_000);
  if (budget !== undefined && budget < MIN_BUDGET)
    throw new WebspexError('budget-too-small', `budget: expected at least ${MIN_BUDGET} passes, got ${budget}; raise it`);
  return {
    method: oneOf(args, 'method', METHODS),
    faithful: args.has('faithful') || undefined,
    index: oneOf(args, 'index', INDICES),
    maxOrder: wholeNumber(args, 'order', 1, 64),
    budget,
    seed: wholeNumber(args, 'seed', 0, 0xffffffff),
    untilR2: share(args, 'until-r2'),
    audit: args.has('audit') && args.value('audit') === undefined ? AUDITED : wholeNumber(args, 'audit', 2, 1_000_000),
  };
}

/** Everything a run on a model is told, checked before the model is loaded. */
export interface ModelRun {
  readonly device: DeviceChoice;
  readonly dtype: DtypeChoice | undefined;
  readonly model: string | undefined;
  readonly revision: string | undefined;
  readonly offline: boolean;
  /** Without what is in files, which `lens` reads. */
  readonly options: TextOptions;
  readonly lens: LensRun;
  /** Servers in place of a model here. */
  readonly server: ServerRun | null;
}

/** `--chat`, and the system message. @throws usage. */
function chatOf(args: Arguments): TextOptions['chat'] {
  const system = args.value('system');
  if (system !== undefined && !args.has('chat')) throw usage('--system: expected --chat with it, got none; add it, or leave --system out');
  return args.has('chat') ? (system === undefined ? true : { system }) : undefined;
}

/** @throws usage, not-found, budget-too-small. */
export function modelRun(args: Arguments): ModelRun {
  const units = args.value('units');
  const mask = args.value('mask');
  const lock = args.value('lock');
  if (mask !== undefined) parseMaskRule(mask);
  const lens = lensRun(args);
  const chat = chatOf(args);
  const server = serverRun(args);
  return {
    server,
    device: deviceOf(args),
    dtype: dtypeOf(args),
    options: {
      ...runOptions(args),
      target: args.value('target'),
      scalar: oneOf(args, 'scalar', LENS_SCALARS),
      units: units === undefined ? undefined : parseUnits(units),
      lock: lock === undefined ? undefined : parseLock(lock),
      mask,
      chat,
    },
    model: modelOf(args),
    revision: args.value('revision'),
    offline: args.has('offline'),
    lens,
  };
}

/** Where the text comes from: exactly one of an argument, --file and --stdin; nowhere where a set is explained. @throws usage, empty-input. */
export function textSource(command: string, args: Arguments): () => Promise<string> {
  const { positionals } = args;
  const file = args.value('file');
  const sources = [positionals.length > 0 && 'a text', file !== undefined && '--file', args.has('stdin') && '--stdin'].filter(Boolean);
  if (positionals.length > 1) throw usage(`${command}: expected one text, got ${positionals.length}; put the text in quotes`);
  const instead = ['set', 'table', 'image', 'audio'].find((name) => args.has(name));
  if (instead !== undefined) {
    if (sources.length > 0) throw usage(`${command}: expected either a text or --${instead}, got both; leave one out`);
    return async () => '';
  }
  if (sources.length === 0) throw usage(`${command}: expected a text, got none; give one in quotes, or --file F, or --stdin`);
  if (sources.length > 1) throw usage(`${command}: expected one text, got ${sources.join(' and ')}; give one of them`);
  const filled = (text: string) => {
    if (text.trim() === '') throw new WebspexError('empty-input', 'text: expected some words, got none; give a text');
    return text;
  };
  if (file !== undefined) return async () => filled(await readTextFile(file));
  if (args.has('stdin')) return async () => filled(await readStdin());
  const [text] = positionals.map(filled);
  return async () => text;
}
