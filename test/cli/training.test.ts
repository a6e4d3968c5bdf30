import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { readExplanation } from '../../src/element.ts';
import type { Comparison } from '../../src/index.ts';
import { cli, ROOT, scratch } from './support.ts';

const folder = scratch();
const MODEL = ['--model', resolve(ROOT, 'test/model/golden/tiny/distilbert'), '--device', 'wasm'];
const file = (name: string, content: string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const train = file('train.tsv', 'label\ttext\ngood\tthe a\nbad\ta b the\ngood\tc\nbad\tb b b\n');

const random = createRandom(3);
const masks = Array.from({ length: 80 }, () => Array.from({ length: 12 }, () => random.below(2)));
const observed = file(
  'observed.jsonl',
  masks.map((m) => JSON.stringify({ mask: m.join(''), value: 2 * m[1] - 3 * m[4] * m[7] + 0.01 * random.normal() })).join('\n'),
);

describe('webspex explain --lens data', () => {
  it('prints the margin, the examples that made it, and that a head was trained anew for each mask', async () => {
    const ran = await cli(['explain', 'a the c', '--lens', 'data', '--train', train, '--target', 'good', ...MODEL]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.out).toMatch(/^good {2}margin [+−][\d.]+ \(\d+ %\) · with no example [+−]?0\.0+ \(50 %\)\n/);
    expect(ran.out).toMatch(/\n {2}1 good: the a +[+−]/);
    expect(ran.out).toMatch(/Exact: all 16 maskings were evaluated/);
    expect(ran.out).not.toMatch(/\bwords?\b/);
  });

  it('--set explains the mean loss over labelled texts', async () => {
    const ran = await cli(['explain', '--lens', 'data', '--train', train, '--set', train, '--scalar', 'loss', '--json', ...MODEL]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    const e = readExplanation(JSON.parse(ran.out));
    expect(e).toMatchObject({ text: '', lens: 'data', target: '4 labelled texts', scalar: 'mean loss' });
    expect(e.values.empty).toBeCloseTo(Math.log(2), 5);
    expect(e.values.full).toBeLessThan(Math.log(2));
  });

  it('--retrain influence explains what influence functions say, which is a sum over examples', async () => {
    const ran = await cli(['explain', 'a the c', '--lens', 'data', '--train', train, '--retrain', 'influence', '--json', ...MODEL]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    const e = readExplanation(JSON.parse(ran.out));
    expect(e.mask).toBe('left out of training, by influence functions');
    for (const { members, value } of e.interactions) if (members.length > 1) expect(Math.abs(value)).toBeLessThan(1e-5);
  });

  it('with a causal model explains the examples in its prompt', async () => {
    const shots = file('shots.tsv', 'yes\tthe cat\nno\ta bad one\nyes\tgood\n');
    const causal = [
      '--model',
      resolve(ROOT, 'test/model/golden/tiny-decoders/gpt2'),
      '--device',
      'reference',
      '--template',
      '{text}? {label}\\n',
    ];
    const ran = await cli(['explain', 'it is', '--lens', 'data', '--train', shots, '--target', 'yes vs no', ...causal]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.out).toMatch(/^yes vs no {2}log-odds [+−][\d.]+ \(<?\d+ %\) · with no example [+−][\d.]+ \(<?\d+ %\)\n/);
    expect(ran.out).toMatch(/mask left out of the prompt/);
  });

  it('compares methods, and goes on from a log, as it explains: without the two ends, which are like no other mask', async () => {
    const many = file(
      'many.tsv',
      Array.from({ length: 12 }, (_, i) => `${i % 3 ? 'good' : 'bad'}\t${'abc'[i % 3]} the ${'a b '.repeat(i % 5)}c\n`).join(''),
    );
    const asked = ['a the c', '--lens', 'data', '--train', many, '--target', 'good', '--budget', '200', '--json', ...MODEL];
    const [one, logged, both] = await Promise.all([
      cli(['explain', ...asked, '--method', 'linear']),
      cli(['explain', ...asked, '--method', 'linear', '--resume', join(folder, 'many.jsonl')]),
      cli(['compare', ...asked, '--methods', 'linear,pursuit']),
    ]);
    expect([one.code, logged.code, both.code]).toEqual([0, 0, 0]);
    const want = readExplanation(JSON.parse(one.out));
    expect(readExplanation(JSON.parse(logged.out)).interactions).toEqual(want.interactions);
    const { methods } = JSON.parse(both.out) as Comparison;
    expect(methods.find(({ method }) => method === 'linear')?.explanation.interactions).toEqual(want.interactions);
  });

  it('verifies an interaction by training without each of its examples', async () => {
    const ran = await cli(['verify', 'a the c', '--lens', 'data', '--train', train, '--members', '0,3', '--json', ...MODEL]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    const { corners } = JSON.parse(ran.out) as { corners: { measured: number; predicted: number }[] };
    expect(corners).toHaveLength(4);
    for (const c of corners) expect(Math.abs(c.measured - c.predicted)).toBeLessThan(2e-3);
  });

  it.each([
    [['--lens', 'data'], 2, /--lens data: expected --train FILE, got none/],
    [['--lens', 'data', '--train', 'nowhere.tsv'], 3, /not-found: nowhere\.tsv/],
    [['--lens', 'data', '--train', train, '--mask', 'remove'], 2, /--mask: expected none with --lens data/],
    [
      ['--lens', 'data', '--train', train, '--scalar', 'prob'],
      2,
      /--scalar: expected margin, loss, log-odds, log-prob with --lens data, got prob/,
    ],
    [['--lens', 'data', '--train', train, '--l2', '0'], 2, /--l2: expected a number above 0, got 0/],
    [['--lens', 'data', '--train', train, '--layers', '1'], 2, /--layers: expected --lens heads or .*, got --lens data/],
    [['--lens', 'data', '--train', train, '--retrain', 'twice'], 2, /--retrain: expected .*exact.*influence.*, got twice/],
    [['--lens', 'data', '--train', train, '--template', '{text}'], 2, /template: expected \{text\} and after it \{label\}/],
    [['--train', train], 2, /--train: expected --lens data, got --lens text/],
    [['--scalar', 'margin'], 2, /--scalar: expected log-odds, .* with --lens text, got margin/],
    [['--lens', 'data', '--train', train, '--target', 'fine', ...MODEL], 2, /target: expected one of good, bad, got fine/],
    [['--lens', 'data', '--train', observed, ...MODEL], 3, /bad-file: .*expected one tab in line 1/],
  ])('%j is refused with %i in one line', async (args, code, says) => {
    const ran = await cli(['explain', 'a b', ...args]);
    expect(ran.code).toBe(code);
    expect(ran.err).toMatch(says);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
    expect(ran.out).toBe('');
  });
});

describe('webspex explain --observations', () => {
  it('explains masks and outcomes that are known, and evaluates none', async () => {
    const ran = await cli(['explain', '--observations', observed, '--index', 'Moebius', '--json']);
    expect([ran.code, ran.err]).toEqual([0, '']);
    const e = readExplanation(JSON.parse(ran.out));
    expect(e.fit.queries).toBe(new Set(masks.map((m) => m.join(''))).size);
    expect(e.interactions.slice(0, 2).map((i) => i.members)).toEqual([[4, 7], [1]]);
    const printed = await cli(['explain', '--observations', observed]);
    expect(printed.out).toMatch(/\d+ masks given · seed 7/);
  });

  it.each([
    [['--observations', 'nowhere'], 3, /not-found: nowhere/],
    [['--observations', train], 3, /bad-file: .*line 1: expected \{"mask"/],
    [['a text', '--observations', observed], 2, /expected either a text or --observations, got both/],
    [['--observations', observed, '--budget', '64'], 2, /expected no --budget with --observations/],
    [['--observations', observed, '--method', 'spex'], 2, /got spex, which chooses its own/],
    [['--column', '1', 'a text'], 2, /--column: expected --observations FILE, got none/],
    [['--observations', observed, '--lens', 'heads'], 2, /expected no --lens with --observations/],
  ])('%j is refused with %i in one line', async (args, code, says) => {
    const ran = await cli(['explain', ...args]);
    expect(ran.code).toBe(code);
    expect(ran.err).toMatch(says);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
    expect(ran.out).toBe('');
  });
});
