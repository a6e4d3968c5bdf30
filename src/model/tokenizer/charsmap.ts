import { refuse } from './fields.ts';
import { applied, type Change, type Mapped } from './mapped.ts';

/** SentencePiece's compiled normalisation: the replacement that starts at each place of `texts`, found in a double-array trie of UTF-8 bytes. */
export interface Charsmap {
  readonly trie: Uint32Array;
  /** NUL-terminated UTF-8 strings, end to end. */
  readonly texts: Uint8Array;
}

/** Longest map, as base64, that is read; the usual one has 316,720 letters. */
const MOST_LETTERS = 4_000_000;
/** Longer clusters are looked up character by character. */
const MOST_BYTES = 5;

const utf8 = new TextEncoder();

function decodeBase64(given: string): Uint8Array {
  try {
    return Uint8Array.from(atob(given), (c) => c.charCodeAt(0));
  } catch {
    return refuse('precompiled_charsmap: expected base64, got something else');
  }
}

/** Reads `precompiled_charsmap`: a length, the trie in that many bytes, and the strings. @throws bad-file. */
export function readCharsmap(given: unknown): Charsmap {
  if (typeof given !== 'string' || given.length > MOST_LETTERS)
    refuse(`precompiled_charsmap: expected base64 of at most ${MOST_LETTERS} letters, got ${typeof given === 'string' ? 'more' : 'none'}`);
  const bytes = decodeBase64(given);
  const view = new DataView(bytes.buffer);
  const size = bytes.length >= 4 ? view.getUint32(0, true) : -1;
  if (size < 4 || size % 4 !== 0 || 4 + size > bytes.length)
    refuse(`precompiled_charsmap: expected a trie of 4 bytes or more within ${bytes.length}, got ${size}`);
  const trie = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  return { trie, texts: bytes.subarray(4 + size) };
}

/** Where a unit's children are, from its own place (Yata's darts-clone). */
const childOffset = (unit: number) => (unit >>> 10) << ((unit & (1 << 9)) >>> 6);

/** The replacement of the shortest prefix that the map knows, or null. A unit outside the array ends the search. */
function lookUp({ trie, texts }: Charsmap, bytes: Uint8Array): string | null {
  let at = childOffset(trie[0]);
  for (const byte of bytes) {
    if (byte === 0) return null;
    at ^= byte;
    const unit = trie[at];
    if (unit === undefined || (unit & 0x800000ff) !== byte) return null;
    at ^= childOffset(unit);
    if (((unit >>> 8) & 1) === 0) continue;
    const start = (trie[at] ?? 0) & 0x7fffffff;
    const end = texts.indexOf(0, start);
    return new TextDecoder().decode(texts.subarray(start, end < 0 ? texts.length : end));
  }
  return null;
}

/** What stands for `old` characters: as many as there are take their ranges, more share the last one, fewer take the rest along. */
function replace(changes: Change[], old: number, by: string): void {
  const chars = [...by];
  chars.forEach((c, i) => {
    const left = i === chars.length - 1 ? Math.max(old - chars.length, 0) : 0;
    changes.push([c, i < old ? -left : 1]);
  });
}

/** The text as SentencePiece normalises it, cluster by cluster. */
export function applyCharsmap(mapped: Mapped, map: Charsmap): Mapped {
  const clusters = new Intl.Segmenter('en', { granularity: 'grapheme' });
  const changes: Change[] = [];
  let skipped = 0;
  let changed = false;
  const put = (chars: readonly string[]): boolean => {
    const text = chars.join('');
    const bytes = utf8.encode(text);
    if (chars.length > 1 && bytes.length > MOST_BYTES) return false;
    const found = lookUp(map, bytes);
    if (found === null) return false;
    changed = true;
    if (found !== '') replace(changes, chars.length, found);
    else if (changes.length === 0) skipped += chars.length;
    else {
      // What vanishes is taken along by the character before.
      const [c, change] = changes[changes.length - 1];
      changes[changes.length - 1] = [c, change - chars.length];
    }
    return true;
  };
  for (const { segment } of clusters.segment(mapped.chars.join(''))) {
    const chars = [...segment];
    if (put(chars)) continue;
    for (const c of chars) if (chars.length === 1 || !put([c])) changes.push([c, 0]);
  }
  return changed ? applied(mapped, changes, skipped) : mapped;
}
