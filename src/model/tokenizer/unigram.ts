import type { Piece } from '../wordpiece.ts';
import { byteName, byteTokens } from './byte-level.ts';
import type { Mapped } from './mapped.ts';

/** A Unigram vocabulary (Kudo 2018, arXiv 1804.10959): each token with the logarithm of its probability. */
export interface UnigramRules {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Score of each id. */
  readonly scores: Float64Array;
  /** Code points in the longest token: no longer match need be tried. */
  readonly longestToken: number;
  readonly unknown: number | null;
  /** Score of an unknown character, below that of any token. */
  readonly unknownScore: number;
  readonly byteFallback: boolean;
}

/** The likeliest path to each character: where its last token begins, and whether that is unknown. */
interface Path {
  readonly from: Int32Array;
  readonly unknown: Uint8Array;
}

function bestPath(chars: readonly string[], { vocabulary, scores, longestToken, unknown: unknownId, unknownScore }: UnigramRules): Path {
  const count = chars.length;
  const best = new Float64Array(count + 1);
  const from = new Int32Array(count + 1).fill(-1);
  const unknown = new Uint8Array(count + 1);
  const offer = (start: number, end: number, score: number, isUnknown: number) => {
    if (from[end] >= 0 && !(score > best[end])) return;
    best[end] = score;
    from[end] = start;
    unknown[end] = isUnknown;
  };
  for (let start = 0; start < count; start++) {
    let token = '';
    let single = false;
    for (let end = start + 1; end <= Math.min(count, start + longestToken); end++) {
      token += chars[end - 1];
      const id = vocabulary.get(token);
      if (id === undefined) continue;
      offer(start, end, scores[id] + best[start], id === unknownId ? 1 : 0);
      single ||= end === start + 1;
    }
    if (!single) offer(start, start + 1, unknownScore + best[start], 1);
  }
  return { from, unknown };
}

/** The likeliest tokens of one word; runs of unknown characters are one, written as bytes where the vocabulary has them. */
export function unigrams(word: Mapped, rules: UnigramRules): Piece[] {
  const { chars, starts, ends } = word;
  const { from, unknown } = bestPath(chars, rules);
  const stretches: [start: number, end: number][] = [];
  for (let end = chars.length; end > 0; ) {
    let start = from[end];
    if (unknown[end]) while (start > 0 && unknown[start]) start = from[start];
    stretches.push([start, end]);
    end = start;
  }
  return stretches.reverse().flatMap(([first, after]) => {
    const token = chars.slice(first, after).join('');
    const [start, end] = [starts[first], ends[after - 1]];
    const id = rules.vocabulary.get(token);
    if (id !== undefined) return [{ id, token, start, end }];
    const bytes = rules.byteFallback ? byteTokens(token, rules.vocabulary) : null;
    if (bytes) return bytes.map(({ id: byte, byte: value }) => ({ id: byte, token: byteName(value), start, end }));
    return rules.unknown === null ? [] : [{ id: rules.unknown, token, start, end }];
  });
}
