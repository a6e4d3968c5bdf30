import { WebspexError } from '../../core/errors.ts';
import { createMasks, isPresent, type Masks, setPresent } from '../../core/masks.ts';
import type { BlankSequences, Tokenizer, TokenSequences } from '../../model/model.ts';
import { idsOfFollowing } from './continuation.ts';
import type { TextPlayers } from './players.ts';

/** What stands where an absent player was. */
export type MaskRule =
  | { readonly kind: 'mask-token' }
  | { readonly kind: 'unk-token' }
  | { readonly kind: 'remove' }
  | { readonly kind: 'neutral' }
  | { readonly kind: 'replace'; readonly text: string };

/** A word that says nothing, and that there is one. */
const NEUTRAL = ' _';

/** `mask-token | remove | neutral | unk-token | replace:TEXT`. @throws usage. */
export function parseMaskRule(given: string): MaskRule {
  if (given === 'mask-token' || given === 'unk-token' || given === 'remove' || given === 'neutral') return { kind: given };
  if (given.startsWith('replace:')) return { kind: 'replace', text: given.slice('replace:'.length) };
  throw new WebspexError(
    'usage',
    `mask: expected mask-token, remove, neutral, unk-token or replace:TEXT, got ${given}; choose one of them`,
  );
}

/** What each token of an absent player becomes: one id, or (first token) these ids and (other tokens) none. */
interface Replacement {
  readonly each: number | null;
  readonly first: Uint32Array;
}

function replacementOf(rule: MaskRule, tokenizer: Tokenizer): Replacement {
  if (rule.kind === 'remove') return { each: null, first: new Uint32Array(0) };
  if (rule.kind === 'neutral') return { each: null, first: idsOfFollowing(tokenizer, NEUTRAL) };
  if (rule.kind === 'replace') return { each: null, first: tokenizer.encode(rule.text).ids };
  const { mask, unk } = tokenizer.special;
  const each = rule.kind === 'mask-token' ? mask : unk;
  if (each === null) {
    const working = [mask === null ? '' : 'mask-token, ', unk === null ? '' : 'unk-token, ', 'remove, neutral or replace:TEXT'].join('');
    throw new WebspexError('usage', `mask ${rule.kind}: expected a tokenizer with that token, got one without; use ${working}`);
  }
  return { each, first: new Uint32Array(0) };
}

/**
 * A token of blanks alone is the blank before the word after it, but where it is locked, as a chat's template is: the player of each token
 * where words are removed with their blanks.
 */
function ownersWithBlanks({ text, encoding, playerOfToken, locked }: Split): Int32Array {
  const { starts, ends } = encoding;
  const owners = playerOfToken.slice();
  const isBlank = (t: number) => text.slice(starts[t], ends[t]).trim() === '';
  const isLocked = (t: number) => locked.some(([from, to]) => starts[t] < to && from < ends[t]);
  for (let t = owners.length - 2; t >= 0; t--) if (owners[t] < 0 && isBlank(t) && !isLocked(t)) owners[t] = owners[t + 1];
  return owners;
}

type Split = Pick<TextPlayers, 'text' | 'encoding' | 'playerOfToken' | 'players' | 'locked'>;

/**
 * Masked copies of a text as token sequences between the special tokens that the model expects, one for each mask. Tokens of the players
 * that are present, and those that belong to none, stay as they were. @throws usage where the rule needs a token that the tokenizer lacks or the masks are of another
 * text; too-long (both lengths) where any mask at all could give a sequence beyond `mostTokens`, before anything is built.
 */
export function maskSequences(masks: Masks, split: Split, rule: MaskRule, tokenizer: Tokenizer, mostTokens: number): TokenSequences {
  const { ids, offsets } = maskFollowing(masks, split, rule, tokenizer, mostTokens, -1);
  return { ids, offsets };
}

/** As `maskSequences`, with the place in each sequence of one token of the text that belongs to no player. @throws as it. */
export function maskFollowing(
  masks: Masks,
  split: Split,
  rule: MaskRule,
  tokenizer: Tokenizer,
  mostTokens: number,
  token: number,
): BlankSequences {
  const { players } = split;
  const { ids } = split.encoding;
  const { before, after } = tokenizer.wrapping;
  if (masks.n !== players.length)
    throw new WebspexError('usage', `masks: expected ${players.length} players, got ${masks.n}; make them for this text`);
  const replacement = replacementOf(rule, tokenizer);
  checkLength(split, replacement, before.length + after.length, mostTokens);
  const playerOfToken = rule.kind === 'remove' ? ownersWithBlanks(split) : split.playerOfToken;

  const blanks = new Uint32Array(masks.count);
  const out: number[] = [];
  const offsets = new Uint32Array(masks.count + 1);
  for (let r = 0; r < masks.count; r++) {
    out.push(...before);
    blanks[r] = pushMasked(out, masks, r, { ids, playerOfToken, replacement, end: ids.length, watched: token }) - offsets[r];
    out.push(...after);
    offsets[r + 1] = out.length;
  }
  return { ids: Uint32Array.from(out), offsets, blanks };
}

interface Masked {
  readonly ids: Uint32Array;
  readonly playerOfToken: Int32Array;
  readonly replacement: Replacement;
  /** Tokens of the text that count. */
  readonly end: number;
  /** A token whose place is wanted. */
  readonly watched?: number;
}

/** Appends what a mask leaves of a text; returns the place of the watched token, −1 without one. */
function pushMasked(
  out: number[],
  masks: Masks,
  r: number,
  { ids, playerOfToken, replacement: { each, first }, end, watched }: Masked,
): number {
  let replaced = -1;
  let place = -1;
  for (let t = 0; t < end; t++) {
    if (t === watched) place = out.length;
    const player = playerOfToken[t];
    if (player < 0 || isPresent(masks, r, player)) out.push(ids[t]);
    else if (each !== null) out.push(each);
    else if (player !== replaced) {
      for (const id of first) out.push(id);
      replaced = player;
    }
  }
  return place;
}

/**
 * What masked copies of a text begin with, up to the first token of the (depth + 1)th player in the order of the text: that of no player, then
 * each of one, of two, … @throws usage as `maskSequences`.
 */
export function maskedBeginnings(split: Split, rule: MaskRule, tokenizer: Tokenizer, depth: number): TokenSequences {
  const replacement = replacementOf(rule, tokenizer);
  const playerOfToken = rule.kind === 'remove' ? ownersWithBlanks(split) : split.playerOfToken;
  const { ids } = split.encoding;
  const order = [...new Set(playerOfToken)].filter((player) => player >= 0);
  const out: number[] = [];
  const offsets = [0];
  for (let d = 0; d <= Math.min(depth, order.length - 1); d++) {
    const end = playerOfToken.indexOf(order[d]);
    const masks = createMasks(split.players.length, 2 ** d);
    for (let r = 0; r < masks.count; r++) {
      for (let i = 0; i < d; i++) setPresent(masks, r, order[i], ((r >> i) & 1) === 1);
      out.push(...tokenizer.wrapping.before);
      pushMasked(out, masks, r, { ids, playerOfToken, replacement, end });
      if (out.length > offsets[offsets.length - 1]) offsets.push(out.length);
    }
  }
  return { ids: Uint32Array.from(out), offsets: Uint32Array.from(offsets) };
}

/** The longest sequence that any mask can give: each player as it is or replaced, whichever is longer. */
function checkLength({ encoding, playerOfToken }: Split, { each, first }: Replacement, special: number, most: number): void {
  const sizes = new Map<number, number>();
  for (const player of playerOfToken) if (player >= 0) sizes.set(player, (sizes.get(player) ?? 0) + 1);
  const whole = encoding.ids.length + special;
  let longest = whole;
  if (each === null) for (const size of sizes.values()) longest += Math.max(0, first.length - size);
  if (longest <= most) return;
  const cause = whole > most ? 'the text, or explain it in parts (other units or masks do not help)' : 'the replacement or the text';
  throw new WebspexError(
    'too-long',
    `text: expected at most ${most} tokens for this model, its special ones included, got ${longest}; shorten ${cause}`,
  );
}
