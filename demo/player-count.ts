import { WebspexError } from '../src/index.ts';
import { COMPONENT_LENSES, componentPlayers, parseLayers } from '../src/lens.ts';
import type { ModelParts } from '../src/text.ts';

/** What decides how many players there are, as the fields say it. */
export interface Asks {
  readonly units: string;
  readonly text: string;
  /** Training examples that were chosen. */
  readonly examples: number;
  /** As written; empty for all. */
  readonly layers: string;
  /** Absent before the model is here, and where it has no parts to switch off. */
  readonly model?: ModelParts;
}

/** Words, roughly as the library cuts them: for estimates only. */
export function wordCount(text: string): number {
  return text.trim() === '' ? 0 : text.trim().split(/\s+/u).length;
}

export function sentenceCount(text: string): number {
  return [...new Intl.Segmenter(undefined, { granularity: 'sentence' }).segment(text)].filter((s) => s.segment.trim() !== '').length;
}

/** How many players there are; null where the page does not know: of tokens, of no text, of a model that is not here, of layers that it has not. */
export function countPlayers({ units, text, examples, layers, model }: Asks): number | null {
  if (units === 'word') return wordCount(text) || null;
  if (units === 'sentence') return sentenceCount(text) || null;
  if (units === 'data') return examples || null;
  const lens = COMPONENT_LENSES.find((l) => l === units);
  if (!lens || !model) return null;
  try {
    return componentPlayers(model, lens, layers === '' ? undefined : parseLayers(layers)).players.length;
  } catch (error) {
    if (error instanceof WebspexError) return null; // said at the field
    throw error;
  }
}
