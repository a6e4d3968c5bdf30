import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, ElementHandle, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type Served, serveFolder } from '../support/serve.ts';
import { appears, number, reaches, result, textOf, type, verification, visit } from './visit.ts';

const root = resolve(import.meta.dirname, '../..');
const files = mkdtempSync(join(tmpdir(), 'webspex-players-'));
/** Sixteen of the study's sentences, eight of each label, so that all its 2¹⁶ masks are too many. */
const EXAMPLES = 16;

let browser: Browser;
let served: Served;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  const lines = readFileSync(join(root, 'docs/data/train.tsv'), 'utf8').split('\n');
  const of = (label: string) => lines.filter((line) => line.startsWith(label)).slice(0, EXAMPLES / 2);
  writeFileSync(join(files, 'reviews.tsv'), [...of('positive'), ...of('negative')].join('\n'));
  writeFileSync(join(files, 'no.tsv'), 'positive\tgood\nno label here\n');
  served = await serveFolder(join(root, 'dist/demo'));
  browser = await launchBrowser();
  page = await browser.newPage();
  visit.page = page;
  page.on('console', (m) => complaints.push(m.text()));
  page.on('pageerror', (e) => complaints.push(String(e)));
  await page.goto(served.address);
  await reaches('ready');
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
  rmSync(files, { recursive: true, force: true });
});

async function explain(passes: number): Promise<void> {
  await page.$eval(
    '#budget',
    (e, p) => {
      (e as HTMLInputElement).value = String(Math.log2(p));
      e.dispatchEvent(new Event('input', { bubbles: true }));
    },
    passes,
  );
  await page.click('#explain');
  await reaches('done');
}

const chooseExamples = async (name: string) =>
  ((await page.$('#train-file')) as ElementHandle<HTMLInputElement>).uploadFile(join(files, name));
const isHidden = (id: string) => page.$eval(`#${id}`, (e) => (e as HTMLElement).hidden);

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
    expect(await isHidden('mask-field')).toBe(true);
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
    await page.screenshot({ path: join(root, 'build/page-blocks.png'), fullPage: true });
  });

  it('are attention heads, too many for all their masks', async () => {
    await page.select('#units', 'heads');
    await explain(64);
    const { lens, players, fit } = await result();
    expect([lens, players.length, fit.queries]).toEqual(['heads', 72, 64]);
    expect(players[13].label).toBe('1.1');
    await page.screenshot({ path: join(root, 'build/page-heads.png'), fullPage: true });
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
    await page.screenshot({ path: join(root, 'build/page-examples.png'), fullPage: true });
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
    expect(await isHidden('label-field')).toBe(false);
    await type('It is not bad at all.');
    await explain(64);
    const { lens, target, players } = await result();
    expect([lens, target, players.length]).toEqual(['text', 'positive', 6]);
    await appears('.word');
    expect(complaints.filter((c) => c !== 'No available adapters.')).toEqual([]);
  });
});
