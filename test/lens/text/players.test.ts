import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUnits, splitPlayers, type Units } from '../../../src/lens/text/players.ts';
import { thrownBy } from '../../model/support.ts';
import { tokenizer } from './support.ts';

const split = (text: string, units?: Units) => splitPlayers(tokenizer, text, units);
const spansIn = (text: string, units?: Units) => split(text, units).players.map((p) => text.slice(p.start, p.end));
const labelsIn = (text: string, units?: Units) => split(text, units).players.map((p) => p.label);

describe('words', () => {
  it('are what stands between blanks, their punctuation with them, all their pieces one player', () => {
    const text = 'Her acting “never”, fails — unaffably!';
    expect(spansIn(text)).toEqual(['Her', 'acting', '“never”,', 'fails', '—', 'unaffably!']);
    expect(labelsIn(text)).toEqual(['Her', 'acting', 'never', 'fails', '—', 'unaffably']);
    const { playerOfToken, encoding } = split(text);
    expect(encoding.tokens.map((t, i) => `${playerOfToken[i]} ${t}`)).toEqual([
      '0 her',
      '1 acting',
      '2 “',
      '2 never',
      '2 ”',
      '2 ,',
      '3 fails',
      '4 —',
      '5 una',
      '5 ##ffa',
      '5 ##bly',
      '5 !',
    ]); // prettier-ignore
  });

  it('are players by position: the same word twice is two players', () => {
    const { players } = split('good good  good');
    expect(players.map(({ id, label, start, end }) => [id, label, start, end])).toEqual([
      [0, 'good', 0, 4],
      [1, 'good', 5, 9],
      [2, 'good', 11, 15],
    ]);
  });

  it('are found by dictionary in scripts written without blanks, signs with the word they belong to', () => {
    expect(spansIn('我喜欢这部电影。')).toEqual(['我', '喜欢', '这', '部', '电影。']);
    expect(spansIn('私は「映画」が好きです!')).toEqual(['私', 'は', '「映画」', 'が', '好き', 'です!']);
    expect(spansIn('テスト、ケース')).toEqual(['テスト、', 'ケース']);
    expect(spansIn('「。」 “ok”')).toEqual(['「。」', '“ok”']);
    expect(labelsIn('说「电影」')).toEqual(['说', '电影']);
  });

  it('that the model sees as one unknown token are one player', () => {
    expect(tokenizer.encode('ภาษาไทย').tokens).toEqual(['[UNK]']);
    expect(spansIn('ภาษาไทย ok')).toEqual(['ภาษาไทย', 'ok']);
    expect(spansIn('ภาษาไทย!ไทย')).toEqual(['ภาษาไทย!', 'ไทย']);
    expect(spansIn('a\ufeffb c')).toEqual(['a\ufeffb', 'c']);
  });

  it('that give the model no token make no player', () => {
    expect(spansIn('a \u200b b')).toEqual(['a', 'b']);
    expect([...split('a \u200b b').playerOfToken]).toEqual([0, 1]);
  });
});

describe('tokens, sentences, patterns and spans', () => {
  it('tokens that are parts of one written character are one player', () => {
    expect(spansIn('unaffable 각 😀', 'token')).toEqual(['una', '##ffa'.slice(2), 'ble', '각', '😀']);
    const { playerOfToken, encoding } = split('각', 'token');
    expect(encoding.ids.length).toBe(3);
    expect([...playerOfToken]).toEqual([0, 0, 0]);
  });

  it('sentences leave the blanks between them out', () => {
    expect(spansIn('It is late. Is it?  Yes!\n\nGood.', 'sentence')).toEqual(['It is late.', 'Is it?', 'Yes!', 'Good.']);
    expect(spansIn('天气很好。我很高兴。', 'sentence')).toEqual(['天气很好。', '我很高兴。']);
  });

  it('a pattern makes a player of each match that is not empty, and everything else stays', () => {
    const text = 'The plot (2 hours) drags, the cast shines.';
    expect(spansIn(text, '/[a-z]+ing|drags|shines/')).toEqual(['drags', 'shines']);
    expect(spansIn(text, '/THE/i')).toEqual(['The', 'the']);
    expect(spansIn(text, '/cast|x*/g')).toEqual(['cast']);
    expect(spansIn('naïve 😀 ok', '/\\p{L}+|./s')).toEqual(['naïve', '😀', 'ok']);
    expect(spansIn('a-b', '/[\\w\\-]+/')).toEqual(['a-b']);
    const { playerOfToken, encoding } = split(text, '/drags|shines/');
    expect(encoding.tokens.filter((_, t) => playerOfToken[t] >= 0)).toEqual(['drag', '##s', 'shine', '##s']);
  });

  it('spans are taken as they are; a token that two of them share goes to the first', () => {
    const text = 'one two three';
    expect(
      spansIn(text, [
        [0, 3],
        [8, 13],
      ]),
    ).toEqual(['one', 'three']); // prettier-ignore
    expect([
      ...split(text, [
        [0, 5],
        [5, 13],
      ]).playerOfToken,
    ]).toEqual([0, 0, 1]); // prettier-ignore
    expect([
      ...split(text, [
        [0, 1],
        [1, 2],
        [2, 13],
      ]).playerOfToken,
    ]).toEqual([0, 1, 1]); // prettier-ignore
    expect(
      spansIn(text, [
        [0, 1],
        [1, 2],
        [2, 13],
      ]),
    ).toEqual(['o', 'e two three']); // prettier-ignore
  });

  it('units come from strings too, and nonsense is refused before any text is read', () => {
    expect(parseUnits('word')).toBe('word');
    expect(parseUnits('/a+/i')).toBe('/a+/i');
    expect(parseUnits('[[0,5],[6,9]]')).toEqual([
      [0, 5],
      [6, 9],
    ]); // prettier-ignore
    const cases: [string, RegExp][] = [
      ['words', /token, word, sentence, \/regex\/ or \[\[start,end\],…\], got words/],
      ['', /got ;/],
      ['/', /got \//],
      ['//', /pattern between the slashes/],
      ['/(/', /regular expression such as \/\\w\+\/, got \/\(\//],
      ['/a/q', /got \/a\/q/],
      ['/a/gg', /got \/a\/gg/],
      ['[[0,5]', /spans as JSON, got/],
    ];
    for (const [given, message] of cases) {
      const error = thrownBy(() => parseUnits(given));
      expect([error.code, error.message]).toEqual(['usage', expect.stringMatching(message)]);
      expect(thrownBy(() => split('some text', given as Units)).code).toBe('usage');
    }
  });

  it('spans outside the text, empty, overlapping or no numbers are refused', () => {
    const spans: unknown[] = [
      [[0, 99]],
      [[-1, 2]],
      [[2, 2]],
      [[3, 1]],
      [
        [0, 3],
        [2, 5],
      ],
      [
        [4, 6],
        [0, 2],
      ],
      [[0.5, 2]],
      [['0', 2]],
      [[0]],
      [[0, 1, 2]],
      [7],
      [null],
    ]; // prettier-ignore
    for (const s of spans) expect(thrownBy(() => split('some text', s as Units)).code, JSON.stringify(s)).toBe('usage');
  });
});

describe('players', () => {
  it('are labelled without outer punctuation, and with what cannot be seen written out', () => {
    expect(labelsIn('(yes!) $5 C++ don’t ... 👨‍👩‍👧')).toEqual(['yes', '$5', 'C++', 'don’t', '...', '👨‍👩‍👧']);
    expect(labelsIn('a\u202eb\u2069 x\u0007y z\u00adw')).toEqual(['a\\u{202e}b\\u{2069}', 'x\\u{7}y', 'z\\u{ad}w']);
    expect(labelsIn('q\ud800r')).toEqual(['q\\u{d800}r']);
  });

  it('are needed: nothing, blanks, invisible characters, or units that match nothing are refused', () => {
    for (const text of ['', ' \n\t', '\u200b\u0000', '\ud800'])
      expect(thrownBy(() => split(text)).code, JSON.stringify(text)).toBe('empty-input');
    expect(thrownBy(() => split('abc', '/x/')).message).toMatch(/got none with units \/x\//);
    expect(thrownBy(() => split('abc', [])).message).toMatch(/got none with units \[\]/);
  });

  it('of any text, cut in any way, are ascending separate spans that own each token they overlap first', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
      fc
        .array(fc.constantFrom('a', 'B!', ' ', '\n', '中', '文', '한', 'ไ', '😀', '\ud83d', '\u0301', '\u200b', '. ', '“', '[MASK]'))
        .map((a) => a.join('')),
    );
    fc.assert(
      fc.property(text, fc.constantFrom<Units>('token', 'word', 'sentence', '/\\S\\s?/', '/./'), (t, units) => {
        let made: ReturnType<typeof split>;
        try {
          made = split(t, units);
        } catch {
          expect(thrownBy(() => split(t, units)).code).toBe('empty-input');
          return;
        }
        const { players, playerOfToken, encoding } = made;
        const owned = new Set(playerOfToken);
        players.forEach((p, i) => {
          expect(p.id).toBe(i);
          expect(p.start >= (i > 0 ? players[i - 1].end : 0) && p.end > p.start && p.end <= t.length).toBe(true);
          expect(owned.has(i)).toBe(true);
          expect(p.label).not.toBe('');
        });
        for (let k = 0; k < encoding.ids.length; k++) {
          const overlapped = players.findIndex((p) => p.start < encoding.ends[k] && p.end > encoding.starts[k]);
          expect(playerOfToken[k]).toBe(overlapped);
        }
        if (units === 'word' || units === 'sentence' || units === 'token')
          for (let k = 0; k < encoding.ids.length; k++) {
            const p = players[playerOfToken[k]];
            expect(p.start <= encoding.starts[k] && encoding.ends[k] <= p.end).toBe(true);
          }
      }),
      { numRuns: 1500, seed: 4 },
    );
  });
});
