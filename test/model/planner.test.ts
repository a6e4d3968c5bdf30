import { describe, expect, it } from 'vitest';
import { allMasks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { maskSequences } from '../../src/lens/text/masking.ts';
import { splitPlayers } from '../../src/lens/text/players.ts';
import type { TokenSequences } from '../../src/model/model.ts';
import { type Chunk, distinctSequences, packChunk, paddedRows, scatterRows, sequenceCount } from '../../src/model/planner.ts';
import { sequencesOf } from '../lens/text/support.ts';
import { thrownBy } from './support.ts';
import { letters, sequences } from './tiny-encoder.ts';

/** Random sequences of 1 to 9 tokens from a small vocabulary, so that many are equal. */
function randomSequences(count: number, vocabulary: number, seed: number): TokenSequences {
  const random = createRandom(seed);
  return sequences(Array.from({ length: count }, () => Array.from({ length: 1 + random.below(9) }, () => random.below(vocabulary))));
}

const roomy = { tokens: 1000, tableRows: 1000, sequences: 1000 };

/** All chunks of a list, one after the other, as the classifier takes them. */
function chunksOf(all: TokenSequences, tokens: number, capacity = roomy): Chunk[] {
  const out: Chunk[] = [];
  for (let next = 0; next < sequenceCount(all); next += out[out.length - 1].counts.sequences)
    out.push(packChunk(all, next, tokens, capacity));
  return out;
}

describe('distinct sequences', () => {
  it('are the first of each kind, in order, and every asked one is found among them', () => {
    for (const [count, vocabulary] of [
      [1, 3],
      [500, 2],
      [500, 50],
    ]) {
      const asked = sequencesOf(randomSequences(count, vocabulary, count + vocabulary));
      const { sequences: kept, sourceOf } = distinctSequences(sequences(asked));
      const want = [...new Set(asked.map(String))];
      expect(sequencesOf(kept).map(String)).toEqual(want);
      expect([...sourceOf]).toEqual(asked.map((s) => want.indexOf(String(s))));
    }
  });

  it('are told apart exactly, however their hashes fall, among 150,000 pairs of tokens', () => {
    // A 32-bit hash of so many is expected to meet twice or three times.
    const random = createRandom(3);
    const ids = Uint32Array.from({ length: 300_000 }, () => random.below(30_522));
    const { sequences: kept } = distinctSequences({ ids, offsets: Uint32Array.from({ length: 150_001 }, (_, s) => 2 * s) });
    const want = new Set<number>();
    for (let s = 0; s < 150_000; s++) want.add(ids[2 * s] * 65_536 + ids[2 * s + 1]);
    expect([...want]).toEqual(Array.from({ length: sequenceCount(kept) }, (_, s) => kept.ids[2 * s] * 65_536 + kept.ids[2 * s + 1]));
  });

  it('tell a sequence from its prefix and from the same tokens cut elsewhere', () => {
    const lists = [[1, 2], [1], [1, 2, 3], [1, 2], [2, 1], [1]];
    expect(sequencesOf(distinctSequences(sequences(lists)).sequences)).toEqual([[1, 2], [1], [1, 2, 3], [2, 1]]);
  });

  it('of no sequences are none', () => {
    const { sequences: kept, sourceOf } = distinctSequences(sequences([]));
    expect([sequenceCount(kept), sourceOf.length]).toEqual([0, 0]);
  });

  it('of all masks of a text with words twice are as many as there are texts, by removal and by [MASK]', () => {
    const split = splitPlayers(letters, 'a b a b', 'word');
    const masks = allMasks(4);
    const masked = maskSequences(masks, split, { kind: 'mask-token' }, letters, 64);
    expect(sequenceCount(distinctSequences(masked).sequences)).toBe(16);
    const removed = maskSequences(masks, split, { kind: 'remove' }, letters, 64);
    // Subsequences of abab: "", a, b, ab, ba, aa, bb, aba, bab, aab, abb, abab.
    expect(sequenceCount(distinctSequences(removed).sequences)).toBe(12);
  });
});

describe('chunks', () => {
  it('cover every sequence once, in order, and hold as many whole ones as fit', () => {
    const all = randomSequences(200, 20, 5);
    const lists = sequencesOf(all);
    for (const tokens of [1, 7, 40, 1000]) {
      const chunks = chunksOf(all, tokens);
      expect(chunks.reduce((sum, c) => sum + c.counts.sequences, 0)).toBe(200);
      chunks.forEach((chunk, i) => {
        const end = chunk.first + chunk.counts.sequences;
        expect(chunk.first).toBe(i === 0 ? 0 : chunks[i - 1].first + chunks[i - 1].counts.sequences);
        const rows = lists.slice(chunk.first, end).flat().length;
        expect(chunk.counts.tokens).toBe(rows);
        if (chunk.counts.sequences > 1) expect(rows).toBeLessThanOrEqual(tokens);
        if (end < 200) expect(rows + lists[end].length).toBeGreaterThan(tokens);
      });
    }
  });

  it('stay within the capacity of the program in rows and in sequences, and one sequence beyond it is refused', () => {
    const all = sequences([[1], [1], [1], [1, 2, 3, 4]]);
    expect(chunksOf(all, 1000, { tokens: 5, tableRows: 5, sequences: 2 }).map((c) => c.counts.sequences)).toEqual([2, 2]);
    expect(chunksOf(all, 1000, { tokens: 4, tableRows: 4, sequences: 9 }).map((c) => c.counts.sequences)).toEqual([3, 1]);
    const error = thrownBy(() => packChunk(all, 3, 1000, { tokens: 3, tableRows: 3, sequences: 9 }));
    expect([error.code, error.message]).toEqual(['self-check', expect.stringMatching(/at most 3 rows, got 4/)]);
  });

  it('pack rows end to end: each row sees the keys of its own sequence, the first row of each is read, none is padding', () => {
    const all = randomSequences(60, 5, 8);
    const lists = sequencesOf(all);
    for (const chunk of chunksOf(all, 25)) {
      let row = 0;
      for (let s = 0; s < chunk.counts.sequences; s++) {
        const end = row + lists[chunk.first + s].length;
        expect(chunk.readRows[s]).toBe(row);
        expect([...chunk.readRanges.subarray(2 * s, 2 * s + 2)]).toEqual([row, end]);
        for (let r = row; r < end; r++) expect([...chunk.rowRanges.subarray(2 * r, 2 * r + 2)]).toEqual([row, end]);
        row = end;
      }
      expect(row).toBe(chunk.counts.tokens);
      expect(paddedRows(chunk)).toBe(0);
    }
  });

  it('count rows that belong to no sequence', () => {
    const chunk = packChunk(
      sequences([
        [1, 2],
        [3, 4, 5],
      ]),
      0,
      10,
      roomy,
    );
    expect(paddedRows({ ...chunk, counts: { ...chunk.counts, tokens: 8 } })).toBe(3);
  });

  it('begin from a table with each (token, position) once, which gives every row back', () => {
    const all = randomSequences(60, 5, 9);
    const lists = sequencesOf(all);
    for (const chunk of chunksOf(all, 100)) {
      const { tableTokens, tablePositions, tableRow } = chunk;
      const rows = lists.slice(chunk.first, chunk.first + chunk.counts.sequences).flatMap((list) => list.map((id, i) => `${id} at ${i}`));
      const table = Array.from(tableTokens, (id, t) => `${id} at ${tablePositions[t]}`);
      expect(Array.from(tableRow, (t) => table[t])).toEqual(rows);
      expect(table).toEqual([...new Set(rows)]);
      expect([chunk.counts.tableRows, tablePositions.length]).toEqual([table.length, table.length]);
    }
  });

  it('of a masked text have two table rows for a word, and of a shortened one a row for each place it can stand', () => {
    const split = splitPlayers(letters, 'a b c d e f', 'word');
    const tableRows = (kind: 'mask-token' | 'remove') => {
      const { sequences: kept } = distinctSequences(maskSequences(allMasks(6), split, { kind }, letters, 64));
      return packChunk(kept, 0, 1000, roomy).counts.tableRows;
    };
    // [CLS], [SEP], and each of six words as itself or [MASK].
    expect(tableRows('mask-token')).toBe(2 + 2 * 6);
    // [CLS]; word i (from 0) in any of i + 1 places; [SEP] in seven.
    expect(tableRows('remove')).toBe(1 + (1 + 2 + 3 + 4 + 5 + 6) + 7);
  });
});

describe('rows of distinct sequences', () => {
  it('go back to every sequence that asked', () => {
    const values = Float32Array.from([1, 2, 3, 4, 5, 6]);
    expect([...scatterRows(values, Uint32Array.from([2, 0, 2, 1]), 2)]).toEqual([5, 6, 1, 2, 5, 6, 3, 4]);
  });
});
