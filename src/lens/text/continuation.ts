import { WebspexError } from '../../core/errors.ts';
import type { Tokenizer } from '../../model/model.ts';
import { endsUnspaced } from './units.ts';

/** What a causal model might say next: its text, blank before it included, and its tokens. */
export interface Continuation {
  readonly text: string;
  readonly ids: Uint32Array;
}

/** The tokens of a text that follows another one, so that it neither gets nor loses a blank as the first text of all might. */
export function idsOfFollowing(tokenizer: Tokenizer, text: string): Uint32Array {
  // A letter that no token shares with a blank, a sign or a new line after it.
  const { ids, ends } = tokenizer.encode(`a${text}`);
  return ids.filter((_, t) => ends[t] > 1);
}

/** Stands before a continuation that goes on within the prompt's last word. */
const JOINED = '…';
const WORDLIKE = /^[\p{L}\p{N}]/u;

/** The text of a continuation that a person writes after a prompt, and whether it goes on within the prompt's last word. */
export function followingText(prompt: string, given: string): { readonly text: string; readonly joined: boolean } {
  const joined = given.startsWith(JOINED);
  const bare = joined ? given.slice(JOINED.length) : given;
  const needsBlank = !joined && WORDLIKE.test(bare) && !/\s$/u.test(prompt) && !endsUnspaced(prompt);
  return { text: needsBlank ? ` ${bare}` : bare, joined };
}

/** What is said of a continuation without tokens. */
export function noContinuation(given: string): WebspexError {
  return new WebspexError('empty-input', `target: expected a continuation, got ${JSON.stringify(given)}; give some text`);
}

/**
 * A continuation as a person writes it after a prompt: a word gets the blank before it that the prompt does not end with; after … it goes
 * on without one. @throws empty-input where it has no tokens.
 */
export function continuationOf(tokenizer: Tokenizer, prompt: string, given: string): Continuation {
  const { text, joined } = followingText(prompt, given);
  // A word that goes on within another has no letter of its own before it.
  const ids = joined && WORDLIKE.test(text) ? tokenizer.encode(text).ids : idsOfFollowing(tokenizer, text);
  if (ids.length === 0) throw noContinuation(given);
  return { text, ids };
}

/** How a continuation is written so that `continuationOf` reads it as these tokens; as it is where nothing does. */
export function writtenContinuation(tokenizer: Tokenizer, prompt: string, { text, ids }: Continuation): string {
  const ways = [text.startsWith(' ') ? text.slice(1) : text, text, `${JOINED}${text}`];
  const same = (way: string) => {
    if (way.trim() === '' || way === JOINED) return false;
    return continuationOf(tokenizer, prompt, way).ids.join() === ids.join();
  };
  return ways.find(same) ?? text;
}

/** Two continuations as `A vs B`, or one. @throws usage where a side is empty. */
export function splitAlternatives(given: string): readonly string[] {
  const parts = given.split(/\s+vs\s+/);
  if (parts.length > 2) throw new WebspexError('usage', `target: expected A or A vs B, got ${parts.length} texts; name two`);
  if (parts.length === 2 && parts.some((part) => part.trim() === ''))
    throw new WebspexError('usage', `target: expected two texts in A vs B, got ${JSON.stringify(given)}; name both`);
  return parts.length === 2 ? parts.map((part) => part.trim()) : [given];
}
