import type { Piece } from '../wordpiece.ts';
import { byteTokens } from './byte-level.ts';
import type { Mapped } from './mapped.ts';

/** What two neighbouring symbols become; the lowest rank goes first, and of equal ones the leftmost. */
export interface Merge {
  readonly rank: number;
  readonly id: number;
}

/** The merge of two symbols, each given by its id (−1: none) and by its characters in the word. */
export type FindMerge = (left: number, right: number, characters: () => string) => Merge | undefined;

/** A byte-pair vocabulary and what is done with what it lacks. */
export interface BpeRules {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly tokenOf: ReadonlyMap<number, string>;
  readonly findMerge: FindMerge;
  /** Token for characters that are not in the vocabulary; null: they are left out. */
  readonly unknown: number | null;
  /** Runs of unknown characters are one token. */
  readonly fuseUnknown: boolean;
  /** Characters not in the vocabulary are written as `<0xNN>` tokens. */
  readonly byteFallback: boolean;
  /** Whole words that are tokens are not built by merges. */
  readonly ignoreMerges: boolean;
  readonly continuingPrefix: string;
  readonly endSuffix: string;
}

/** Symbols of a word as arrays: id, first character, and the character after the last. */
interface Symbols {
  readonly ids: number[];
  readonly from: number[];
  readonly to: number[];
}

function symbolsOf({ chars }: Mapped, rules: BpeRules): Symbols {
  const symbols: Symbols = { ids: [], from: [], to: [] };
  const add = (id: number, from: number, to: number) => {
    symbols.ids.push(id);
    symbols.from.push(from);
    symbols.to.push(to);
  };
  let unknownFrom = -1;
  const last = chars.length - 1;
  chars.forEach((c, i) => {
    const written = (i > 0 ? rules.continuingPrefix : '') + c + (i === last ? rules.endSuffix : '');
    const id = rules.vocabulary.get(written);
    const bytes = id === undefined && rules.byteFallback ? byteTokens(written, rules.vocabulary) : null;
    const isUnknown = id === undefined && bytes === null;
    if (unknownFrom >= 0 && !(isUnknown && rules.fuseUnknown)) {
      add(rules.unknown ?? -1, unknownFrom, i);
      unknownFrom = -1;
    }
    if (id !== undefined) add(id, i, i + 1);
    else if (bytes) for (const byte of bytes) add(byte.id, i, i + 1);
    else if (unknownFrom < 0) unknownFrom = i;
  });
  if (unknownFrom >= 0) add(rules.unknown ?? -1, unknownFrom, chars.length);
  return symbols;
}

/** Possible merges in a binary heap: position of the left symbol, rank, and the id that comes of it. */
function createHeap() {
  const entries: [rank: number, at: number, id: number][] = [];
  const before = (a: number, b: number) => entries[a][0] - entries[b][0] || entries[a][1] - entries[b][1];
  const swap = (a: number, b: number) => {
    [entries[a], entries[b]] = [entries[b], entries[a]];
  };
  return {
    push(entry: [rank: number, at: number, id: number]) {
      entries.push(entry);
      for (let i = entries.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (before(i, parent) >= 0) break;
        swap(i, parent);
        i = parent;
      }
    },
    pop(): [rank: number, at: number, id: number] | undefined {
      const top = entries[0];
      const last = entries.pop();
      if (last === undefined || entries.length === 0) return top;
      entries[0] = last;
      for (let i = 0; ; ) {
        const left = 2 * i + 1;
        if (left >= entries.length) break;
        const child = left + 1 < entries.length && before(left + 1, left) < 0 ? left + 1 : left;
        if (before(child, i) >= 0) break;
        swap(child, i);
        i = child;
      }
      return top;
    },
  };
}

/** Merges neighbours, lowest rank first, until no pair is left (Sennrich et al. 2016); O(length · log length). Returns which symbols remain. */
function mergeAll({ ids, from, to }: Symbols, word: Mapped, findMerge: FindMerge): number[] {
  const count = ids.length;
  const next = ids.map((_, i) => i + 1);
  const previous = ids.map((_, i) => i - 1);
  const gone = new Uint8Array(count);
  const heap = createHeap();
  const find = (left: number, right: number) => findMerge(ids[left], ids[right], () => word.chars.slice(from[left], to[right]).join(''));
  const offer = (left: number, right: number) => {
    if (left < 0 || right >= count) return;
    const merge = find(left, right);
    if (merge) heap.push([merge.rank, left, merge.id]);
  };
  for (let i = 0; i + 1 < count; i++) offer(i, i + 1);
  for (let top = heap.pop(); top; top = heap.pop()) {
    const [, left, id] = top;
    const right = next[left];
    // Symbols change while their merges wait.
    if (gone[left] || right >= count || find(left, right)?.id !== id) continue;
    ids[left] = id;
    to[left] = to[right];
    gone[right] = 1;
    next[left] = next[right];
    if (next[left] < count) previous[next[left]] = left;
    offer(previous[left], left);
    offer(left, next[left]);
  }
  return ids.map((_, i) => i).filter((i) => !gone[i]);
}

/** The tokens of one word. */
export function bytePairs(word: Mapped, rules: BpeRules): Piece[] {
  const { chars, starts, ends } = word;
  const whole = rules.ignoreMerges ? rules.vocabulary.get(chars.join('')) : undefined;
  if (whole !== undefined) return [{ id: whole, token: chars.join(''), start: starts[0], end: ends[chars.length - 1] }];
  const symbols = symbolsOf(word, rules);
  const pieces: Piece[] = [];
  for (const i of mergeAll(symbols, word, rules.findMerge)) {
    const id = symbols.ids[i];
    if (id >= 0) pieces.push({ id, token: rules.tokenOf.get(id) as string, start: starts[symbols.from[i]], end: ends[symbols.to[i] - 1] });
  }
  return pieces;
}
