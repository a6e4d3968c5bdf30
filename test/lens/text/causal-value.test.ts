import { describe, expect, it } from 'vitest';
import { allMasks, masksFromRows, sliceMasks } from '../../../src/core/masks.ts';
import { causalValueFunction, promptTokenizer, resolveCausalTarget } from '../../../src/lens/text/causal-value.ts';
import { parseMaskRule } from '../../../src/lens/text/masking.ts';
import { splitPlayers } from '../../../src/lens/text/players.ts';
import type { TokenSequences } from '../../../src/model/model.ts';
import { rejectedBy, thrownBy } from '../../model/support.ts';
import { bpe, causalOf, sequencesOf } from './support.ts';

/** A chance that depends on how many tokens stand before a token, and on which it is. */
const chance = (before: number[], token: number) => -before.length / 8 - token / 64;
const sum = (before: number, ids: readonly number[]) => ids.reduce((total, token, i) => total - (before + i) / 8 - token / 64, 0);
const idOf = (token: string) => bpe.idOf(token.replace(' ', 'Ġ')) as number;

describe('the target of a causal model', () => {
  it('is a continuation in log-prob, or two in log-odds, as they were named', async () => {
    const one = await resolveCausalTarget(causalOf(chance), 'it is', [1], 'good');
    expect(one).toMatchObject({ written: 'good', scalar: 'log-prob', continuations: [{ text: ' good' }] });
    const two = await resolveCausalTarget(causalOf(chance), 'it is', [1], 'good  vs bad');
    expect(two).toMatchObject({ written: 'good vs bad', scalar: 'log-odds', continuations: [{ text: ' good' }, { text: ' bad' }] });
  });

  it('that names the same text twice is refused', async () => {
    const error = await rejectedBy(resolveCausalTarget(causalOf(chance), 'it is', [1], 'bad vs bad'));
    expect([error.code, error.message]).toEqual(['usage', expect.stringMatching(/two different texts, got "bad" twice/)]);
  });

  const answering = (...tokens: number[]) => causalOf(chance, { best: (before) => tokens[before.length - 2] ?? 60 });

  it('is the model’s own answer where none is named, up to its end', async () => {
    const found = await resolveCausalTarget(answering(idOf(' not'), idOf(' bad')), 'it is', [1, 2], undefined);
    expect(found).toMatchObject({ written: 'not bad', scalar: 'log-prob', continuations: [{ text: ' not bad' }] });
    expect([...found.continuations[0].ids]).toEqual([idOf(' not'), idOf(' bad')]);
  });

  it('ends with the first line that has words', async () => {
    const line = bpe.encode('\n').ids[0];
    const model = answering(line, idOf(' go'), line, idOf(' bad'));
    const found = await resolveCausalTarget(model, 'it is', [1, 2], undefined);
    expect(found.continuations[0].text).toBe('\n go');
    expect(model.asked.length).toBe(3);
  });

  it('of a model that has nothing to say is refused', async () => {
    const error = await rejectedBy(resolveCausalTarget(answering(), 'it is', [1, 2], undefined));
    expect([error.code, error.message]).toEqual(['empty-input', expect.stringMatching(/got its end at once; name a target/)]);
  });

  it('of a model that does not end is sixteen tokens', async () => {
    const found = await resolveCausalTarget(causalOf(chance, { best: () => idOf(' no') }), 'it is', [1], undefined);
    expect(found.continuations[0].ids.length).toBe(16);
  });
});

describe('the value of a masked prompt', () => {
  const text = 'the cat is not bad. is it';
  const split = splitPlayers(bpe, text, 'word', [[20, 25]]);

  it.each(['remove', 'neutral', 'replace: no'])('is the sum of the continuation’s log-probabilities behind it (%s)', async (mask) => {
    const model = causalOf(chance);
    const target = await resolveCausalTarget(model, text, [1], 'not bad');
    const rule = parseMaskRule(mask);
    const tokenizer = promptTokenizer(model, false);
    const masks = allMasks(split.players.length);
    const values = await causalValueFunction(model, split, { tokenizer, target, rule })(masks);
    const [, ...more] = target.continuations[0].ids;
    for (let r = 0; r < masks.count; r++) {
      const prompt = model.asked[r].slice(0, -1 - more.length);
      // A float32 of a sum of about −10.
      expect(values[r]).toBeCloseTo(sum(prompt.length, [...target.continuations[0].ids]), 5);
    }
    // Nothing kept: the locked end is whole, and each word has what stands in for it.
    const stand = { remove: '', neutral: ' _'.repeat(5), 'replace: no': ' no'.repeat(5) }[mask] ?? '';
    expect(bpe.decode(model.asked[0].slice(0, -1 - more.length))).toBe(`${stand} is it`);
    expect(bpe.decode(model.asked[masks.count - 1])).toBe(`${text} not bad`);
  });

  it('of A vs B is the difference of the two', async () => {
    const model = causalOf(chance);
    const target = await resolveCausalTarget(model, text, [1], 'not bad vs good');
    const [a, b] = target.continuations.map(({ ids }) => [...ids]);
    const ask = causalValueFunction(model, split, { tokenizer: promptTokenizer(model, false), target, rule: { kind: 'remove' } });
    const values = await ask(masksFromRows([[1, 1, 1, 1, 1]]));
    const length = bpe.encode(text).ids.length;
    expect(values[0]).toBeCloseTo(sum(length, a) - sum(length, b), 5);
  });

  it('of a prompt that may vanish stands behind the token a text begins with, in every masking', async () => {
    const whole = splitPlayers(bpe, 'a b');
    const model = causalOf(chance);
    const target = await resolveCausalTarget(model, 'a b', [1], 'no');
    const ask = causalValueFunction(model, whole, { tokenizer: promptTokenizer(model, true), target, rule: { kind: 'remove' } });
    await ask(allMasks(2));
    expect(model.asked.map((ids) => ids[0])).toEqual([60, 60, 60, 60]);
    expect(thrownBy(() => promptTokenizer(causalOf(chance, { begin: null }), true)).message).toMatch(
      /lock part of it, or use mask neutral/,
    );
  });

  it('keeps what comes before the first player from the start, and of more players the more masks have come', async () => {
    const model = causalOf(chance);
    const target = await resolveCausalTarget(model, text, [1], 'no');
    const locked = splitPlayers(bpe, text, 'word', [
      [0, 3],
      [20, 25],
    ]);
    const tokenizer = promptTokenizer(model, false);
    const ask = causalValueFunction(model, locked, { tokenizer, target, rule: { kind: 'remove' } });
    for (const count of [1, 1, 2, 4]) await ask(sliceMasks(allMasks(4), 0, count));
    const [first, , second, third] = model.kept.map((keep) => sequencesOf(keep as TokenSequences));
    expect(first).toEqual([[...bpe.encode('the').ids]]);
    expect([first.length, second.length, third.length]).toEqual([1, 3, 7]);
    expect(third.slice(0, 3)).toEqual(second);
  });

  it('of a prompt too long for the model with its continuation is refused before anything is passed', async () => {
    const model = causalOf(chance, { maxTokens: 9 });
    const target = await resolveCausalTarget(model, text, [1], 'not bad');
    const ask = causalValueFunction(model, split, { tokenizer: promptTokenizer(model, false), target, rule: { kind: 'remove' } });
    const error = await rejectedBy(ask(allMasks(5)));
    expect([error.code, error.message]).toEqual(['too-long', expect.stringMatching(/at most 7 tokens/)]);
    expect(model.asked).toEqual([]);
  });
});
