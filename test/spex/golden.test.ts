import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fillBins } from '../../src/spex/bins.ts';
import { type Code, createCode } from '../../src/spex/code.ts';
import { createDecoder, type Decoded, decodeHard, decodeSoft } from '../../src/spex/decode.ts';
import { peel } from '../../src/spex/peel.ts';
import { planGroups } from '../../src/spex/plan.ts';
import { evaluateTerms, type Terms } from '../spectrum/planted.ts';

interface Golden {
  readonly codes: readonly { n: number; t: number; length: number; dimension: number; delays: readonly string[] }[];
  readonly words: readonly {
    n: number;
    t: number;
    words: readonly { word: readonly number[]; hard: Decoded | null; soft: Decoded | null }[];
  }[];
  readonly games: readonly {
    n: number;
    b: number;
    t: number;
    queries: number;
    terms: Terms;
    groups: readonly (readonly number[])[];
    hard: Terms;
    soft: Terms;
  }[];
}

/** Results of the authors' packages; `golden/make-spex-golden.py` made them and says with which versions. */
const golden = JSON.parse(readFileSync(resolve(import.meta.dirname, 'golden/spex.json'), 'utf8')) as Golden;
/** The golden coefficients are written to nine places, and both sides add some hundred numbers of about 1. */
const WRITTEN = 1e-8;

function delayRows({ n, p, width, signatures }: Code): string[] {
  return Array.from({ length: p }, (_, i) => {
    let row = 0n;
    for (let j = 0; j < n; j++) row |= BigInt((signatures[j * width + ((i + 1) >> 5)] >>> ((i + 1) & 31)) & 1) << BigInt(j);
    return row.toString(16);
  });
}

describe('beside the authors’ own packages', () => {
  it.each(golden.codes)(
    'the code for $n players and $t errors has the same length, dimension and delays',
    ({ n, t, length, dimension, delays }) => {
      const code = createCode(n, t);
      expect(code.field.order).toBe(length);
      expect(code.field.order - code.p).toBe(dimension);
      expect(delayRows(code)).toEqual(delays);
    },
  );

  it.each(golden.words)('words of the code for $n players and $t errors decode alike, hard and soft', ({ n, t, words }) => {
    const decoder = createDecoder(createCode(n, t));
    for (const { word, hard, soft } of words) {
      expect(
        decodeHard(
          decoder,
          word.map((w) => (w < 0 ? 1 : 0)),
        ),
      ).toEqual(hard);
      expect(decodeSoft(decoder, Float64Array.from(word))).toEqual(soft);
    }
    expect(words.some((w) => w.hard === null && w.soft !== null)).toBe(true);
    expect(words.some((w) => w.soft === null)).toBe(true);
  });

  it.each(golden.games)(
    'a function of $n players peels to the same spectrum at b = $b',
    async ({ n, b, t, queries, terms, groups, ...want }) => {
      const code = createCode(n, t);
      const plan = planGroups(
        code,
        groups.map((rows) => Uint32Array.from(rows)),
        b,
        1,
      );
      expect(plan.queries).toBe(queries);
      const values = evaluateTerms(terms, plan.masks);
      for (const decoding of ['hard', 'soft'] as const) {
        const peeled = await peel(plan, fillBins(plan, values), { decoding });
        const got = new Map(peeled.map(({ trace, coefficient }) => [trace.members.join(), coefficient]));
        expect([...got.keys()].sort()).toEqual(want[decoding].map(([members]) => members.join()).sort());
        for (const [members, coefficient] of want[decoding])
          expect(Math.abs((got.get(members.join()) ?? 0) - coefficient)).toBeLessThan(WRITTEN);
      }
    },
  );
});
