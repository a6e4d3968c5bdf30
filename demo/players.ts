import { type ComponentLens, type Example, parseExamples } from '../src/lens.ts';
import type { TextOptions } from '../src/text.ts';
import { askedParts } from './model-parts.ts';
import { parts } from './parts.ts';
import { strings } from './strings.ts';

export type Lens = 'text' | 'data' | ComponentLens;
const UNITS: ReadonlySet<string> = new Set(['word', 'token', 'sentence']);

/** What is asked of players besides what stands in a document to be asked again. */
export type AskedPlayers = Pick<TextOptions, 'lens' | 'train' | 'ablation' | 'rescale' | 'reference' | 'layers'>;

/** The labelled examples of the file that the reader has chosen last, and the players that the result on screen was asked of. */
export const players = { examples: [] as readonly Example[], shown: {} as AskedPlayers };

/** Who the players are, by the field: pieces of the text, parts of the model, or training examples. */
export function chosenLens(): Lens {
  const { value } = parts.units;
  return UNITS.has(value) ? 'text' : (value as Lens);
}

/** The parts of the model that the field says, or null for other players. */
export function chosenParts(): ComponentLens | null {
  const lens = chosenLens();
  return lens === 'text' || lens === 'data' ? null : lens;
}

/** The players as a run is asked for them; `mask` is of pieces of a text alone. @throws usage for layers that are no numbers. */
export function askedPlayers(mask: string): AskedPlayers & Pick<TextOptions, 'units' | 'mask'> {
  const lens = chosenLens();
  if (lens === 'text') return { units: parts.units.value as TextOptions['units'], mask };
  return lens === 'data' ? { lens, train: players.examples } : { lens, ...askedParts() };
}

/** A file of labelled examples as players. @throws bad-file naming the line. */
async function choose(file: File): Promise<void> {
  players.examples = parseExamples(await file.text(), file.name);
  const option = parts.units.querySelector<HTMLOptionElement>('option[value="data"]');
  if (option) {
    option.textContent = strings.examplesOf(file.name);
    option.hidden = false;
  }
  parts.units.value = 'data';
}

/** Lets the players be chosen; `onChosen` where they were, `onBadFile` where a file holds no labelled examples. */
export function offerPlayers(onChosen: () => void, onBadFile: (error: unknown) => void): void {
  const { units, trainFile } = parts;
  let before = units.value;
  const chosen = () => {
    before = units.value;
    onChosen();
  };
  units.addEventListener('change', () => {
    if (units.value !== 'train') return chosen();
    units.value = before; // until a file has been chosen, which may be given up
    trainFile.click();
  });
  trainFile.addEventListener('change', () => {
    const [file] = trainFile.files ?? [];
    trainFile.value = ''; // the same choice again is a choice
    if (file) choose(file).then(chosen, onBadFile);
  });
}
