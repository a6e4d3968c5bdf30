import {
  ABLATIONS,
  type Ablation,
  COMPONENT_LENSES,
  type ComponentLens,
  type ComponentQuestion,
  DATA_SCALARS,
  fewShotPrompt,
  parseExamples,
  parseLayers,
  parseTexts,
  RETRAININGS,
  type SetScalar,
  type TrainingQuestion,
} from '../lens.ts';
import { COSINE, type Explainer, SCALARS, type Task } from '../text.ts';
import { type Arguments, oneOf, usage } from './arguments.ts';
import { checkReadable, readTextFile } from './files.ts';
import { ONNX_HELP, ONNX_VALUES, onnxArguments, refuseOnnxOptions } from './onnx-options.ts';
import { openOnnxExplainer } from './onnx-run.ts';

const DATA_VALUES = ['train', 'l2', 'retrain', 'template'] as const;
/** Of an encoder's head, and of a causal model's prompt. */
const EXAMPLE_SCALARS = [...DATA_SCALARS, 'log-odds', 'log-prob'] as const;
export const LENS_VALUES = ['lens', 'layers', 'ablation', 'reference', 'set', ...DATA_VALUES, ...ONNX_VALUES] as const;
export const LENS_FLAGS = ['rescale'] as const;

export const LENS_HELP = [
  [
    '--lens L',
    `who the players are: text (pieces of it, the default), parts of the model: ${COMPONENT_LENSES.join(', ')} (heads and MLP blocks), data: training examples, or onnx: what an ONNX model reads`,
  ],
  ['--layers 3,5', 'with parts of the model: only those of these layers, from 0'],
  [
    '--ablation A',
    'what absent parts put out: zero, or mean (their mean output over --reference FILE, a text on each line; default the explained texts)',
  ],
  ['--rescale', 'with ablation zero: multiply the heads left in a layer by how many there are over how many are left'],
  [
    '--set F.tsv',
    'instead of one text labelled ones (label, tab, text): with parts of the model their mean log-prob, another --scalar or the accuracy, with --lens data their mean margin or loss',
  ],
  [
    '--train F.tsv',
    `with --lens data: the training examples (label, tab, text); a logistic head on the model's features is trained anew for each mask, and its margin for the text explained (--scalar ${DATA_SCALARS.join(' or ')}, --target the label); of a causal model the examples in its prompt, before the text: explained is the log-odds of two labels (--target "A vs B"), or the log-prob of one`,
  ],
  ['--l2 X', 'with --lens data: strength of the penalty on the head; default 1'],
  [
    '--retrain R',
    `with --lens data: ${RETRAININGS.join(' or ')}: heads are trained to their optimum, the default, or found by influence functions`,
  ],
  [
    '--template T',
    'with --lens data and a causal model: how an example is written, {text}, {label} and \\n for a new line in it; default "Text: {text}\\nLabel: {label}\\n\\n"',
  ],
  ...ONNX_HELP,
] as const;

/** Larger sets than any that a run could get through. */
const MOST_BYTES = 16_000_000;
export const SET_SCALARS = [...SCALARS, 'accuracy'] as const satisfies readonly SetScalar[];
const ONNX_SCALARS = [...SCALARS, 'value'] as const;
export const LENS_SCALARS = [...SET_SCALARS, COSINE, ...DATA_SCALARS, 'value'] as const;

/** The lens of a run, checked before anything is started for it; files are read by `read`. */
export interface LensRun {
  readonly lens: 'text' | 'data' | 'onnx' | ComponentLens;
  /** What the model is to be loaded for, where its config.json does not say. */
  readonly task?: Task;
  /** Whether labelled texts stand in place of the one text. */
  readonly set: boolean;
  /** Opens a model of the lens's own in place of one of the engine. */
  readonly open?: () => Promise<Explainer>;
  read(): Promise<Omit<ComponentQuestion, 'lens'> & TrainingQuestion & { readonly lens?: Exclude<LensRun['lens'], 'onnx'> }>;
}

/** @throws usage naming an option that is of another lens. */
function refuseStray(args: Arguments, lens: string, allowed: readonly string[]): void {
  const stray = [...LENS_VALUES.slice(1), ...LENS_FLAGS].find((name) => args.has(name) && !allowed.includes(name));
  if (!stray) return;
  const owner = DATA_VALUES.some((name) => name === stray) ? 'data' : COMPONENT_LENSES.join(' or ');
  throw usage(`--${stray}: expected --lens ${owner}, got --lens ${lens}; name one, or leave it out`);
}

/** Options that say how a text is masked. @throws usage. */
function refuseMasking(args: Arguments, lens: string): void {
  for (const name of ['units', 'lock', 'mask', ...(lens === 'data' ? ['chat'] : [])])
    if (args.has(name)) {
      const instead = name === 'mask' && lens !== 'data' ? 'say --ablation' : 'leave it out';
      throw usage(`--${name}: expected none with --lens ${lens}, got one; ${instead}`);
    }
}

/** @throws usage where the lens has no such scalar. */
function checkScalar(args: Arguments, lens: string, allowed: readonly string[]): void {
  const scalar = args.value('scalar')?.toLowerCase();
  // A name that no lens knows gets the nearest one elsewhere.
  if (scalar !== undefined && LENS_SCALARS.some((s) => s === scalar) && !allowed.includes(scalar))
    throw usage(`--scalar: expected ${allowed.join(', ')} with --lens ${lens}, got ${scalar}; choose one of them`);
}

/** @throws usage, not-found. */
export function lensRun(args: Arguments): LensRun {
  const lens = oneOf(args, 'lens', ['text', 'data', 'onnx', ...COMPONENT_LENSES]) ?? 'text';
  if (lens === 'onnx') return onnxRun(args);
  refuseOnnxOptions(args, lens);
  if (lens === 'text') {
    refuseStray(args, lens, []);
    checkScalar(args, lens, [...SCALARS, COSINE]);
    return { lens, set: false, read: async () => ({}) };
  }
  refuseMasking(args, lens);
  return lens === 'data' ? dataRun(args) : componentRun(args, lens);
}

function onnxRun(args: Arguments): LensRun {
  refuseStray(args, 'onnx', ONNX_VALUES);
  checkScalar(args, 'onnx', ONNX_SCALARS);
  const device = args.value('device')?.toLowerCase();
  if (device === 'webgpu' || device === 'reference')
    throw usage(`--device: expected wasm with --lens onnx, where onnxruntime-web runs in Node, got ${device}; leave it out`);
  const given = onnxArguments(args);
  return { lens: 'onnx', set: false, open: () => openOnnxExplainer(given), read: async () => ({}) };
}

function dataRun(args: Arguments): LensRun {
  refuseStray(args, 'data', [...DATA_VALUES, 'set']);
  checkScalar(args, 'data', EXAMPLE_SCALARS);
  const train = args.value('train');
  if (train === undefined) throw usage('--lens data: expected --train FILE, got none; name a file of label, tab, text');
  const given = args.value('l2');
  const l2 = given === undefined ? undefined : Number(given);
  if (l2 !== undefined && !(l2 > 0 && Number.isFinite(l2))) throw usage(`--l2: expected a number above 0, got ${given}; 1 is usual`);
  const retrain = oneOf(args, 'retrain', RETRAININGS);
  const template = args.value('template')?.replaceAll('\\n', '\n');
  if (template !== undefined) fewShotPrompt([], '', template);
  const set = args.value('set');
  if (set !== undefined && args.has('target'))
    throw usage('--target: expected none with --set, whose texts have their labels, got one; leave it out');
  for (const file of [train, set]) if (file !== undefined) checkReadable(file);
  return {
    lens: 'data',
    task: 'feature-extraction',
    set: set !== undefined,
    read: async () => ({
      ...(set !== undefined && { examples: parseExamples(await readTextFile(set, MOST_BYTES), set) }),
      lens: 'data',
      train: parseExamples(await readTextFile(train, MOST_BYTES), train),
      ...(l2 !== undefined && { l2 }),
      ...(retrain && { retrain }),
      ...(template !== undefined && { template }),
    }),
  };
}

function componentRun(args: Arguments, lens: ComponentLens): LensRun {
  refuseStray(args, lens, ['layers', 'ablation', 'reference', 'set', 'rescale']);
  checkScalar(args, lens, SET_SCALARS);
  const ablation: Ablation = oneOf(args, 'ablation', ABLATIONS) ?? 'zero';
  const named = args.value('layers');
  const layers = named === undefined ? undefined : parseLayers(named, '--layers');
  const rescale = args.has('rescale');
  const [reference, set] = [args.value('reference'), args.value('set')];
  if (rescale && ablation === 'mean') throw usage('--rescale: expected --ablation zero, got mean; leave one out');
  if (reference !== undefined && ablation === 'zero')
    throw usage('--reference: expected --ablation mean, got zero; add it, or leave --reference out');
  if (set !== undefined && args.has('target'))
    throw usage('--target: expected none with --set, whose texts have their labels, got one; leave it out');
  if (set === undefined && args.value('scalar')?.toLowerCase() === 'accuracy')
    throw usage('--scalar accuracy: expected --set FILE, got one text; name a set, or another scalar');
  for (const file of [reference, set]) if (file !== undefined) checkReadable(file);
  return {
    lens,
    set: set !== undefined,
    async read() {
      return {
        lens,
        ...(layers && { layers }),
        ablation,
        ...(rescale && { rescale }),
        ...(reference !== undefined && { reference: parseTexts(await readTextFile(reference, MOST_BYTES)) }),
        ...(set !== undefined && { examples: parseExamples(await readTextFile(set, MOST_BYTES), set) }),
      };
    },
  };
}
