import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/explain/document.ts';
import { explanationMark } from '../../src/view/draw/page.ts';
import { toMarkup } from '../../src/view/markup.ts';
import { scalesOf, sceneOf, UNTOUCHED, type ViewState, widest } from '../../src/view/scene.ts';
import { drawn } from './support.ts';

const one = (value: number, se: number, ...members: number[]) => ({ members, value, se });
const draw = (e: Explanation, view: Partial<ViewState> = {}) => toMarkup(explanationMark(sceneOf(e, { ...UNTOUCHED, ...view })));
const pair = drawn([one(3, 0.1, 0, 1), one(-2, 0.1, 2), one(0.5, 1, 3, 4)]);

describe('scales', () => {
  it('let no uncertain effect decide what full colour and the thickest line mean', () => {
    expect(scalesOf(drawn([one(50, 40, 0, 1), one(2.9, 0.1, 0, 2), one(1.9, 0.1, 3)]))).toEqual({ all: 3, words: 2 });
  });

  it('keep words pale that do little beside what words do together', () => {
    expect(scalesOf(drawn([one(8, 0, 0, 1), one(0.1, 0, 3)]))).toEqual({ all: 8, words: 2 });
  });

  it('widen and never shrink over several texts', () => {
    expect(widest({ all: 8, words: 1 }, { all: 3, words: 2 })).toEqual({ all: 8, words: 2 });
  });
});

describe('the drawing', () => {
  it('has a row for each shown interaction: members in text order, value, ± error', () => {
    const html = draw(pair, { allRows: true });
    const cells = [...html.matchAll(/<tr[^>]*data-key="[^"]*">(.*?)<\/tr>/g)].map((m) =>
      m[1]
        .replace(/<svg.*?<\/svg>/g, '')
        .replace(/<[^>]+>/g, ' ')
        .trim()
        .split(/\s{2,}/),
    );
    expect(cells).toEqual([
      ['a × b', '2', '+3.00 ± 0.10'],
      ['c', '1', '−2.00 ± 0.10'],
      ['d × e', '2', '+0.50 ± 1.00'],
    ]);
  });

  it('says sign by shape and not by colour alone', () => {
    const html = draw(pair);
    const rows = [
      ...html.matchAll(/<tr class="(pos|neg)[^"]*" data-key[^>]*>.*?class="sign"[^>]*><path d="(M0 7.5H8L4 0.5Z|M0 0.5H8L4 7.5Z)"/g),
    ];
    expect(rows.length).toBeGreaterThan(1);
    for (const [, sign, path] of rows) expect(path).toBe(sign === 'pos' ? 'M0 7.5H8L4 0.5Z' : 'M0 0.5H8L4 7.5Z');
  });

  it('gives no word a number whose effect is within two standard errors of zero', () => {
    const html = draw(drawn([one(3, 2, 0), one(2, 0.1, 1)]));
    const words = [...html.matchAll(/<span class="word ([^"]*)" data-player="(\d)"[^>]*>(.*?)<\/span>(?=<|\s)/g)];
    expect(words.find((w) => w[2] === '0')?.[1]).toContain('unsure');
    expect(html.match(/class="effect"/g)).toHaveLength(1);
  });

  it('can be pressed only where somebody listens', () => {
    expect(draw(pair)).not.toMatch(/<button|tabindex|<slot/);
    const live = draw(pair, { interactive: true });
    expect(live.match(/tabindex="0"/g)).toHaveLength(1);
    expect(live.match(/<slot name="(progress|actions|verify)"/g)).toHaveLength(3);
  });

  it('shows the model’s answer beside the explanation’s, and says so while it is asked', () => {
    const off = new Set([0]);
    expect(draw(pair, { off })).not.toContain('model says');
    expect(draw(pair, { off, measured: 'asking' })).toContain('asking the model…');
    expect(draw(pair, { off, measured: -1.25 })).toMatch(/model says<\/span><b>−1\.25/);
  });

  it('warns below 0.7 and below 0.5 and not above', () => {
    const at = (r2: number) => /class="warning (\w+)"/.exec(draw({ ...pair, fit: { ...pair.fit, r2 } }))?.[1];
    expect([0.7, 0.69, 0.5, 0.49].map(at)).toEqual([undefined, 'fair', 'fair', 'poor']);
  });

  it('says where R² was cross-validated, and warns of rare combinations where passes are few', () => {
    const at = (queries: number) => draw({ ...pair, fit: { ...pair.fit, r2: 0.94, folds: 5, queries } });
    expect(at(256)).toContain('estimated by cross-validation on the same 256 passes');
    expect(at(256)).not.toContain('Rare combinations');
    expect(at(99)).toContain('Rare combinations may not have been seen yet: these are 99 passes.');
  });

  it('says of methods that dropped out that their R² is over fewer folds', () => {
    const candidates = [
      { method: 'gp', r2: 0.9 },
      { method: 'linear', r2: 0.4, folds: 2 },
      { method: 'pursuit', r2: 0.3, folds: 1 },
    ];
    const drawing = draw({ ...pair, fit: { ...pair.fit, candidates } });
    expect(drawing).toMatch(/0\.40<\/span><span class="short">dropped out, R² over the first 2 folds only<\/span>/);
    expect(drawing).toMatch(/0\.30<\/span><span class="short">dropped out, R² over the first fold only<\/span>/);
    expect(drawing.match(/class="short"/g)).toHaveLength(2);
  });

  it('says what the stop rule and the audit found', () => {
    const audit = { masks: 32, r2: 0.9, r2Low: 0.8, r2High: 0.97 };
    const fit = { ...pair.fit, until: { r2: 0.8, bound: 0.81, reached: true }, audit };
    expect(draw({ ...pair, fit })).toContain('Audited: R² 0.90 on 32 fresh masks');
    expect(draw({ ...pair, fit })).toContain('Stopped as soon as R² was at least 0.8 with 95 % confidence (bound 0.81).');
  });

  it('says how many interactions are not shown, and shows them when asked', () => {
    const many = drawn(Array.from({ length: 40 }, (_, i) => one(40 - i, 0.1, i % 7, 7)).map((x, i) => ({ ...x, members: [i % 7, 7] })));
    const scene = sceneOf(many, UNTOUCHED);
    expect(scene.hiddenRows).toBe(40 - scene.rows.length);
    expect(sceneOf(many, { ...UNTOUCHED, allRows: true }).rows).toHaveLength(40);
  });

  it('mirrors lanes for Hebrew and Arabic text', () => {
    const hebrew = drawn([one(3, 0.1, 0, 2)], ['לא', 'סרט', 'רע']);
    expect(sceneOf(hebrew, UNTOUCHED).direction).toBe('rtl');
    expect(sceneOf(pair, UNTOUCHED).direction).toBe('ltr');
  });
});
