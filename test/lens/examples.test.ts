import { describe, expect, it } from 'vitest';
import { encodeTexts, labelsOfExamples, parseExamples, parseTexts } from '../../src/lens/examples.ts';
import { thrownBy } from '../model/support.ts';
import { letters } from '../model/tiny-encoder.ts';
import { sequencesOf } from './text/support.ts';

describe('texts without labels', () => {
  it('are lines as they are written, blank ones passed over', () => {
    expect(parseTexts('\ufeffa b \r\n\r\n \t\nc\td')).toEqual(['a b ', 'c\td']);
    expect(parseTexts(' \n')).toEqual([]);
  });
});

describe('labelled texts', () => {
  it('are read from lines of label, tab, text, blank lines passed over', () => {
    expect(parseExamples('good\ta b\r\n\r\nbad\t c \n', 'f.tsv')).toEqual([
      { label: 'good', text: 'a b' },
      { label: 'bad', text: 'c' },
    ]);
  });

  it('are read in either order of columns under a header that names the label’s', () => {
    const want = [{ label: '1', text: 'a fine film' }];
    expect(parseExamples('\ufefflabel\ttext\n1\ta fine film', 'f')).toEqual(want);
    expect(parseExamples('sentence\tlabel\na fine film\t1\n', 'f')).toEqual(want);
    // A text that is no header.
    expect(parseExamples('label\tmaker', 'f')).toEqual([{ label: 'label', text: 'maker' }]);
  });

  it.each([
    ['x\ty\nno tab here', /^f\.tsv: expected one tab in line 2, got none/],
    ['x\ty\n\nx\ty\tz', /^f\.tsv: expected one tab in line 3, got 2/],
    ['\ty', /a label and a text in line 1, got no label/],
    ['x\t ', /a label and a text in line 1, got no text/],
    ['', /expected labelled texts, got none/],
    ['label\ttext\n', /expected labelled texts, got none/],
  ])('that are ragged or none are refused, naming file and line: %j', (file, message) => {
    expect(thrownBy(() => parseExamples(file, 'f.tsv'))).toMatchObject({ code: 'bad-file', message: expect.stringMatching(message) });
  });

  it('take labels by name in any case and by number, the exact name first', () => {
    const labels = ['NEG', 'pos', '0'];
    const numbers = (...given: string[]) => [
      ...labelsOfExamples(
        labels,
        given.map((label) => ({ label, text: 'x' })),
      ),
    ];
    expect(numbers('neg', 'POS', '1', '0', '2')).toEqual([0, 1, 1, 2, 2]);
    const error = thrownBy(() => numbers('pos', 'neutral'));
    expect([error.code, error.message]).toEqual(['usage', expect.stringMatching(/example 2: .*NEG, pos, 0\), got neutral/)]);
  });
});

describe('texts as the model takes them', () => {
  it('stand between the special tokens, one after the other', () => {
    expect(sequencesOf(encodeTexts(letters, ['a b', 'z'], 16))).toEqual([
      [1, 5, 6, 2],
      [1, 30, 2],
    ]);
  });

  it('without a word, or longer than the model takes, are refused by their number', () => {
    expect(thrownBy(() => encodeTexts(letters, ['a', ' ! '], 16, 'example'))).toMatchObject({
      code: 'empty-input',
      message: expect.stringMatching(/^example 2: /),
    });
    const error = thrownBy(() => encodeTexts(letters, ['a', 'a b c'], 4, 'reference'));
    expect([error.code, error.message]).toEqual(['too-long', expect.stringMatching(/^reference 2: expected at most 4 tokens .* got 5/)]);
  });
});
