import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readExplanation } from '../../src/element.ts';
import { naiveLogits } from '../model/tiny-encoder.ts';
import { cli, scratch, TINY, tinyModelFolder, tinyTensors } from './support.ts';

const folder = scratch();
const at = (name: string) => join(folder, name);
const tiny = tinyModelFolder(at('tiny'));
const MODEL = ['--model', tiny, '--device', 'wasm'];
/** float32 logits against the paper's formulas in float64. */
const LOGITS = 1e-4;

const file = (name: string, content: string) => {
  writeFileSync(at(name), content);
  return at(name);
};
const set = file('set.tsv', 'label\ttext\nred\ta b\nBLUE\tc d e\n1\tf\n');

describe('webspex explain --lens', () => {
  it('components prints the answer, a map of the model, the effects and what was ablated', async () => {
    const ran = await cli([
      'explain',
      'a b q',
      '--lens',
      'components',
      '--target',
      'blue',
      '--csv',
      at('a.csv'),
      '--html',
      at('a.html'),
      ...MODEL,
    ]);
    expect(ran).toMatchObject({ code: 0, err: `webspex: wrote ${at('a.html')}\nwebspex: wrote ${at('a.csv')}\n` });
    expect(ran.out).toMatch(/^blue {2}log-odds [+−][\d.]+ \(\d+ %\) · with all components off [+−]/);
    expect(ran.out).toMatch(/\n\na b q\n\n {9} +0 +1 +mlp\nlayer 0( +[▲▼·][\d.]*){3}\n\nAlone\n/);
    expect(ran.out).toMatch(/\n {2}mlp 0 +[+−]/);
    expect(ran.out).toMatch(/Exact: all 8 maskings were evaluated\n/);
    expect(ran.out).toMatch(/orders to 4 · components · ablation\szero\n/);
    expect(readFileSync(at('a.csv'), 'utf8')).toMatch(/^\ufeffplayers,members,order,value,se\r\n[\s\S]*head 0\.1,1,1,/);
    const page = readFileSync(at('a.html'), 'utf8');
    expect(page).toMatch(/<h1>Which components matter for “blue”\?<\/h1>/);
    expect(page).toMatch(/class="asked" dir="auto">a b q</);
    expect(page.replace(/<script[\s\S]*/, '')).not.toMatch(/\bwords?\b(?![^<]*[{;])(?=[^<>]*<)/i);
  });

  it('heads --set explains labelled texts as the paper’s formulas have them, in one document', async () => {
    const ran = await cli(['explain', '--lens', 'heads', '--set', set, '--json', ...MODEL]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    const e = readExplanation(JSON.parse(ran.out));
    expect(e).toMatchObject({
      text: '',
      lens: 'heads',
      target: '3 labelled texts',
      scalar: 'mean log-prob',
      fit: { chosen: 'exact', queries: 4 },
    });
    const mean = (gates: number[]) => {
      const texts: [string, number][] = [
        ['ab', 0],
        ['cde', 2],
        ['f', 1],
      ];
      const each = texts.map(([text, right]) => {
        const z = naiveLogits(tinyTensors, TINY, [1, ...Array.from(text, (c) => 5 + c.charCodeAt(0) - 97), 2], { values: gates });
        return z[right] - Math.log(z.reduce((sum, v) => sum + Math.exp(v), 0));
      });
      return each.reduce((a, b) => a + b, 0) / 3;
    };
    expect(Math.abs(e.values.full - mean([1, 1, 1]))).toBeLessThan(LOGITS);
    expect(Math.abs(e.values.empty - mean([0, 0, 1]))).toBeLessThan(LOGITS);
  });

  it('heads --ablation mean --reference takes means over the file’s lines', async () => {
    const reference = file('reference.txt', 'a b\n\nz\n');
    const ran = await cli(['explain', 'q', '--lens', 'heads', '--ablation', 'mean', '--reference', reference, '--json', ...MODEL]);
    expect(readExplanation(JSON.parse(ran.out)).mask).toBe('mean over 2 reference texts');
  });

  it('is verified by heads switched off in turn', async () => {
    const ran = await cli(['verify', 'a b q', '--lens', 'heads', '--members', '0.0,0.1', '--target', 'red', ...MODEL]);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^0\.0 × 0\.1: log-odds of red, heads switched off in turn\n/);
    expect(ran.out).toMatch(/\n0\.0 {2}··· +[+−][\d.]+ +[+−][\d.]+\n/);
    expect(ran.out).toMatch(/what the heads do together/);
  });
});

describe('what is wrong with parts of a model as players', () => {
  const text = 'a b';
  const lens = ['--lens', 'heads'];
  const ragged = file('ragged.tsv', 'red\ta\nred a\n');
  const empty = file('empty.tsv', '\n');
  const foreign = file('foreign.tsv', 'red\ta\npink\tb\n');
  const cases: [string, string[], number, RegExp][] = [
    ['a lens that is none', [text, '--lens', 'head'], 2, /did you mean heads\?/],
    ['a layer that is not there', [text, ...lens, '--layers', '7'], 2, /layers: expected numbers from 0 to 0 for this model, got 7/],
    [
      'layers that are no numbers',
      [text, ...lens, '--layers', '1,x'],
      2,
      /--layers: expected numbers from 0 with commas between, got "1,x"/,
    ],
    ['layers of words', [text, '--layers', '0'], 2, /--layers: expected --lens heads or blocks or components, got --lens text/],
    ['units', [text, ...lens, '--units', 'word'], 2, /--units: expected none with --lens heads/],
    ['a text and a set', [text, ...lens, '--set', set], 2, /either a text or --set, got both/],
    ['neither text nor set', [...lens], 2, /expected a text, got none/],
    ['a set that is not there', [...lens, '--set', at('none.tsv')], 3, /none\.tsv: expected a file, got no such file/],
    ['a ragged set', [...lens, '--set', ragged], 3, /ragged\.tsv: expected one tab in line 2, got none/],
    ['an empty set', [...lens, '--set', empty], 3, /empty\.tsv: expected labelled texts, got none/],
    ['a label the model does not have', [...lens, '--set', foreign], 2, /example 2: .*red, green, blue\), got pink/],
    ['a target of a set', [...lens, '--set', set, '--target', 'red'], 2, /--target: expected none with --set/],
    ['accuracy of one text', [text, ...lens, '--scalar', 'accuracy'], 2, /--scalar accuracy: expected --set FILE/],
    ['a reference of zeros', [text, ...lens, '--reference', set], 2, /--reference: expected --ablation mean, got zero/],
    ['rescaled means', [text, ...lens, '--ablation', 'mean', '--rescale'], 2, /--rescale: expected --ablation zero, got mean/],
  ];
  it.each(cases)('%s is one line on stderr and its exit code', async (_, args, code, message) => {
    const ran = await cli(['explain', ...args, ...MODEL]);
    expect(ran).toMatchObject({ code, out: '' });
    expect(ran.err).toMatch(/^webspex: [a-z-]+: [^\n]+\n$/);
    expect(ran.err).toMatch(message);
  });
});
