import { describe, expect, it } from 'vitest';
import { continuationOf, idsOfFollowing, splitAlternatives, writtenContinuation } from '../../../src/lens/text/continuation.ts';
import { thrownBy } from '../../model/support.ts';
import { bpe } from './support.ts';

const textOf = (prompt: string, given: string) => continuationOf(bpe, prompt, given).text;
const tokensOf = (ids: ArrayLike<number>) => Array.from(ids, (id) => bpe.decode([id]));

describe('a continuation', () => {
  it('that is a word gets the blank that the prompt does not end with', () => {
    expect(textOf('the capital is', 'good')).toBe(' good');
    expect(textOf('the capital is ', 'good')).toBe('good');
    expect(textOf('the capital is\n', 'good')).toBe('good');
    expect(textOf('the capital is', ' good')).toBe(' good');
    expect(textOf('2 + 2 is', '4')).toBe(' 4');
  });

  it('that is a sign, or follows a script without blanks, is taken as it is', () => {
    expect(textOf('is it', '?')).toBe('?');
    expect(textOf('首都は', 'go')).toBe('go');
  });

  it('goes on within the last word after …', () => {
    expect(textOf('the captain go', '…od')).toBe('od');
    expect(tokensOf(continuationOf(bpe, 'go', '…od').ids)).toEqual(['o', 'd']);
  });

  it('has the tokens that it has behind a text', () => {
    expect(tokensOf(continuationOf(bpe, 'it is', 'not bad').ids)).toEqual([' not', ' bad']);
    expect(tokensOf(idsOfFollowing(bpe, ' _'))).toEqual([' _']);
    expect(tokensOf(idsOfFollowing(bpe, '\n'))).toEqual(['\n']);
  });

  it.each(['', '…'])('without tokens is refused: %j', (given) => {
    expect(thrownBy(() => continuationOf(bpe, 'a b', given)).code).toBe('empty-input');
  });

  it('that a model gave is written so that it is read as the same tokens', () => {
    for (const [prompt, text, written] of [
      ['it is', ' not bad.', 'not bad.'],
      ['it is ', 'not', 'not'],
      ['go', 'od', '…od'],
      ['it', '?', '?'],
      ['it', '  a', ' a'],
    ] as const) {
      const ids = text.startsWith(' ') ? idsOfFollowing(bpe, text) : bpe.encode(text).ids;
      const back = writtenContinuation(bpe, prompt, { text, ids });
      if (text !== '  a') expect(back).toBe(written);
      expect([...continuationOf(bpe, prompt, back).ids]).toEqual([...ids]);
    }
  });
});

describe('alternatives', () => {
  it('are two texts with vs between them, or one', () => {
    expect(splitAlternatives('good vs bad')).toEqual(['good', 'bad']);
    expect(splitAlternatives(' good  vs\nbad one ')).toEqual(['good', 'bad one']);
    expect(splitAlternatives(' good')).toEqual([' good']);
    expect(splitAlternatives('versus')).toEqual(['versus']);
  });

  it.each([
    ['a vs b vs c', /got 3 texts/],
    ['a vs ', /expected two texts/],
    [' vs b', /expected two texts/],
  ])('%j is refused', (given, message) => {
    expect(thrownBy(() => splitAlternatives(given))).toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
  });
});
