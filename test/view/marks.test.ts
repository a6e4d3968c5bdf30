import { describe, expect, it } from 'vitest';
import { barLayout, curveLayout, guessWidth, LANE, lookOf, scoreLayout, shorten, textRuns } from '../../src/view/marks.ts';
import { drawn } from './support.ts';

const labels = ['never', 'fails', 'to', 'impress', 'but', 'not', 'bad'];
const layout = (shown: { members: number[]; value: number; se: number }[], direction: 'ltr' | 'rtl' = 'ltr') =>
  scoreLayout({ labels, shown, scale: 2, measure: guessWidth, direction });

describe('lanes', () => {
  it('draw a pair as one arc from word to word, without teeth', () => {
    const { lanes, columns } = layout([{ members: [0, 3], value: 2, se: 0 }]);
    const centres = [0, 3].map((p) => columns.find((c) => c.player === p)?.centre as number);
    expect(lanes[0].dots).toEqual([]);
    expect(lanes[0].path.match(/M/g)).toHaveLength(1);
    const numbers = lanes[0].path.match(/[\d.]+/g)?.map(Number) as number[];
    expect(numbers[0]).toBeCloseTo(centres[0], 1);
    expect(numbers[numbers.length - 2]).toBeCloseTo(centres[1], 1);
  });

  it('draw three words or more as a comb with a tooth and a dot at each', () => {
    for (const members of [
      [0, 1, 6],
      [0, 1, 3, 5, 6],
    ]) {
      const { lanes, columns } = layout([{ members, value: 2, se: 0 }]);
      const centres = members.map((p) => columns.find((c) => c.player === p)?.centre as number);
      expect(lanes[0].dots.map((d) => d.x)).toEqual(centres);
      const teeth = [...lanes[0].path.matchAll(/M([\d.]+) [\d.]+V/g)].map((m) => Number(m[1]));
      expect(teeth).toHaveLength(members.length);
      teeth.forEach((x, i) => {
        expect(x).toBeCloseTo(centres[i], 1);
      });
    }
  });

  it('dash what is uncertain and only that', () => {
    const { lanes } = layout([
      { members: [0, 1], value: 1, se: 0.6 },
      { members: [0, 1], value: 1, se: 0.4 },
    ]);
    expect(lanes.map((l) => l.dashed)).toEqual([true, false]);
  });

  it('are as thick as the value is large on the scale, between two bounds', () => {
    const { lanes } = layout([0, 1, -1, 2, 99].map((value) => ({ members: [0, 1], value, se: 0 })));
    const middle = (LANE.thinnest + LANE.thickest) / 2;
    expect(lanes.map((l) => l.thickness)).toEqual([LANE.thinnest, middle, middle, LANE.thickest, LANE.thickest]);
  });

  it('fold away the words that no shown interaction uses, and count them', () => {
    const { columns } = layout([{ members: [1, 5], value: 1, se: 0 }]);
    expect(columns.map((c) => c.label)).toEqual(['…1', 'fails', '…3', 'not', '…1']);
  });

  it('never let two words overlap', () => {
    const { columns } = layout([{ members: [0, 1, 2, 3, 4, 5, 6], value: 1, se: 0 }]);
    for (let i = 1; i < columns.length; i++)
      expect(columns[i].centre - columns[i].width / 2).toBeGreaterThan(columns[i - 1].centre + columns[i - 1].width / 2);
  });

  it('show less of each label where long ones would make them too wide, and all of words that are short', () => {
    const sentences = Array.from({ length: 8 }, (_, i) => `${i + 1} negative: the very long text of an example`);
    const labelsOf = (members: number[]) => {
      const { columns, width } = scoreLayout({
        labels: sentences,
        shown: [{ members, value: 1, se: 0 }],
        scale: 2,
        measure: guessWidth,
        direction: 'ltr',
      });
      return { width, lengths: new Set(columns.filter((c) => c.player !== null).map((c) => c.label.length)) };
    };
    expect(labelsOf([0, 1]).lengths).toEqual(new Set([LANE.letters - 1])); // what is cut off begins with a blank
    const many = labelsOf([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(Math.max(...many.lengths)).toBe(LANE.fewLetters);
    expect(many.width).toBeLessThan(8 * 135);
    const { columns } = layout([{ members: [0, 1, 2, 3, 4, 5, 6], value: 1, se: 0 }]);
    expect(columns.map((c) => c.label)).toEqual(labels);
  });

  it('are mirrored where the text runs from right to left', () => {
    const shown = [{ members: [0, 3, 6], value: 1, se: 0 }];
    const left = layout(shown);
    const right = layout(shown, 'rtl');
    expect(right.width).toBe(left.width);
    right.columns.forEach((c, i) => {
      expect(c.centre).toBeCloseTo(left.width - left.columns[i].centre, 9);
    });
    const mirrored = left.lanes[0].dots.map((d) => left.width - d.x).reverse();
    right.lanes[0].dots.forEach((d, i) => {
      expect(d.x).toBeCloseTo(mirrored[i], 9);
    });
  });
});

describe('text', () => {
  it('is cut into runs that make up the whole of it again', () => {
    const e = {
      ...drawn([], ['a', 'b']),
      text: '“a — b!”',
      players: [
        { id: 0, label: 'a', start: 1, end: 2 },
        { id: 1, label: 'b', start: 5, end: 6 },
      ],
    };
    const runs = textRuns(e);
    expect(runs.map((r) => r.text).join('')).toBe(e.text);
    expect(runs.filter((r) => r.player !== null).map((r) => [r.player, r.text])).toEqual([
      [0, 'a'],
      [1, 'b'],
    ]);
  });

  it('is made of labels where players are no pieces of a text', () => {
    const e = { text: '', players: [0, 1].map((id) => ({ id, label: `x${id}`, start: 0, end: 0 })) };
    expect(textRuns(e).map((r) => r.text)).toEqual(['x0', ' ', 'x1']);
  });

  it('is made of a line for each label where labels are sentences', () => {
    const label = '1 negative: an example as long as a sentence';
    const e = { text: '', players: [0, 1].map((id) => ({ id, label: id === 0 ? label : 'b', start: 0, end: 0 })) };
    expect(textRuns(e).map((r) => r.text)).toEqual([label, '\n', 'b']);
  });

  it('is shortened between characters as people count them', () => {
    expect(shorten('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 2)).toBe('👩‍👩‍👧‍👦…');
    expect(shorten('ab', 2)).toBe('ab');
  });
});

describe('bars and curves', () => {
  it('bars reach from zero to the value, whiskers two standard errors to each side, both clipped to the box', () => {
    expect(barLayout({ value: 1, se: 0.25 }, 2, 200)).toEqual({ x: 100, width: 50, zero: 100, low: 125, high: 175 });
    expect(barLayout({ value: -3, se: 1 }, 2, 200)).toEqual({ x: 0, width: 100, zero: 100, low: 0, high: 50 });
  });

  const look = (queries: number, r2: number, top: string) => ({ queries, budget: 1024, r2, r2Low: r2 - 0.1, r2High: r2 + 0.1, top });

  it('curves go from the first look at the left to the budget at the right, on a logarithmic axis', () => {
    const { points } = curveLayout([look(64, 0, 'a'), look(256, 0.5, 'a'), look(1024, 1, 'a')], 200, 100);
    expect(points.map((p) => [Math.round(p.x), Math.round(p.y)])).toEqual([
      [0, 100],
      [100, 50],
      [200, 0],
    ]);
  });

  it('curves have ticks from the first look to the budget that do not stand too close to be read', () => {
    const ticks = (budget: number) => curveLayout([{ ...look(64, 0.5, 'a'), budget }], 236, 100).ticks;
    expect(ticks(1024).map((t) => t.queries)).toEqual([64, 128, 256, 512, 1024]);
    expect(ticks(8192).map((t) => t.queries)).toEqual([64, 256, 1024, 8192]);
    for (let budget = 70; budget <= 2 ** 20; budget = Math.round(budget * 1.37))
      ticks(budget).forEach((t, i, all) => {
        // A tick's label reaches to both sides of it, up to seven characters in all.
        if (i > 0) expect(t.x - all[i - 1].x, `${budget}`).toBeGreaterThan(budget < 128 ? 0 : 20);
      });
  });

  it('curves stay in their box where R² is negative', () => {
    const { points } = curveLayout([look(64, -7, 'a')], 200, 100);
    expect(points[0].y).toBe(100);
  });

  it('say since when the five largest effects have been the same', () => {
    const looks = ['a', 'b', 'c', 'c'].map((top, i) => look(64 * 2 ** i, 0.5, top));
    expect(curveLayout(looks, 200, 100).stableSince?.queries).toBe(256);
    expect(curveLayout(looks.slice(0, 1), 200, 100).stableSince).toBeNull();
  });

  it('a look names the five largest effects whatever their order', () => {
    const list = [9, 8, 7, 6, 5, 4].map((value, i) => ({ members: [i], value, se: 0 }));
    expect(lookOf(drawn(list)).top).toBe('0,1,2,3,4');
    expect(lookOf(drawn([...list].reverse())).top).toBe('0,1,2,3,4');
  });
});
