import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ElementHandle, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_ADAPTER, type Stay, startReady } from './stay.ts';
import {
  appears,
  inColours,
  inView,
  number,
  reaches,
  result,
  seriousProblems,
  setPasses,
  shots,
  textOf,
  type,
  verification,
} from './visit.ts';

const root = resolve(import.meta.dirname, '../..');
const files = mkdtempSync(join(tmpdir(), 'webspex-players-'));
/** Sixteen of the study's sentences, eight of each label, so that all its 2¹⁶ masks are too many. */
const EXAMPLES = 16;

/** Longer than any line, as reviews are. */
const LONG =
  'It was sold to me as waterproof and it is not, the strap broke within a week of quite ordinary use, the shop answered none of four letters and, when I called them, said that a strap is no part of a watch and that rain is no reason to complain.';

let stay: Stay;
let page: Page;

beforeAll(async () => {
  const lines = readFileSync(join(root, 'docs/data/train.tsv'), 'utf8').split('\n');
  const of = (label: string) => lines.filter((line) => line.startsWith(label)).slice(0, EXAMPLES / 2);
  writeFileSync(join(files, 'reviews.tsv'), [...of('positive'), ...of('negative')].join('\n'));
  writeFileSync(
    join(files, 'long.tsv'),
    [...of('positive').slice(0, 4), ...of('negative').slice(0, 4)]
      .flatMap((line, i) => (i === 0 ? [line, `negative\t${LONG}`] : [line]))
      .join('\n'),
  );
  writeFileSync(join(files, 'no.tsv'), 'positive\tgood\nno label here\n');
  ({ stay, page } = await startReady());
});

afterAll(async () => {
  await stay?.end();
  rmSync(files, { recursive: true, force: true });
});

async function explain(passes: number): Promise<void> {
  await setPasses(passes);
  await page.click('#explain');
  await reaches('done');
}

const chooseExamples = async (name: string) =>
  ((await page.$('#train-file')) as ElementHandle<HTMLInputElement>).uploadFile(join(files, name));
const setViewport = (width: number) => page.setViewport({ width, height: 900 });
const isHidden = (id: string) => page.$eval(`#${id}`, (e) => (e as HTMLElement).hidden);

const setLayers = async (written: string) => {
  await page.$eval('#layers', (e) => {
    (e as HTMLInputElement).value = '';
  });
  await page.focus('#layers');
  await page.type('aria/Layers[role="textbox"]', written || ' ');
};
const layersProblem = () =>
  page.evaluate(() => [
    document.querySelector('#layers-problem')?.textContent,
    document.querySelector('#layers')?.getAttribute('aria-invalid') ?? null,
  ]);

/** The measured values of Verify's corners, and those that the explanation predicts. */
async function verified(): Promise<(readonly [string, number, number])[]> {
  await page.click('#verify');
  await page.waitForSelector('table[aria-label="Verification"]', { timeout: 60_000 });
  return (await verification()).map(([name, model, explained]) => [name, number(model), number(explained)] as const);
}

describe('players other than words, in the page', () => {
  it('are the parts of a model, which a click switches off and Verify asks about', async () => {
    await type('It is not bad at all.');
    await page.select('#units', 'blocks');
    expect([await isHidden('mask-field'), await isHidden('ablation-field'), await isHidden('layers-field')]).toEqual([true, false, false]);
    await setPasses(1024);
    expect(await textOf('#budget-said')).toMatch(/^64\b/); // six blocks
    await explain(64);
    const { lens, players, mask, fit, values } = await result();
    expect({ lens, mask, players: players.map((p) => p.label), fit: fit.chosen }).toEqual({
      lens: 'blocks',
      mask: 'zero',
      players: ['mlp 0', 'mlp 1', 'mlp 2', 'mlp 3', 'mlp 4', 'mlp 5'],
      fit: 'exact',
    });
    const corners = await verified();
    expect(corners[0][1]).toBeCloseTo(values.full, 1);
    for (const [, model, explained] of corners) expect(Math.abs(model - explained)).toBeLessThan(0.02);
    expect(await textOf('table[aria-label="Verification"] thead')).toContain('Of them kept');
    await page.screenshot({ path: join(shots, 'page-blocks.png'), fullPage: true });
  });

  it('are the parts of chosen layers alone, switched off as chosen, and the model is asked for those', async () => {
    await page.select('#ablation', 'mean');
    await setLayers('1, 4');
    expect(await textOf('#budget-said')).toMatch(/^4, about [\d.]+ s on this CPU$/);
    await explain(64);
    const { mask, units, players, values } = await result();
    expect([mask, units, players.map((p) => p.label)]).toEqual(['mean', 'blocks of layers 1, 4', ['mlp 1', 'mlp 4']]);
    const corners = await verified();
    expect(corners).toHaveLength(5); // four corners and the joint effect: there is no pair left as a control
    for (const [name, model, explained] of corners) expect(Math.abs(model - explained), name).toBeLessThan(0.02);
    expect(corners[3][1]).toBeCloseTo(values.empty, 1);
    await page.select('#units', 'components');
    await page.select('#ablation', 'rescale');
    await explain(64);
    expect(await result()).toMatchObject({ mask: 'zero, rescaled', units: 'components of layers 1, 4', lens: 'components' });
    await page.select('#units', 'blocks'); // which have no heads to rescale
    expect(await page.$eval('#ablation', (e) => (e as HTMLSelectElement).value)).toBe('zero');
  });

  it('fade into their mean output over texts of the reader, which Verify takes too, and a link with the text', async () => {
    await page.select('#units', 'blocks');
    await page.select('#ablation', 'zero');
    expect(await isHidden('reference-field')).toBe(true);
    await page.select('#ablation', 'mean');
    expect(await isHidden('reference-field')).toBe(false);
    await explain(64);
    const own = await result();
    await page.type('#reference', 'A dull and lifeless film.\n\nGreat fun!');
    await explain(64);
    const e = await result();
    expect([own.mask, e.mask]).toEqual(['mean', 'mean over 2 reference texts']);
    expect(e.values.full).toBeCloseTo(own.values.full, 4);
    expect(Math.abs(e.values.empty - own.values.empty)).toBeGreaterThan(0.02); // other means
    const corners = await verified();
    expect(corners[3][1]).toBeCloseTo(e.values.empty, 1);
    for (const [name, model, explained] of corners) expect(Math.abs(model - explained), name).toBeLessThan(0.02);
    await page.screenshot({ path: join(shots, 'page-reference.png'), fullPage: true });
    await page.click('#link-settings');
    await page.waitForFunction(() =>
      /settings only\. The reference texts are not in it\.$/.test(document.querySelector('#kept')?.textContent ?? ''),
    );
    await page.click('#link');
    await page.waitForFunction(() => /contains the text/.test(document.querySelector('#kept')?.textContent ?? ''));
    const other = await stay.openPage();
    await other.goto(page.url());
    await reaches('ready', other);
    expect(await other.$eval('#reference', (field) => (field as HTMLTextAreaElement).value)).toBe(
      'A dull and lifeless film.\n\nGreat fun!',
    );
    await other.close();
  });

  it('say at the field which reference text is too long, and the page stays as it was', async () => {
    await page.$eval(
      '#reference',
      (e, words) => {
        (e as HTMLTextAreaElement).value = `short\n${words}`;
      },
      'word '.repeat(600),
    );
    await page.click('#explain');
    await page.waitForFunction(() => document.querySelector('#reference-problem')?.textContent);
    expect(await textOf('#reference-problem')).toMatch(/^reference 2: expected at most \d+ tokens for this model/);
    expect(await isHidden('problem')).toBe(true);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('reference');
    expect(await seriousProblems()).toEqual([]);
    await page.$eval('#reference', (e) => {
      (e as HTMLTextAreaElement).value = '';
    });
    await page.type('#reference', ' ');
    expect(await textOf('#reference-problem')).toBe('');
  });

  it('are said by name to be of layers that are none, at the field, and the page stays as it was', async () => {
    await setLayers('1;4');
    await page.focus('#text');
    expect(await layersProblem()).toEqual(['layers: expected numbers from 0 with commas between, got "1;4"; write 3,5', 'true']);
    await page.click('#explain');
    expect(await page.evaluate(() => [document.activeElement?.id, document.querySelector('main')?.dataset.state])).toEqual([
      'layers',
      'ready',
    ]);
    await page.screenshot({ path: join(shots, 'page-layers.png'), fullPage: true });
    expect(await seriousProblems()).toEqual([]);
    await setLayers('6');
    expect(await layersProblem()).toEqual(['', null]);
    await page.click('#explain');
    await page.waitForFunction(() => document.querySelector('#layers-problem')?.textContent);
    expect(await layersProblem()).toEqual(['layers: expected numbers from 0 to 5 for this model, got 6; the first layer is 0', 'true']);
    expect(await isHidden('problem')).toBe(true);
    expect(await page.evaluate(() => [document.activeElement?.id, document.querySelector('main')?.dataset.state])).toEqual([
      'layers',
      'ready',
    ]);
  });

  it('come back from a link with their layers and their ablation', async () => {
    await page.select('#ablation', 'mean');
    await setLayers('2,3');
    await page.click('#link-settings');
    await page.waitForFunction(() => /settings only/.test(document.querySelector('#kept')?.textContent ?? ''));
    const other = await stay.openPage();
    await other.goto(page.url());
    await reaches('ready', other);
    const fields = ['#units', '#ablation', '#layers'];
    expect(await other.evaluate((all) => all.map((s) => (document.querySelector(s) as HTMLInputElement).value), fields)).toEqual([
      'blocks',
      'mean',
      '2,3',
    ]);
    expect(await other.$$eval('#ablation-field, #layers-field', (all) => all.map((e) => (e as HTMLElement).hidden))).toEqual([
      false,
      false,
    ]);
    await other.close();
    await setLayers('');
    await page.select('#ablation', 'zero');
  });

  it('are attention heads, too many for all their masks', async () => {
    await page.select('#units', 'heads');
    await explain(64);
    const { lens, players, fit } = await result();
    expect([lens, players.length, fit.queries]).toEqual(['heads', 72, 64]);
    expect(players[13].label).toBe('1.1');
    const [largest] = await page.$$eval('spex-explanation >>> .effect-bar .extent', (all) =>
      all.map((e) => Number(e.getAttribute('width'))),
    );
    expect(largest).toBeGreaterThan(50); // of 110 from zero to the edge: drawn on the heads' own scale, whatever words and blocks came to
    await page.screenshot({ path: join(shots, 'page-heads.png'), fullPage: true });
  });

  it('are training examples of a file: the model is loaded without its head, and heads are trained', async () => {
    await chooseExamples('reviews.tsv');
    await page.waitForFunction(() => document.querySelector('main')?.dataset.state === 'loading', { polling: 'mutation' });
    await reaches('ready');
    expect(await page.$eval('#units', (e) => (e as HTMLSelectElement).selectedOptions[0].textContent)).toBe('examples of reviews.tsv');
    expect([await isHidden('label-field'), await isHidden('words-field')]).toEqual([true, false]);
    expect(await page.$eval('#words', (e) => (e as HTMLInputElement).placeholder)).toBe('the likeliest label');
    await type('The battery died after two days.');
    await explain(256);
    const { lens, players, scalar, target, fit } = await result();
    expect([lens, players.length, scalar, target]).toEqual(['data', EXAMPLES, 'margin', 'negative']);
    expect(fit.queries).toBe(256);
    const [whole] = await verified();
    expect(Number.isFinite(whole[1])).toBe(true);
    await page.screenshot({ path: join(shots, 'page-examples.png'), fullPage: true });
  });

  it('are told whole at the focus and under the pointer where their texts are long, and fit narrow screens', async () => {
    await setViewport(1120);
    await chooseExamples('long.tsv');
    await explain(64);
    const { players } = await result();
    const [whole] = players.filter((p) => p.label.endsWith(LONG)).map((p) => p.label);
    expect(whole).toBe(`2 negative: ${LONG}`);
    const [shown] = await inView('.word[data-player="1"]');
    expect(shown.length).toBeLessThan(whole.length / 2);
    const attribute = (selector: string, name: string) =>
      page.$eval(`spex-explanation >>> ${selector}`, (e, n) => e.getAttribute(n) ?? '', name);
    expect(await attribute('.word[data-player="1"]', 'title')).toBe(whole);
    expect(await attribute('.word[data-player="1"]', 'aria-label')).toMatch(new RegExp(`^${whole}, by itself`));
    expect((await inView('.column title')).some((title) => title === whole)).toBe(true);
    const height = () => page.$eval('spex-explanation >>> .lanes', (e) => e.getBoundingClientRect().top + scrollY);
    const before = await height();
    await page.focus('spex-explanation >>> .word[tabindex="0"]');
    const focused = () => page.$eval('spex-explanation', (e) => e.shadowRoot?.activeElement?.querySelector('.spoken')?.textContent ?? '');
    for (let lane = 0; lane < 9 && !(await focused()).includes(whole); lane++) await page.keyboard.press('Tab');
    expect(await focused()).toContain(whole);
    expect(await inView('.lanes .detail')).toEqual([expect.stringContaining(whole)]);
    expect(await height()).toBe(before); // what is under the pointer must not move away from it
    for (const [width, scheme] of [
      [1120, 'light'],
      [1120, 'dark'],
      [390, 'light'],
      [390, 'dark'],
    ] as const) {
      await setViewport(width);
      await inColours(scheme);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(await seriousProblems()).toEqual([]);
      await page.screenshot({ path: join(shots, `page-long-${width}-${scheme}.png`), fullPage: true });
    }
    await inColours('light');
    await setViewport(1120);
  });

  it('say what is wrong with a file, and keep those there were', async () => {
    await chooseExamples('no.tsv');
    await reaches('error');
    expect(await textOf('#problem-cause')).toBe('This file holds no labelled examples.');
    expect(await textOf('#problem-detail')).toContain('no.tsv: expected one tab in line 2, got none');
    await page.click('#problem-action');
    await reaches('ready');
    expect(await page.$eval('#units', (e) => (e as HTMLSelectElement).value)).toBe('data');
  });

  it('are words again with the head that the model came with', async () => {
    await page.select('#units', 'word');
    await page.waitForFunction(() => document.querySelector('main')?.dataset.state === 'loading', { polling: 'mutation' });
    await reaches('ready');
    expect([await isHidden('label-field'), await isHidden('ablation-field'), await isHidden('layers-field')]).toEqual([false, true, true]);
    await type('It is not bad at all.');
    await explain(64);
    const { lens, target, players } = await result();
    expect([lens, target, players.length]).toEqual(['text', 'positive', 6]);
    await appears('.word');
    expect(stay.complaints.filter((c) => c !== NO_ADAPTER)).toEqual([]);
  });
});
