import { WebspexError } from '../../core/errors.ts';
import { isPresent, type Masks } from '../../core/masks.ts';
import type { Tokenizer, TokenSequences } from '../../model/model.ts';
import type { TextPlayers } from './players.ts';

/** What stands where an absent player was. */
export type MaskRule =
  | { readonly kind: 'mask-token' }
  | { readonly kind: 'unk-token' }
  | { readonly kind: 'remove' }
  | { readonly kind: 'replace'; readonly text: string };

/** `mask-token | remove | unk-token | replace:TEXT`. @throws usage. */
export function parseMaskRule(given: string): MaskRule {
  if (given === 'mask-token' || given === 'unk-token' || given === 'remove') return { kind: given };
  if (given.startsWith('replace:')) return { kind: 'replace', text: given.slice('replace:'.length) };
  throw new WebspexError('usage', `mask: expected mask-token, remove, unk-token or replace:TEXT, got ${given}; choose one of them`);
}

/** What each token of an absent player becomes: one id, or (first token) these ids and (other tokens) none. */
interface Replacement {
  readonly each: number | null;
  readonly first: readonly number[];
}

function replacementOf(rule: MaskRule, tokenizer: Tokenizer): Replacement {
  if (rule.kind === 'remove') return { each: null, first: [] };
  if (rule.kind === 'replace') return { each: null, first: [...tokenizer.encode(rule.text).ids] };
  const each = rule.kind === 'mask-token' ? tokenizer.special.mask : tokenizer.special.unk;
  if (each === null)
    throw new WebspexError('usage', `mask ${rule.kind}: expected a tokenizer with that token, got one without; use remove or replace:TEXT`);
  return { each, first: [] };
}

/**
 * Masked copies of a text as token sequences [CLS] … [SEP], one for each mask. Tokens of the players that are present, and those that
 * belong to none, stay as they were. @throws usage where the rule needs a token that the tokenizer lacks; too-long (both lengths) where
 * a sequence would exceed `mostTokens`, before anything is built.
 */
export function maskSequences(
  masks: Masks,
  split: Pick<TextPlayers, 'encoding' | 'playerOfToken'>,
  rule: MaskRule,
  tokenizer: Tokenizer,
  mostTokens: number,
): TokenSequences {
  const { ids } = split.encoding;
  const { playerOfToken } = split;
  const { each, first } = replacementOf(rule, tokenizer);
  const ends = [tokenizer.special.cls, tokenizer.special.sep];
  const [cls, sep] = ends;
  if (cls === null || sep === null) throw new WebspexError('usage', 'tokenizer: expected [CLS] and [SEP], got none; use a BERT tokenizer');
  checkLength(split, first.length, each !== null, mostTokens);

  const offsets = new Uint32Array(masks.count + 1);
  const out: number[] = [];
  for (let r = 0; r < masks.count; r++) {
    out.push(cls);
    let replaced = -1;
    for (let t = 0; t < ids.length; t++) {
      const player = playerOfToken[t];
      if (player < 0 || isPresent(masks, r, player)) out.push(ids[t]);
      else if (each !== null) out.push(each);
      else if (player !== replaced) {
        out.push(...first);
        replaced = player;
      }
    }
    out.push(sep);
    offsets[r + 1] = out.length;
  }
  return { ids: Uint32Array.from(out), offsets };
}

/** The longest sequence any mask can give: each player as it is or replaced, whichever is longer. */
function checkLength(
  { encoding, playerOfToken }: Pick<TextPlayers, 'encoding' | 'playerOfToken'>,
  replacement: number,
  keepsLength: boolean,
  most: number,
): void {
  const sizes = new Map<number, number>();
  let fixed = 2;
  for (const player of playerOfToken) {
    if (player < 0) fixed++;
    else sizes.set(player, (sizes.get(player) ?? 0) + 1);
  }
  let longest = fixed;
  for (const size of sizes.values()) longest += keepsLength ? size : Math.max(size, replacement);
  const whole = encoding.ids.length + 2;
  if (Math.max(longest, whole) > most)
    throw new WebspexError(
      'too-long',
      `text: expected at most ${most} tokens for this model, got ${Math.max(longest, whole)}; shorten the text${longest > whole ? ' or the replacement' : ''}`,
    );
}
