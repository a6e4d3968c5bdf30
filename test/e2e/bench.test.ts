import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_ADAPTER, type Stay, startReady } from './stay.ts';
import { inColours, reaches, seriousProblems, shots, textOf } from './visit.ts';

let stay: Stay;
let page: Page;

beforeAll(async () => {
  ({ stay, page } = await startReady('bench.html'));
});

afterAll(() => stay?.end());

/** Chooses these cases and no others. */
const choose = (names: readonly string[]) =>
  page.$$eval(
    '#cases input',
    (boxes, wanted) => {
      for (const box of boxes as HTMLInputElement[]) if (!box.disabled) box.checked = wanted.includes(box.value);
    },
    names,
  );
const cells = () => page.$$eval('#rows tbody tr', (all) => all.map((line) => [...line.children].map((c) => c.textContent ?? '')));

describe('the benchmark page', () => {
  it('says what the machine is, and offers what needs a real GPU only where there is one', async () => {
    const machine = await page.$$eval('#machine li', (all) => all.map((e) => e.textContent ?? ''));
    expect(machine[0]).toMatch(/^GPU: /);
    expect(machine.at(-1)).toMatch(/^webspex \d+\.\d+\.\d+, commit \w+/);
    const disabled = await page.$$eval('#cases input', (all) =>
      all.filter((e) => (e as HTMLInputElement).disabled).map((e) => (e as HTMLInputElement).value),
    );
    expect(disabled).toEqual(['tiles', 'removal']);
    expect(await page.$eval('#copy', (e) => (e as HTMLButtonElement).disabled)).toBe(true);
  });

  it('measures what is chosen, checks the numbers, and says how fast it was by the clock', async () => {
    await choose(['fwht', 'until']);
    await page.click('#run');
    await reaches('done');
    const rows = await cells();
    expect(rows.map(([id]) => id)).toEqual(['fwht', 'until-text-1', 'until-text-2', 'until-text-3', 'until-planted']);
    for (const [id, , measured, , same] of rows) {
      expect(measured).toMatch(id === 'fwht' ? /^[\d.]+ ms$/ : /^[\d.]+ s$/);
      expect(same).not.toBe('NO');
    }
    expect(rows[0][4]).toBe('yes');
    expect(rows[4][4]).toBe('yes');
    expect(rows[1][6]).toMatch(/passes \d+, players 12, reached yes/);
    expect(await page.$eval('#save', (e) => (e as HTMLButtonElement).disabled)).toBe(false);
    await inColours('light');
    await page.screenshot({ path: join(shots, 'page-bench.png'), fullPage: true });
    expect(await seriousProblems()).toEqual([]);
  });

  it('copies the table as Markdown', async () => {
    // A browser without a head has no clipboard that may be read.
    const copying = await page.evaluateHandle(() => {
      const taken: string[] = [];
      Object.defineProperty(navigator.clipboard, 'writeText', { value: async (text: string) => taken.push(text) });
      return taken;
    });
    await page.click('#copy');
    await page.waitForFunction(() => document.querySelector('#kept')?.textContent !== '');
    expect(await textOf('#kept')).toBe('Copied.');
    const [copied] = await copying.jsonValue();
    expect(copied).toMatch(/^\* GPU: /);
    expect(copied.split('\n').filter((line) => line.startsWith('| ')).length).toBe(7);
  });

  it('stops, keeps what it has, and can be run again', async () => {
    await choose(['fwht', 'forward']);
    await page.click('#run');
    await page.waitForFunction(() => document.querySelectorAll('#rows tbody tr').length === 1, { timeout: 60_000 });
    await page.click('#stop');
    expect(await page.$eval('main', (e) => e.dataset.state)).toBe('stopped');
    expect((await cells()).map(([id]) => id)).toEqual(['fwht']);
    await page.waitForFunction(() => !(document.querySelector('#run') as HTMLButtonElement).disabled);
    await choose([]);
    await page.click('#run');
    expect(await textOf('#status')).toBe('Nothing is chosen.');
  });

  it('asks nobody else, and nothing is complained of', () => {
    expect(stay.elsewhere).toEqual([]);
    expect(stay.complaints.filter((c) => c !== NO_ADAPTER)).toEqual([]);
  });
});
