import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allMasks, createMasks, masksFromRows } from '../../../src/core/masks.ts';
import { type MaskRule, maskedBeginnings, maskSequences, parseMaskRule } from '../../../src/lens/text/masking.ts';
import { splitPlayers, type Units } from '../../../src/lens/text/players.ts';
import type { Tokenizer } from '../../../src/model/model.ts';
import { loadTokenizer } from '../../../src/model/tokenizer.ts';
import { thrownBy } from '../../model/support.ts';
import { sequencesOf, tokenizer } from './support.ts';

const text = 'never unaffable, but good';
const words = splitPlayers(tokenizer, text);
const idsOf = (part: string) => [...tokenizer.encode(part).ids];
const masked = (rows: number[][], rule: MaskRule, split = words, most = 512) =>
  sequencesOf(maskSequences(masksFromRows(rows), split, rule, tokenizer, most));
const [CLS, SEP, MASK, UNK] = [101, 102, 103, 100];
const [never, unaffable, but, good] = ['never', 'unaffable,', 'but', 'good'].map(idsOf);

describe('what masked sequences begin with', () => {
  it.each(['mask-token', 'remove', 'neutral', 'replace:some thing'])('is, after so many players, one of so many (%s)', (given) => {
    const rule = parseMaskRule(given);
    const split = splitPlayers(tokenizer, text, '/never|un|aff|good/');
    const all = sequencesOf(maskSequences(allMasks(split.players.length), split, rule, tokenizer, 512));
    const found = sequencesOf(maskedBeginnings(split, rule, tokenizer, 9));
    expect(found.length).toBe(2 ** split.players.length - 1);
    for (let depth = 0; depth < split.players.length; depth++) {
      const own = found.slice(2 ** depth - 1, 2 ** (depth + 1) - 1);
      const starts = (sequence: number[]) => own.filter((ids) => ids.every((id, i) => id === sequence[i]));
      for (const sequence of all) expect(starts(sequence).length).toBeGreaterThan(0);
      for (const ids of own) expect(all.some((sequence) => ids.every((id, i) => id === sequence[i]))).toBe(true);
    }
  });

  it('is the text before the first player and what the model expects before it', () => {
    const split = splitPlayers(tokenizer, text, '/but/');
    expect(sequencesOf(maskedBeginnings(split, { kind: 'remove' }, tokenizer, 0))).toEqual([[CLS, ...never, ...unaffable]]);
  });
});

describe('masked sequences', () => {
  it('stand between [CLS] and [SEP], and all players present give the text itself', () => {
    for (const kind of ['mask-token', 'unk-token', 'remove'] as const)
      expect(masked([[1, 1, 1, 1]], { kind })).toEqual([[CLS, ...idsOf(text), SEP]]);
  });

  it('have a [MASK] (or [UNK]) for every token of an absent player', () => {
    expect(unaffable.length).toBe(4);
    const row = [[1, 0, 1, 0]];
    expect(masked(row, { kind: 'mask-token' })).toEqual([[CLS, ...never, MASK, MASK, MASK, MASK, ...but, MASK, SEP]]);
    expect(masked(row, { kind: 'unk-token' })).toEqual([[CLS, ...never, UNK, UNK, UNK, UNK, ...but, UNK, SEP]]);
  });

  it('lose the tokens of an absent player, down to none', () => {
    expect(
      masked(
        [
          [1, 0, 1, 0],
          [0, 0, 0, 0],
        ],
        { kind: 'remove' },
      ),
    ).toEqual([
      [CLS, ...never, ...but, SEP],
      [CLS, SEP],
    ]); // prettier-ignore
  });

  it('have the replacement once for each absent player, also for neighbours', () => {
    const rule = parseMaskRule('replace:some thing');
    const [some, thing] = idsOf('some thing');
    expect(masked([[1, 0, 0, 1]], rule)).toEqual([[CLS, ...never, some, thing, some, thing, ...good, SEP]]);
    expect(masked([[1, 0, 0, 1]], parseMaskRule('replace:'))).toEqual(masked([[1, 0, 0, 1]], { kind: 'remove' }));
    expect(masked([[0, 1, 1, 1]], parseMaskRule('replace:[MASK]'))[0].slice(0, 2)).toEqual([CLS, MASK]);
  });

  it('never touch tokens that belong to no player', () => {
    const split = splitPlayers(tokenizer, text, '/never|good/');
    expect(masked([[0, 0]], { kind: 'mask-token' }, split)).toEqual([[CLS, MASK, ...unaffable, ...but, MASK, SEP]]);
    const comma = splitPlayers(tokenizer, 'a - b', [
      [0, 1],
      [4, 5],
    ]); // prettier-ignore
    expect(masked([[0, 0]], { kind: 'remove' }, comma)).toEqual([[CLS, ...idsOf('-'), SEP]]);
  });

  it('follow from the mask alone, one after the other, for every rule, unit and mask', () => {
    const rules = ['mask-token', 'unk-token', 'remove', 'replace:x y'].map(parseMaskRule);
    const unit = fc.constantFrom<Units>('word', 'token', '/[a-m]+/', [
      [0, 3],
      [4, 30],
    ]); // prettier-ignore
    fc.assert(
      fc.property(unit, fc.constantFrom(...rules), (units, rule) => {
        const split = splitPlayers(tokenizer, 'a fine, unaffable cast 한국 — mostly good', units);
        const { players, playerOfToken, encoding } = split;
        const masks = players.length <= 8 ? allMasks(players.length) : createMasks(players.length, 1);
        const got = sequencesOf(maskSequences(masks, split, rule, tokenizer, 512));
        got.forEach((sequence, m) => {
          const present = (p: number) => p < 0 || ((masks.words[m] >>> p) & 1) === 1;
          const want = [CLS];
          encoding.ids.forEach((id, t) => {
            const p = playerOfToken[t];
            if (present(p)) want.push(id);
            else if (rule.kind === 'mask-token') want.push(MASK);
            else if (rule.kind === 'unk-token') want.push(UNK);
            else if (rule.kind === 'replace' && playerOfToken.indexOf(p) === t) want.push(...idsOf(rule.text));
          });
          expect(sequence).toEqual([...want, SEP]);
        });
      }),
      { numRuns: 30, seed: 6 },
    );
  });
});

describe('a text that is too long', () => {
  const long = splitPlayers(tokenizer, 'good '.repeat(20));

  it('is refused with both numbers and what helps, however many players a mask leaves', () => {
    for (const kind of ['mask-token', 'remove'] as const) {
      expect(sequencesOf(maskSequences(createMasks(20, 1), long, { kind }, tokenizer, 22)).length).toBe(1);
      const error = thrownBy(() => maskSequences(createMasks(20, 1), long, { kind }, tokenizer, 21));
      expect([error.code, error.message]).toEqual([
        'too-long',
        expect.stringMatching(/at most 21 tokens .* got 22; shorten the text, or explain it in parts \(other units or masks do not help\)/),
      ]);
    }
  });

  it('is one that a replacement makes too long, for whichever mask', () => {
    const rule = parseMaskRule('replace:one two');
    expect(sequencesOf(maskSequences(createMasks(20, 1), long, rule, tokenizer, 42))[0].length).toBe(42);
    const error = thrownBy(() => maskSequences(masksFromRows([Array(20).fill(1)]), long, rule, tokenizer, 41));
    expect(error.message).toMatch(/at most 41 tokens .* got 42; shorten the replacement or the text/);
    const shorter = thrownBy(() => maskSequences(createMasks(20, 1), long, rule, tokenizer, 21));
    expect(shorter.message).toMatch(/got 42; shorten the text/);
  });
});

describe('masked sequences of a tokenizer that writes blanks', () => {
  const vocab = { '<s>': 0, '</s>': 1, '<mask>': 2, '<unk>': 3, '▁': 4, a: 5, b: 6, '▁a': 7 };
  const marked = loadTokenizer(
    new TextEncoder().encode(
      JSON.stringify({
        model: { type: 'BPE', vocab, merges: ['▁ a'], unk_token: '<unk>' },
        pre_tokenizer: { type: 'Metaspace' },
        post_processor: {
          type: 'TemplateProcessing',
          single: [{ SpecialToken: { id: '<s>' } }, { Sequence: { id: 'A' } }],
          special_tokens: { '<s>': { ids: [0] } },
        },
      }),
    ),
  );
  const split = splitPlayers(marked, 'ab b ab');
  const rows = masksFromRows([
    [1, 1, 1],
    [1, 0, 1],
    [0, 1, 0],
  ]);
  const run = (rule: string) => sequencesOf(maskSequences(rows, split, parseMaskRule(rule), marked, 64));

  it('stand between that tokenizer’s special tokens, and a removed word takes the blank before it along, a masked one does not', () => {
    expect(run('remove')).toEqual([
      [0, 7, 6, 4, 6, 7, 6],
      [0, 7, 6, 7, 6],
      [0, 4, 6],
    ]);
    expect(run('mask-token')).toEqual([
      [0, 7, 6, 4, 6, 7, 6],
      [0, 7, 6, 4, 2, 7, 6],
      [0, 2, 2, 4, 6, 2, 2],
    ]);
  });
});

describe('mask rules', () => {
  it('are named', () => {
    expect(parseMaskRule('remove')).toEqual({ kind: 'remove' });
    expect(parseMaskRule('replace:a:b')).toEqual({ kind: 'replace', text: 'a:b' });
    for (const given of ['', 'mask', 'replace', 'MASK-TOKEN']) expect(thrownBy(() => parseMaskRule(given)).code).toBe('usage');
  });

  it('that need a token the tokenizer lacks name those that do not', () => {
    const without = (lacking: object): Tokenizer => ({ ...tokenizer, special: { ...tokenizer.special, ...lacking } });
    const run = (rule: string, t: Tokenizer) => maskSequences(createMasks(4, 1), words, parseMaskRule(rule), t, 512);
    const error = thrownBy(() => run('mask-token', without({ mask: null })));
    expect([error.code, error.message]).toEqual([
      'usage',
      expect.stringMatching(/mask mask-token.*use unk-token, remove, neutral or replace:TEXT$/),
    ]);
    expect(thrownBy(() => run('unk-token', without({ unk: null, mask: null }))).message).toMatch(/use remove, neutral or replace:TEXT$/);
  });

  it('are not applied to masks of another text', () => {
    expect(thrownBy(() => maskSequences(createMasks(5, 1), words, { kind: 'remove' }, tokenizer, 512)).message).toMatch(/4 players, got 5/);
  });
});
