import { WebspexError } from '../src/index.ts';
import { type ComponentLens, parseLayers, parseTexts } from '../src/lens.ts';
import type { TextOptions } from '../src/text.ts';
import { sayFieldProblem, watchField } from './field-problem.ts';
import { parts } from './parts.ts';

/** How parts of the model are switched off, the texts that means are taken over, and the layers they are of, by the fields. @throws usage for layers that are no numbers. */
export function askedParts(): Pick<TextOptions, 'ablation' | 'rescale' | 'reference' | 'layers'> {
  const { value: ablation } = parts.ablation;
  const layers = parts.layers.value.trim();
  const reference = ablation === 'mean' ? parseTexts(parts.reference.value) : [];
  return {
    ablation: ablation === 'mean' ? 'mean' : 'zero',
    ...(ablation === 'rescale' && { rescale: true }),
    ...(reference.length > 0 && { reference }), // none: the library takes the text that is explained
    ...(layers !== '' && { layers: parseLayers(layers) }),
  };
}

/** Offers what can be asked of these players: blocks have no heads left to rescale. */
export function sayParts(lens: ComponentLens | null): void {
  const { ablation, ablationField, referenceField, layersField } = parts;
  ablationField.hidden = lens === null;
  layersField.hidden = lens === null;
  const rescale = ablation.querySelector<HTMLOptionElement>('option[value="rescale"]');
  if (rescale) rescale.disabled = lens === 'blocks';
  if (ablation.selectedOptions[0]?.disabled) ablation.value = 'zero';
  referenceField.hidden = lens === null || ablation.value !== 'mean';
}

/** Says under its field what is wrong with the layers or the reference texts; the field, or null for an error of neither. */
export function sayPartsProblem(error: unknown): HTMLElement | null {
  if (!(error instanceof WebspexError)) return null;
  const { layers, layersProblem, reference, referenceProblem } = parts;
  const [, named] = /^(layers|reference)\b(?: \d+)?:/.exec(error.message) ?? [];
  if (named === 'layers') sayFieldProblem(layers, layersProblem, error.message);
  else if (named === 'reference') sayFieldProblem(reference, referenceProblem, error.message);
  else return null;
  return named === 'layers' ? layers : reference;
}

/** Tells of bad layers as soon as the field is left; takes words back that stand under a field with the next key in it. */
export function watchParts(): void {
  const { layers, layersProblem, reference, referenceProblem } = parts;
  watchField(reference, referenceProblem);
  watchField(layers, layersProblem);
  layers.addEventListener('change', () => {
    try {
      askedParts();
    } catch (error) {
      sayPartsProblem(error);
    }
  });
}
