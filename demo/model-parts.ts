import { WebspexError } from '../src/index.ts';
import { type ComponentLens, parseLayers } from '../src/lens.ts';
import type { TextOptions } from '../src/text.ts';
import { sayFieldProblem, watchField } from './field-problem.ts';
import { parts } from './parts.ts';

/** How parts of the model are switched off, and which layers they are of, by the fields. @throws usage for layers that are no numbers. */
export function askedParts(): Pick<TextOptions, 'ablation' | 'rescale' | 'layers'> {
  const { value: ablation } = parts.ablation;
  const layers = parts.layers.value.trim();
  return {
    ablation: ablation === 'mean' ? 'mean' : 'zero',
    ...(ablation === 'rescale' && { rescale: true }),
    ...(layers !== '' && { layers: parseLayers(layers) }),
  };
}

/** Offers what can be asked of these players: blocks have no heads left to rescale. */
export function sayParts(lens: ComponentLens | null): void {
  const { ablation, ablationField, layersField } = parts;
  ablationField.hidden = lens === null;
  layersField.hidden = lens === null;
  const rescale = ablation.querySelector<HTMLOptionElement>('option[value="rescale"]');
  if (rescale) rescale.disabled = lens === 'blocks';
  if (ablation.selectedOptions[0]?.disabled) ablation.value = 'zero';
}

/** Says under the field what is wrong with the layers, if an error is of them; whether it is. */
export function sayLayersProblem(error: unknown): boolean {
  if (!(error instanceof WebspexError) || error.code !== 'usage' || !error.message.startsWith('layers:')) return false;
  sayFieldProblem(parts.layers, parts.layersProblem, error.message);
  return true;
}

/** Tells of bad layers as soon as the field is left, and takes the words back with the next key. */
export function watchLayers(): void {
  const { layers, layersProblem } = parts;
  watchField(layers, layersProblem);
  layers.addEventListener('change', () => {
    try {
      askedParts();
    } catch (error) {
      sayLayersProblem(error);
    }
  });
}
