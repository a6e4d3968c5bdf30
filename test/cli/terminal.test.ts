import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { colourDepth } from '../../src/cli/io.ts';
import { columnsOf, padEnd, shorten, visible, wrap } from '../../src/cli/terminal/columns.ts';
import { glossLines } from '../../src/cli/terminal/gloss.ts';
import { membersLabel, playerLabels } from '../../src/cli/terminal/labels.ts';
import { count, decimalsFor, duration, percent, signed } from '../../src/cli/terminal/numbers.ts';
import { reportLines } from '../../src/cli/terminal/report.ts';
import { createStyle } from '../../src/cli/terminal/style.ts';
import { readableLabels } from '../../src/element.ts';
import type { Explanation, Interaction } from '../../src/index.ts';

const plain = createStyle(1);
const colourful = createStyle(24);
/** Text as a terminal shows it: escape sequences take no room. */
const shown = (line: string) =>
  line
    .split('\u001b[')
    .map((piece, i) => (i === 0 ? piece : piece.slice(piece.indexOf('m') + 1)))
    .join('');

/** An explanation of a text cut at blanks, with the effects given. */
function explanationOf(text: string, interactions: readonly Interaction[], changes: Partial<Explanation> = {}): Explanation {
  const players = [...text.matchAll(/\S+/gu)].map((m, id) => ({
    id,
    label: m[0].replace(/[.,]/g, ''),
    start: m.index,
    end: m.index + m[0].length,
  }));
  return {
    format: 'webspex-explanation',
    version: 1,
    text,
    lens: 'text',
    players,
    target: 'positive',
    scalar: 'log-odds',
    values: { full: 2.75, empty: -0.31 },
    index: 'FBII',
    maxOrder: 4,
    interactions: [...interactions].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)),
    spectrum: [{ members: [], coefficient: 1 }],
    fit: {
      r2: 0.94,
      r2Low: 0.91,
      r2High: 0.96,
      heldOut: 256,
      queries: 1000,
      budget: 1024,
      chosen: 'proxyspex',
      candidates: [
        { method: 'proxyspex', r2: 0.93 },
        { method: 'linear', r2: -0.12 },
      ],
    },
    method: 'auto',
    mask: 'mask-token',
    units: 'word',
    seed: 7,
    model: { id: 'webspex/minilm-sst2', revision: '', sha256: '', dtype: 'f32' },
    device: { backend: 'webgpu', adapter: 'SwiftShader driver', software: true },
    timing: { loadMs: 1, evaluateMs: 1, decodeMs: 1, masksPerSecond: 1234 },
    software: { name: 'webspex', version: '0.1.0' },
    ...changes,
  };
}

const TEXT = 'Her acting never fails to impress, never.';
const EFFECTS: Interaction[] = [
  { members: [2, 3], value: 6.17, se: 0.31 },
  { members: [3], value: -3.1, se: 0.2 },
  { members: [5], value: 2.4, se: 0.2 },
  { members: [0], value: 0.9, se: 0.2 },
  { members: [1], value: 0.3, se: 0.2 },
  { members: [3, 5], value: -0.4, se: 0.3 },
];

describe('columns', () => {
  it('counts what a terminal draws: wide signs two, marks and joiners none', () => {
    const cases: [string, number][] = [
      ['plain', 5],
      ['não', 3],
      ['nao\u0303', 4 - 1],
      ['漢字', 4],
      ['한글', 4],
      ['🎬', 2],
      ['👩‍🚀', 2],
      ['❤️', 2],
      ['ｗ', 2],
      ['', 0],
    ];
    for (const [text, columns] of cases) expect([text, columnsOf(text)]).toEqual([text, columns]);
  });

  it('never exceed what shorten and padEnd are given, and lose nothing that fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }).map(visible), fc.integer({ min: 1, max: 40 }), (text, most) => {
        const short = shorten(text, most);
        expect(columnsOf(short)).toBeLessThanOrEqual(most);
        if (columnsOf(text) <= most) expect(short).toBe(text);
        else expect(short.endsWith('…')).toBe(true);
        expect(columnsOf(padEnd(short, most))).toBe(most);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('wrap between words and keep them all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 12, max: 40 }),
        (words, width) => {
          const lines = wrap(words.join(' '), width);
          expect(lines.join(' ')).toBe(words.join(' '));
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
        },
      ),
      { numRuns: 200, seed: 1 },
    );
  });

  it('control, direction and other invisible characters are written out, joiners of emoji are kept', () => {
    expect(visible('a\u001b[31m\u202eb\u0000\u2028\u200b')).toBe('a\\u{1b}[31m\\u{202e}b\\u{0} \\u{200b}');
    expect(visible('tab\tline\nend')).toBe('tab line end');
    expect(visible('👩‍🚀 naïve')).toBe('👩‍🚀 naïve');
  });
});

describe('numbers', () => {
  it('are signed, grouped, and never claim all or nothing of what is not', () => {
    expect([signed(2.173, 2), signed(-0.4, 1), signed(0.004, 2), signed(-0.004, 2), signed(0, 0)]).toEqual([
      '+2.17',
      '−0.4',
      '0.00',
      '0.00',
      '0',
    ]);
    expect([count(1024), count(7)]).toEqual(['1,024', '7']);
    expect([percent(0.939), percent(1), percent(0.9999), percent(0), percent(0.0001), percent(-0.2)]).toEqual([
      '94 %',
      '100 %',
      '>99 %',
      '0 %',
      '<1 %',
      '−20 %',
    ]);
    expect([0.0123, 0.5, 6.17, 61, 12345, 0].map(decimalsFor)).toEqual([4, 3, 2, 1, 0, 2]);
    expect([400, 12_000, 185_000, 19_230_000, Number.POSITIVE_INFINITY].map(duration)).toEqual([
      '0.4 s',
      '12 s',
      '3 min 05 s',
      '5 h 20 min',
      '?',
    ]);
  });
});

describe('colours', () => {
  it('are for terminals, NO_COLOR turns them off everywhere, FORCE_COLOR on elsewhere', () => {
    const env = { TERM: 'xterm-256color' };
    expect(colourDepth(true, env)).toBe(8);
    expect(colourDepth(true, { ...env, COLORTERM: 'truecolor' })).toBe(24);
    expect(colourDepth(true, { ...env, NO_COLOR: '1' })).toBe(1);
    expect(colourDepth(true, { ...env, NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(1);
    expect(colourDepth(false, env)).toBe(1);
    expect(colourDepth(false, { ...env, FORCE_COLOR: '3' })).toBe(24);
    expect(colourDepth(true, { TERM: 'dumb' })).toBe(1);
  });

  it('say toward and away, stronger by level, and are closed again', () => {
    for (const depth of [4, 8, 24] as const) {
      const style = createStyle(depth);
      expect(new Set([-3, 3].map((level) => style.fill(level as 3, 'x'))).size).toBe(2);
      if (depth > 4) expect(new Set(([-3, -2, -1, 1, 2, 3] as const).map((level) => style.fill(level, 'x'))).size).toBe(6);
      for (const text of [style.fill(2, 'x'), style.ink(-1, 'x'), style.bold('x'), style.dim('x'), style.warn('x')]) {
        expect(shown(text)).toBe('x');
        expect(text.endsWith('\u001b[0m')).toBe(true);
      }
      expect([style.fill(0, 'x'), style.ink(0, 'x'), style.fill(3, '')]).toEqual(['x', 'x', '']);
    }
  });
});

describe('labels', () => {
  it('number words that stand in the text more than once, in any case, by their place in it from 1, as the page does', () => {
    const e = explanationOf('Not bad, not great', []);
    expect(playerLabels(e)).toEqual(readableLabels(e));
    expect(playerLabels(e)).toEqual(['Not₁', 'bad', 'not₃', 'great']);
    expect(membersLabel([1, 2], playerLabels(e))).toBe('bad × not₃');
  });

  it('are cut where they are long, and then told apart by number where they would read the same', () => {
    const long = 'The plot is thin and drags on far too long in the';
    const players = [`${long} middle`, `${long} end`, 'Fine'].map((label, id) => ({ id, label, start: 0, end: 0 }));
    const labels = playerLabels({ players });
    expect(new Set(labels).size).toBe(3);
    expect(labels[0]).toBe('The plot is thin and drags on f…₁');
    for (const label of labels) expect(columnsOf(label)).toBeLessThanOrEqual(34);
  });
});

describe('the text in the terminal', () => {
  const gloss = (e: Explanation, width = 80, style = plain, most?: number) => glossLines(e, width, style, most);

  it('has under each word that does something alone its sign and size: never colour alone', () => {
    const [line, marks, ...rest] = gloss(explanationOf(TEXT, EFFECTS));
    expect(rest).toEqual([]);
    expect(line.replace(/ +/g, ' ')).toBe('Her acting never₃ fails to impress, never.₇');
    const under = (word: string) => marks.slice(line.indexOf(word)).trimStart().split(' ')[0];
    expect([under('fails'), under('impress'), under('Her')]).toEqual(['▼3.1', '▲2.4', '▲0.9']);
    expect(marks.trim().split(/ +/)).toHaveLength(3);
  });

  it('leaves unmarked what is within two standard errors or small beside the largest', () => {
    const effects = [
      { members: [0], value: 4, se: 0.1 },
      { members: [1], value: 1.9, se: 1 },
      { members: [2], value: 0.3, se: 0.01 },
    ];
    expect(gloss(explanationOf('a b c', effects))).toEqual(['a b c', '▲4.0']);
  });

  it('keeps every character of the text, at every width, in lines that fit', () => {
    for (const width of [40, 60, 100]) {
      const lines = gloss(explanationOf(`${TEXT} 漢字 and 👩‍🚀 too`, EFFECTS), width, colourful).map(shown);
      const words = lines.filter((line) => !/^[ ▲▼\d.]+$/.test(line)).join(' ');
      expect(words.replace(/[₀-₉]/g, '').replace(/ +/g, ' ')).toBe(`${TEXT} 漢字 and 👩‍🚀 too`);
      for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(width);
    }
  });

  it('keeps the line breaks of the text, and text outside every player', () => {
    const e = explanationOf('one two\nthree four', [{ members: [0], value: 1, se: 0 }]);
    expect(gloss({ ...e, players: [{ id: 0, label: 'three', start: 8, end: 13 }] })).toEqual([
      'one two',
      'three four',
      '▲1.00'.slice(0, 4),
    ]);
  });

  it('folds a long text to the lines that matter most, in place, and says how many it left out', () => {
    const words = Array.from({ length: 400 }, (_, i) => `word${i}`);
    const e = explanationOf(words.join(' '), [
      { members: [200], value: 3, se: 0.1 },
      { members: [20, 390], value: 2, se: 0.1 },
    ]);
    const lines = gloss(e, 60, plain, 3);
    const text = lines.join('\n');
    for (const word of ['word20 ', 'word200 ', 'word390 ']) expect(text).toContain(word);
    expect(lines.length).toBeLessThan(10);
    const folded = lines.flatMap((line) => Number(/^⋯ (\d+) lines?/.exec(line)?.[1] ?? 0)).reduce((a, b) => a + b, 0);
    expect(folded).toBe(gloss(e, 60, plain, 1000).filter((line) => /word/.test(line)).length - 3);
  });
});

describe('the report', () => {
  const report = (changes: Partial<Explanation> = {}, width = 80, style = plain) =>
    reportLines(explanationOf(TEXT, EFFECTS, changes), width, style);
  const fitOf = (fit: Partial<Explanation['fit']>) => ({ fit: { ...explanationOf('a', []).fit, ...fit } });
  const sentence = (lines: readonly string[]) => lines.join(' ').replace(/\s+/g, ' ');

  it('says the answer, effects with errors and bars, R² with its interval, passes, methods, backend, and that it is software', () => {
    const text = report().join('\n');
    expect(text).toMatch(/^positive {2}log-odds \+2\.75 \(94 %\) · with every word masked −0\.31 \(42 %\)\n/);
    expect(text).toMatch(/\nAlone\n {2}fails +−3\.10 ± 0\.20 {2}▼ █+/);
    expect(text).toMatch(/\nTogether\n {2}never₃ × fails +\+6\.17 ± 0\.31 {2}▲ █{24}\n/);
    const said = sentence(report());
    expect(said).toContain('R² 0.94: explains 94 % of the variation over 256 masks it has not seen (95 % interval 91 to 96 %)');
    expect(said).toContain('1,000 of 1,024 passes · 1,234 a second · seed 7');
    expect(said).toContain('method auto took proxyspex (cross-validated R²: proxyspex 0.93, linear −0.12)');
    expect(said).toContain('webgpu · SwiftShader driver (software: results right, speed meaningless) model webspex/minilm-sst2');
    expect(said).not.toContain('!');
  });

  it('says of candidates that dropped out that their R² is over fewer folds', () => {
    const candidates = [
      { method: 'gp', r2: 0.9 },
      { method: 'linear', r2: 0.4, folds: 2 },
      { method: 'pursuit', r2: 0.3, folds: 1 },
    ];
    expect(sentence(report(fitOf({ candidates })))).toContain(
      '(cross-validated R²: gp 0.90, linear 0.40 in the first 2 folds, then dropped, pursuit 0.30 in the first fold, then dropped)',
    );
  });

  it('says where R² was cross-validated on the masks that were fitted, and that so few passes may have missed rare combinations', () => {
    const folds = { heldOut: 254, folds: 5, queries: 256 };
    expect(sentence(report(fitOf(folds)))).toContain(
      'explains 94 % of the variation over masks it has not seen (95 % interval 91 to 96 %), estimated by cross-validation on the same 256 passes',
    );
    expect(sentence(report(fitOf(folds)))).not.toContain('!');
    expect(sentence(report(fitOf({ ...folds, queries: 99 })))).toContain(
      '! Rare combinations may not have been seen yet: these are 99 passes.',
    );
    expect(sentence(report(fitOf({ ...folds, r2: 0.69 })))).toContain('Rare combinations may not have been seen yet; more passes help');
  });

  it('says that a goal was not reached, and what an audit found', () => {
    const audit = { masks: 32, r2: 0.9, r2Low: -1, r2High: 0.97 };
    const said = sentence(report(fitOf({ folds: 5, until: { r2: 0.95, bound: 0.88, reached: false }, audit })));
    expect(said).toContain('! R² 0.95 was not reached with 95 % confidence (bound 0.88)');
    expect(said).toContain('Audited: R² 0.90 on 32 fresh masks (95 % interval below 0 to 97 %), fitted since');
  });

  it('draws uncertain effects faintly and only to fill up, and says how many may be nothing', () => {
    const lines = report();
    expect(lines.find((line) => line.includes('fails × impress'))).toMatch(/−0\.40 ± 0\.30 +▼ ░/);
    expect(sentence(lines)).toContain('1 (░) within two standard errors of zero may be nothing');
    expect(lines.find((line) => /^ {2}acting /.test(line))).toBeUndefined();
  });

  it('warns below 0.7, calls a fit below 0.5 poor, and says when it explains nothing at all', () => {
    expect(sentence(report(fitOf({ r2: 0.69 })))).toContain('! R² is below 0.7');
    expect(sentence(report(fitOf({ r2: 0.49 })))).toMatch(/! Poor fit: .*--budget.*--units sentence/);
    expect(sentence(report(fitOf({ r2: -3, r2Low: -10 })))).toMatch(
      /Explains nothing of the variation over 256 masks .*\(R² −3\.00\) ! Poor fit/,
    );
    expect(sentence(report(fitOf({ r2: 0.6, r2Low: -2 })))).toContain('95 % interval below 0 to');
  });

  it('says of an exact explanation that it is, without errors and without a warning', () => {
    const exact = EFFECTS.map((i) => ({ ...i, se: 0 }));
    const said = sentence(
      reportLines(explanationOf(TEXT, exact, fitOf({ r2: 1, r2Low: 1, r2High: 1, heldOut: 0, queries: 128 })), 80, plain),
    );
    expect(said).toContain('Exact: all 128 maskings were evaluated');
    expect(said).not.toMatch(/±|R² 1|!/);
  });

  it('says that nothing acts together where nothing does, but not for an index of single players', () => {
    const alone = EFFECTS.filter((i) => i.members.length === 1);
    expect(sentence(reportLines(explanationOf(TEXT, alone), 80, plain))).toContain('Together nothing');
    expect(sentence(reportLines(explanationOf(TEXT, alone, { index: 'SV' }), 80, plain))).not.toContain('Together');
  });

  it('fits any width, and reads the same without its colours', () => {
    const long: Interaction[] = [{ members: [0, 1, 2, 3], value: 5, se: 0.1 }, ...EFFECTS];
    for (const width of [40, 57, 80, 100]) {
      const e = explanationOf(TEXT, long, { target: 'a label that is long enough' });
      const lines = reportLines(e, width, colourful).map(shown);
      expect(lines).toEqual(reportLines(e, width, plain));
      for (const line of lines.slice(1)) expect([width, line, columnsOf(line) <= width]).toEqual([width, line, true]);
    }
  });

  it('lets no name from a model or a text steer the terminal', () => {
    const evil = '\u001b[2J\u202e';
    const e = explanationOf(`fine ${evil} text`, [{ members: [0, 1], value: 1, se: 0.1 }], {
      target: evil,
      units: evil,
      mask: evil,
      model: { id: evil, revision: '', sha256: '', dtype: 'f32' },
      device: { backend: 'webgpu', adapter: evil, software: false },
    });
    const text = reportLines(e, 80, plain).join('\n');
    for (const character of evil.slice(0, 1) + evil.slice(-1)) expect(text).not.toContain(character);
    expect(text).toContain('\\u{1b}[2J\\u{202e}');
  });
});
