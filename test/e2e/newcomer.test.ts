import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_ADAPTER, type Stay, startReady } from './stay.ts';
import { inView, LONG, reaches, result, rows, seriousProblems, setPasses, shots, textOf, type } from './visit.ts';

let stay: Stay;
let page: Page;

beforeAll(async () => {
  ({ stay, page } = await startReady());
});

afterAll(() => stay?.end());

const fieldOf = (id: string) => page.$eval(`#${id}`, (e) => (e as HTMLInputElement).value);
const theme = () => page.evaluate(() => [document.documentElement.dataset.theme, document.querySelector('#theme')?.textContent]);

const kept = (text: string) => page.waitForFunction((t) => history.state?.fields?.text === t, {}, text);

describe('a newcomer', () => {
  it('gets an answer for a single word, which says that nothing can act together', async () => {
    await type('Good');
    expect(await textOf('#budget-said')).toBe('2: all there are');
    await page.keyboard.press('Enter');
    await reaches('done');
    expect((await rows()).map(([name]) => name)).toEqual(['Good']);
    expect(await inView('.lanes .legend')).toEqual(['There is one word here, and nothing that it could act together with.']);
    await page.screenshot({ path: join(shots, 'page-one-word.png'), fullPage: true });
  });

  it('is told how many maskings sentences have', async () => {
    await page.select('#units', 'sentence');
    await type('It is good. It is not bad.');
    expect(await textOf('#budget-said')).toMatch(/^4, about/);
    await page.select('#units', 'word');
  });

  it('is led by an id of the hub that is none to how ids look, and on to a model that is there', async () => {
    await page.select('#model-choice', 'hub');
    await page.type('#hub-id', 'nonsense');
    await page.focus('#text');
    expect(await textOf('#hub-problem')).toContain('id: expected org/name or org/name/file.gguf, got "nonsense"');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('text'); // nobody is held at a field
    expect(await seriousProblems()).toEqual([]);
    await page.focus('#hub-id');
    await page.keyboard.down('Control');
    await page.keyboard.press('a');
    await page.keyboard.up('Control');
    await page.keyboard.type('org/none');
    expect(await textOf('#hub-problem')).toBe('');
    await page.keyboard.press('Enter');
    await reaches('error');
    expect(await textOf('#problem-detail')).toContain('config.json of org/none');
    await page.click('#problem-action');
    await reaches('ready');
    stay.complaints.splice(0); // of the file that is not there
  });

  it('keeps the earlier result where a run is stopped before it has one', async () => {
    await setPasses(2 ** 13);
    await type(LONG);
    const before = (await result()).text;
    await page.evaluate(() => {
      for (const id of ['explain', 'stop']) document.getElementById(id)?.click();
    });
    await reaches('stopped');
    expect((await result()).text).toBe(before);
    expect(await textOf('#status')).toBe('Stopped before there was anything to show; the result below is the earlier one.');
  });

  it('finds text, settings and theme again after a reload in the middle of a run', async () => {
    await page.select('#index', 'SV');
    await page.click('#theme');
    await page.click('#theme');
    expect(await theme()).toEqual(['dark', 'Theme: dark']);
    await page.screenshot({ path: join(shots, 'page-theme-dark.png'), fullPage: true });
    await page.click('#explain');
    await reaches('running');
    await kept(LONG);
    await page.reload();
    await reaches('ready');
    expect([await fieldOf('text'), await fieldOf('index'), await fieldOf('budget')]).toEqual([LONG, 'SV', '13']);
    expect(await theme()).toEqual(['dark', 'Theme: dark']);
    expect(await textOf('#status')).toMatch(/^Text and settings are as you left them\. Press Explain\./);
    await setPasses(2 ** 6);
    await page.click('#explain');
    await reaches('done');
    expect((await result()).text).toBe(LONG);
  });

  it('has what was typed after a link was copied, not what the link says, after a reload; the link itself brings what it says', async () => {
    await page.click('#link');
    await page.waitForFunction(() => /contains the text/.test(document.querySelector('#kept')?.textContent ?? ''));
    const link = page.url();
    await type('It is not bad.');
    await kept('It is not bad.');
    await page.reload();
    await reaches('ready');
    expect(await fieldOf('text')).toBe('It is not bad.');
    const other = await stay.openPage();
    await other.goto(link);
    await reaches('ready', other);
    expect(await other.$eval('#text', (e) => (e as HTMLTextAreaElement).value)).toBe(LONG);
    await other.close();
  });

  it('says nothing of what was left where nothing was changed', async () => {
    const fresh = await stay.openPage();
    await fresh.goto(stay.served.address);
    await reaches('ready', fresh);
    const status = await textOf('#status', fresh);
    await fresh.reload();
    await reaches('ready', fresh);
    expect(await textOf('#status', fresh)).toBe(status);
    await fresh.close();
  });

  it('takes a wish back before the model is there, and the model goes on loading', async () => {
    stay.holdWeights();
    const early = await stay.openPage();
    await early.goto(stay.served.address, { waitUntil: 'domcontentloaded' });
    await reaches('loading', early);
    await type('It is not bad.', early);
    await early.click('#explain');
    expect(await textOf('#status', early)).toBe('Starts as soon as the model is here…');
    await early.click('#stop');
    expect(await textOf('#status', early)).toBe('The model goes on loading; press Explain when you like.');
    const stored = (await result(early)).text;
    stay.release();
    await reaches('ready', early);
    await early.click('aria/Verify[role="button"]'); // an answer that would come after a run that had been begun
    await early.waitForSelector('.verification');
    expect((await result(early)).text).toBe(stored);
    await early.close();
  });

  it('sees no complaint', () => {
    expect(stay.complaints.filter((c) => c !== NO_ADAPTER)).toEqual([]);
  });
});
