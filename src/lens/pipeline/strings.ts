import { WebspexError } from '../../core/errors.ts';
import { isPresent, type Masks } from '../../core/masks.ts';
import type { Player } from '../player.ts';
import type { MaskRule } from '../text/masking.ts';
import { labelOf } from '../text/players.ts';
import { type Span, spansOf, type Units } from '../text/units.ts';

/** A text cut into players where nobody tells of tokens. */
export interface StringPlayers {
  readonly text: string;
  readonly players: readonly Player[];
  readonly locked: readonly Span[];
}

/** @throws usage for tokens as units, empty-input where no player remains. */
export function stringPlayers(text: string, units: Units = 'word', locked: readonly Span[] = []): StringPlayers {
  if (text.trim() === '') throw new WebspexError('empty-input', 'text: expected some words, got none; give a text');
  const spans = spansOf(text, units);
  if (spans === null)
    throw new WebspexError('usage', 'units: expected word, sentence, /regex/ or spans for a pipeline, got token; choose one of them');
  const free = spans.filter(([start, end]) => !locked.some(([from, to]) => start < to && from < end));
  if (free.length === 0)
    throw new WebspexError(
      'empty-input',
      'text: expected at least one player, got none with these units and what is locked; choose others',
    );
  return { text, locked, players: free.map(([start, end], id) => ({ id, label: labelOf(text, [start, end]), start, end })) };
}

/** What stands in a text for a masked word, and whether the blanks before the word go with it. */
export interface Put {
  readonly text: string;
  readonly blanks: boolean;
}

/** @throws usage where the rule puts a token that there is not. */
export function putOf(rule: MaskRule, special: { readonly mask: string | null; readonly unk: string | null }): Put {
  if (rule.kind === 'remove') return { text: '', blanks: true };
  if (rule.kind === 'neutral') return { text: ' _', blanks: true };
  if (rule.kind === 'replace') return { text: rule.text, blanks: false };
  const text = rule.kind === 'mask-token' ? special.mask : special.unk;
  if (text === null)
    throw new WebspexError('usage', `mask ${rule.kind}: expected a tokenizer with that token, got one without; use remove or replace:TEXT`);
  return { text, blanks: false };
}

/** The text under each mask. @throws usage where the masks are of another text. */
export function maskedStrings(masks: Masks, { text, players }: StringPlayers, { text: put, blanks }: Put): string[] {
  if (masks.n !== players.length)
    throw new WebspexError('usage', `masks: expected ${players.length} players, got ${masks.n}; make them for this text`);
  // Never into the player before, whose own end may be a blank.
  const starts = players.map(({ start }, i) => {
    const before = text.slice(i > 0 ? players[i - 1].end : 0, start);
    return blanks ? start - before.length + before.trimEnd().length : start;
  });
  return Array.from({ length: masks.count }, (_, r) => {
    let out = '';
    let at = 0;
    players.forEach(({ end }, i) => {
      if (isPresent(masks, r, i)) return;
      out += text.slice(at, starts[i]) + put;
      at = end;
    });
    return out + text.slice(at);
  });
}
