import { describe, expect, it } from 'vitest';
import { lockedSpans, parseLock } from '../../../src/lens/text/lock.ts';
import { splitPlayers } from '../../../src/lens/text/players.ts';
import { thrownBy } from '../../model/support.ts';
import { tokenizer } from './support.ts';

const TEXT = 'Tom has 3 apples. He buys 1 more. The number of apples is';
const textsOf = (text: string, lock: Parameters<typeof lockedSpans>[1], isPrompt = true) =>
  lockedSpans(text, lock, isPrompt).map(([start, end]) => text.slice(start, end));

describe('a lock', () => {
  it('is by default the last sentence of a prompt that has more than one', () => {
    expect(textsOf(TEXT, 'auto')).toEqual(['The number of apples is']);
    expect(textsOf('One sentence alone', 'auto')).toEqual([]);
    expect(textsOf('Text: fine.\nLabel: good\nText: bad.\nLabel:', 'auto')).toEqual(['Label:']);
    expect(textsOf('彼は来た。誰が来ましたか？', 'auto')).toEqual(['誰が来ましたか？']);
  });

  it('is nothing for a text that is no prompt, nor where none is asked for', () => {
    expect(textsOf(TEXT, 'auto', false)).toEqual([]);
    expect(textsOf(TEXT, 'none')).toEqual([]);
  });

  it('is where it is said to be, in any text', () => {
    expect(
      textsOf(
        TEXT,
        [
          [0, 3],
          [18, 20],
        ],
        false,
      ),
    ).toEqual(['Tom', 'He']);
  });

  it.each([
    ['last', /lock: expected auto, none or \[\[start,end\],…\], got last/],
    ['[[0,5', /lock: expected auto, none or .*, got \[\[0,5/],
    ['[[0,500]]', /lock: expected ascending, separate spans within 57 characters, got \[0,500\]/],
    ['[[5,2]]', /lock: expected ascending/],
    ['[[1]]', /lock: expected spans of two whole numbers/],
  ])('%s is refused by name', (given, message) => {
    expect(thrownBy(() => lockedSpans(TEXT, parseLock(given), true))).toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    });
  });

  it('leaves players out that it overlaps, whatever the units, and says where it lies', () => {
    const split = splitPlayers(tokenizer, TEXT, 'word', [[35, 57]]);
    expect(split.players.map((p) => p.label)).toEqual(['Tom', 'has', '3', 'apples', 'He', 'buys', '1', 'more']);
    expect(split.locked).toEqual([[35, 57]]);
    expect([...split.playerOfToken.slice(-5)]).toEqual([-1, -1, -1, -1, -1]);
    expect(splitPlayers(tokenizer, TEXT, 'sentence', [[20, 22]]).players.map((p) => p.start)).toEqual([0, 34]);
  });

  it('on all there is leaves no player, which is refused', () => {
    expect(thrownBy(() => splitPlayers(tokenizer, TEXT, 'word', [[0, 57]])).message).toMatch(/got none with units word and what is locked/);
  });
});
