import { WebspexError } from '../../core/errors.ts';
import { checkedSpans, type Span, spansOf } from './units.ts';

/** Text that is never masked: by rule, or as spans. */
export type Lock = 'auto' | 'none' | readonly Span[];

/** `auto | none | [[start,end],…]`, spans as JSON. @throws usage. */
export function parseLock(given: string): Lock {
  if (given === 'auto' || given === 'none') return given;
  if (given.startsWith('['))
    try {
      return JSON.parse(given) as readonly Span[];
    } catch {
      // Said below.
    }
  throw new WebspexError('usage', `lock: expected auto, none or [[start,end],…], got ${given}; choose one of them`);
}

/**
 * The spans of a text that a lock names. `auto` is the last sentence of a prompt that has more than one, question or stem of the answer as it
 * is: without it another question would be answered. It is nothing for a text that is no prompt. @throws usage for bad spans.
 */
export function lockedSpans(text: string, lock: Lock, isPrompt: boolean): readonly Span[] {
  if (lock === 'none' || (lock === 'auto' && !isPrompt)) return [];
  if (lock !== 'auto') return checkedSpans(text, lock, 'lock');
  const sentences = spansOf(text, 'sentence') ?? [];
  return sentences.length > 1 ? sentences.slice(-1) : [];
}
