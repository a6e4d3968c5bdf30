import {
  ABLATIONS,
  type Ablation,
  COMPONENT_LENSES,
  type ComponentLens,
  type ComponentQuestion,
  parseExamples,
  type SetScalar,
} from '../lens.ts';
import { SCALARS } from '../text.ts';
import { type Arguments, oneOf, usage } from './arguments.ts';
import { checkReadable, readTextFile } from './files.ts';

export const LENS_VALUES = ['lens', 'layers', 'ablation', 'reference', 'set'] as const;
export const LENS_FLAGS = ['rescale'] as const;

export const LENS_HELP = [
  [
    '--lens L',
    `who the players are: text (pieces of it, the default), or parts of the model: ${COMPONENT_LENSES.join(', ')} (heads and MLP blocks)`,
  ],
  ['--layers 3,5', 'with parts of the model: only those of these layers, from 0'],
  [
    '--ablation A',
    'what absent parts put out: zero, or mean (their mean output over --reference FILE, a text on each line; default the explained texts)',
  ],
  ['--rescale', 'with ablation zero: multiply the heads left in a layer by how many there are over how many are left'],
  [
    '--set F.tsv',
    'with parts of the model: explain the mean log-prob, another --scalar or the accuracy over labelled texts (label, tab, text) instead of one text',
  ],
] as const;

/** Larger sets than any that a run could get through. */
const MOST_BYTES = 16_000_000;
export const SET_SCALARS = [...SCALARS, 'accuracy'] as const satisfies readonly SetScalar[];

/** The lens of a run, checked before anything is started for it; files are read by `read`. */
export interface LensRun {
  readonly lens: 'text' | ComponentLens;
  /** Whether labelled texts stand in place of the one text. */
  readonly set: boolean;
  read(): Promise<ComponentQuestion>;
}

/** @throws usage, not-found. */
export function lensRun(args: Arguments): LensRun {
  const lens = oneOf(args, 'lens', ['text', ...COMPONENT_LENSES]) ?? 'text';
  if (lens === 'text') {
    const stray = [...LENS_VALUES.slice(1), ...LENS_FLAGS].find((name) => args.has(name));
    if (stray) throw usage(`--${stray}: expected --lens ${COMPONENT_LENSES.join(' or ')}, got --lens text; name one, or leave it out`);
    return { lens, set: false, read: async () => ({}) };
  }
  for (const name of ['units', 'lock', 'mask'])
    if (args.has(name))
      throw usage(`--${name}: expected none with --lens ${lens}, got one; ${name === 'mask' ? 'say --ablation' : 'leave it out'}`);
  const ablation: Ablation = oneOf(args, 'ablation', ABLATIONS) ?? 'zero';
  const layers = layersOf(args);
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
        ...(reference !== undefined && { reference: textsOf(await readTextFile(reference, MOST_BYTES)) }),
        ...(set !== undefined && { examples: parseExamples(await readTextFile(set, MOST_BYTES), set) }),
      };
    },
  };
}

function textsOf(file: string): string[] {
  return file.split(/\r?\n/).filter((line) => line.trim() !== '');
}

function layersOf(args: Arguments): number[] | undefined {
  const given = args.value('layers');
  if (given === undefined) return undefined;
  const parts = given.split(',').map((part) => part.trim());
  const wrong = parts.find((part) => !/^\d+$/.test(part));
  if (wrong !== undefined) throw usage(`--layers: expected numbers from 0 with commas between, got ${JSON.stringify(given)}; write 3,5`);
  return parts.map(Number);
}
