import { expect, it } from 'vitest';
import { reportLines } from '../../src/cli/terminal/report.ts';
import { createStyle } from '../../src/cli/terminal/style.ts';
import { readExplanation } from '../../src/view/read.ts';
import { toHtml } from '../../src/view/report.ts';
import { drawn, sample } from './support.ts';

it('every explanation says how its energy is spread: in the document, on the terminal and in the page', async () => {
  const e = await sample();
  expect(e.structure?.energy.length).toBe(4);
  const lines = reportLines(e, 100, createStyle(1)).join('\n');
  expect(lines).toMatch(/energy \d+ % alone, \d+ % in pairs, \d+ % in threes, <?\d+ % in larger groups · \d+ coefficients hold 95 %/);
  expect(lines).toMatch(/DSR \d\.\d\d, SCR \d\.\d\d/);
  expect(toHtml(e, [])).toMatch(/coefficients hold 95 % of it; of their subsets of one word less/);
});

it('documents without it are read and drawn as before, and damaged ones are refused', async () => {
  const e = drawn([{ members: [0], value: 1, se: 0 }]);
  expect(e.structure).toBeUndefined();
  expect(toHtml(readExplanation(e), [])).not.toContain('hold 95 %');
  const whole = await sample();
  expect(() => readExplanation({ ...whole, structure: { ...whole.structure, energy: ['<b>'] } })).toThrow(/structure.energy\[0\]/);
});

it('a method that knows every mask and is another function all the same is not called exact', () => {
  const e = drawn([{ members: [0], value: 1, se: 0 }]);
  const known = { ...e, fit: { ...e.fit, r2: 0.62, r2Low: 0.62, r2High: 0.62, heldOut: 0, queries: 256 } };
  expect(reportLines(known, 200, createStyle(1)).join('\n')).toMatch(/All 256 maskings were evaluated, so .* R² 0\.62/);
  expect(toHtml(known, [])).toMatch(/All 256 maskings were evaluated; of their variation this explains 62 %/);
  expect(toHtml({ ...known, fit: { ...known.fit, r2: 1, r2Low: 1, r2High: 1 } }, [])).toMatch(/Exact: all 256 maskings/);
});
