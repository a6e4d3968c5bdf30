import { WebspexError } from '../core/errors.ts';
import type { SetScalar } from '../lens/components/value-function.ts';
import type { Example } from '../lens/examples.ts';

/** Labelled texts stand alone, and have their targets. @throws usage, empty-input. */
export function checkSet(text: string, examples: readonly Example[], { target }: { readonly target?: string }): void {
  if (text.trim() !== '') throw new WebspexError('usage', 'examples: expected either a text or labelled texts, got both; leave one out');
  if (target !== undefined)
    throw new WebspexError('usage', `target: expected none with labelled texts, which have their labels, got ${target}; leave it out`);
  if (examples.length === 0) throw new WebspexError('empty-input', 'examples: expected at least one labelled text, got none; give some');
}

/** Labelled texts and what is explained of them, as the document says it. */
export function saidSet(examples: readonly Example[], scalar: SetScalar): { readonly target: string; readonly scalar: string } {
  const many = examples.length === 1 ? 'labelled text' : 'labelled texts';
  return { target: `${examples.length} ${many}`, scalar: scalar === 'accuracy' ? scalar : `mean ${scalar}` };
}
