import { WebspexError } from '../../core/errors.ts';
import { isPresent, type Masks } from '../../core/masks.ts';
import type { Player } from '../player.ts';
import type { MaskRule } from '../text/masking.ts';
import { labelOf } from '../text/players.ts';
import { type Span, spansOf, type Units } from '../text/units.ts';

/** A text cut into players without a tokenizer, and the spans that are never masked. */
export interface ServedPlayers {
  readonly text: string;
  readonly players: readonly Player[];
  readonly locked: readonly Span[];
}

/** @throws usage for units that need a tokenizer; empty-input where no player remains. */
export function servedPlayers(text: string, units: Units = 'word', locked: readonly Span[] = []): ServedPlayers {
  if (text.trim() === '') throw new WebspexError('empty-input', 'text: expected some words, got none; give a text');
  const spans = spansOf(text, units);
  if (spans === null)
    throw new WebspexError(
      'usage',
      'units: expected word, sentence, /regex/ or spans for a model whose tokens are not known here, got token; choose one of them',
    );
  const free = spans.filter(([start, end]) => !locked.some(([from, to]) => start < to && from < end));
  if (free.length === 0) {
    const named = typeof units === 'string' ? units : JSON.stringify(units);
    throw new WebspexError(
      'empty-input',
      `text: expected at least one player, got none with units ${named}${locked.length > 0 ? ' and what is locked' : ''}; choose other units`,
    );
  }
  return { text, locked, players: free.map((span, id) => ({ id, label: labelOf(text, span), start: span[0], end: span[1] })) };
}

/** @throws usage for rules that put tokens by their number. */
export function checkServedRule(rule: MaskRule): void {
  if (rule.kind === 'mask-token' || rule.kind === 'unk-token')
    throw new WebspexError(
      'usage',
      `mask: expected remove, neutral or replace:TEXT for a served model, got ${rule.kind}; choose one of them`,
    );
}

/**
 * Where absent player i is taken out, and what is put there. As in tokens, a word goes with the blanks before it that are not
 * locked, and ` _` has a blank of its own for the one it replaces.
 */
function cutOf({ text, players, locked }: ServedPlayers, i: number, rule: MaskRule): { from: number; to: number; put: string } {
  const { start, end } = players[i];
  if (rule.kind === 'replace') return { from: start, to: end, put: rule.text };
  if (rule.kind === 'neutral') return { from: text[start - 1] === ' ' ? start - 1 : start, to: end, put: ' _' };
  const before = Math.max(i > 0 ? players[i - 1].end : 0, ...locked.map(([, to]) => to).filter((to) => to <= start));
  let from = start;
  while (from > before && /\s/u.test(text[from - 1])) from--;
  return { from, to: end, put: '' };
}

/** The text under each mask. @throws usage where the masks are of another text. */
export function maskedTexts(masks: Masks, split: ServedPlayers, rule: MaskRule): string[] {
  const { text, players } = split;
  if (masks.n !== players.length)
    throw new WebspexError('usage', `masks: expected ${players.length} players, got ${masks.n}; make them for this text`);
  const cuts = players.map((_, i) => cutOf(split, i, rule));
  return Array.from({ length: masks.count }, (_, r) => {
    let out = '';
    let at = 0;
    for (let i = 0; i < cuts.length; i++) {
      if (isPresent(masks, r, i)) continue;
      const { from, to, put } = cuts[i];
      out += text.slice(at, from) + put;
      at = to;
    }
    return out + text.slice(at);
  });
}
