import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFileServer, listenLocally } from '../../src/cli/serve.ts';
import { env } from '../../src/text.ts';
import { launchBrowser } from '../support/browser.ts';
import { COMMIT, startHub, type TestHub } from '../support/hub.ts';
import { reaches, result, shots, textOf, type, visit } from './visit.ts';

const root = resolve(import.meta.dirname, '../..');
const TINY = join(root, 'test/model/golden/tiny/distilbert');
const usual = { ...env };
const server = createFileServer(join(root, 'dist/demo'));
const elsewhere: string[] = [];
/** What pages asked of the hub through their own server. */
const relayed: string[] = [];

let browser: Browser;
let page: Page;
let hub: TestHub;
let address: string;

beforeAll(async () => {
  const files = ['config.json', 'tokenizer.json', 'model.safetensors'];
  hub = await startHub(Object.fromEntries(files.map((name) => [name, new Uint8Array(readFileSync(join(TINY, name)))])));
  env.remoteHost = hub.address;
  address = `http://127.0.0.1:${await listenLocally(server, 0)}/`;
  browser = await launchBrowser();
  page = await browser.newPage();
  visit.page = page;
  page.on('request', (r) => {
    if (!r.url().startsWith(address)) elsewhere.push(r.url());
  });
  await page.goto(address);
  await reaches('ready');
});

afterAll(async () => {
  Object.assign(env, usual);
  await browser?.close();
  await hub?.close();
  server.close();
  server.closeAllConnections();
});

/** Types an id as a reader does, and waits for what becomes of it. */
async function name(id: string, outcome: 'ready' | 'error'): Promise<void> {
  await page.select('#model-choice', 'hub');
  await page.$eval('#hub-id', (e) => {
    (e as HTMLInputElement).value = '';
  });
  await page.type('#hub-id', id);
  const loading = page.waitForFunction(() => document.querySelector('main')?.dataset.state === 'loading', { polling: 'mutation' });
  await page.keyboard.press('Enter');
  await loading;
  await reaches(outcome);
}

const chosen = (on = page) => on.$eval('#model-choice', (e) => (e as HTMLSelectElement).selectedOptions[0].textContent);

describe('a model of the hub in the page', () => {
  it('asks the hub for nothing before the reader does', () => {
    expect(hub.asked).toEqual([]);
  });

  it('is loaded by its id through the page’s own server, checked, and explained', async () => {
    await name(hub.id, 'ready');
    expect(await chosen()).toBe('org/tiny');
    await type('b c d e');
    await page.click('#explain');
    await reaches('done');
    const { model, fit } = await result();
    expect([model?.id, model?.revision, fit.queries]).toEqual(['org/tiny', COMMIT, 16]);
    await page.screenshot({ path: join(shots, 'page-hub-model.png'), fullPage: true });
  });

  it('is taken from the page’s cache the next time', async () => {
    hub.asked.length = 0;
    await page.select('#model-choice', 'embedded');
    await reaches('ready');
    await page.select('#model-choice', 'own');
    await page.waitForFunction(() => document.querySelector('main')?.dataset.state === 'loading', { polling: 'mutation' });
    await reaches('ready');
    expect(await chosen()).toBe('org/tiny');
    expect(hub.asked).toEqual(['GET /api/models/org/tiny/revision/main']);
  });

  it('says that there is no such model, and leads back to the embedded one', async () => {
    await name('org/other', 'error');
    expect(await textOf('#problem-code')).toBe('not-found');
    expect(await textOf('#problem-detail')).toContain('of org/other at');
    expect(await textOf('#problem-action')).toBe('Use the embedded model');
    await page.click('#problem-action');
    await reaches('ready');
    expect(await chosen()).toBe('embedded');
    expect(await page.$eval('#hub-field', (e) => (e as HTMLElement).hidden)).toBe(true);
  });

  it('takes no name that is no id', async () => {
    hub.asked.length = 0;
    await page.select('#model-choice', 'hub');
    await page.$eval('#hub-id', (e) => {
      (e as HTMLInputElement).value = 'https://evil.example/x';
    });
    await page.focus('#hub-id');
    await page.keyboard.press('Enter');
    expect(await page.$eval('#hub-id', (e) => (e as HTMLInputElement).validity.patternMismatch)).toBe(true);
    expect(await page.$eval('main', (e) => e.dataset.state)).toBe('ready');
    expect(await textOf('#hub-problem')).toBe(
      'id: expected org/name or org/name/file.gguf, got "https://evil.example/x"; copy it from the model’s page on the hub',
    );
    await type('a text that is typed after it');
    expect(await page.$eval('#text', (e) => (e as HTMLTextAreaElement).value)).toBe('a text that is typed after it');
    expect(hub.asked).toEqual([]);
  });

  it('takes the address of a model’s page for its id', async () => {
    await name(`https://huggingface.co/${hub.id}/tree/main`, 'ready');
    expect(await chosen()).toBe(hub.id);
    expect(await textOf('#hub-problem')).toBe('');
    expect(await page.$eval('#hub-id', (e) => (e as HTMLInputElement).value)).toBe(hub.id);
  });

  it('is named in a link, which fetches nothing of it before the reader says so', async () => {
    await page.click('#link-settings');
    await page.waitForFunction(() => /settings only/.test(document.querySelector('#kept')?.textContent ?? ''));
    expect(await textOf('#kept')).toMatch(
      /It holds settings only\. It names org\/tiny, which who opens it is asked about before it is fetched\.$/,
    );
    hub.asked.length = 0;
    const other = await browser.newPage();
    other.on('request', (r) => {
      if (!r.url().startsWith(address)) elsewhere.push(r.url());
      if (r.url().startsWith(`${address}hub/`)) relayed.push(r.url());
    });
    await other.goto(page.url());
    await reaches('ready', other);
    expect([await chosen(other), await other.$eval('#hub-id', (e) => (e as HTMLInputElement).value)]).toEqual(['embedded', 'org/tiny']);
    expect(await textOf('#model-hint', other)).toBe(
      'The link was made with org/tiny, a model of the hub. Nothing of it is fetched until you say so.Load org/tiny',
    );
    expect([hub.asked, relayed]).toEqual([[], []]);
    await other.screenshot({ path: join(shots, 'page-linked-model.png'), fullPage: true });
    await other.click('#model-hint button');
    await reaches('ready', other); // loading since the click
    expect(await chosen(other)).toBe('org/tiny');
    expect(await other.$eval('#model-hint', (e) => (e as HTMLElement).hidden)).toBe(true);
    expect(relayed.length).toBeGreaterThan(0);
    await other.close();
  });

  it('that a link names is no id: is not offered', async () => {
    const other = await browser.newPage();
    const hash = `#s=${deflateRawSync(JSON.stringify({ model: 'https://evil.example/x', budget: 8 })).toString('base64url')}`;
    await other.goto(`${address}${hash}`);
    await reaches('ready', other);
    expect(await textOf('#status', other)).toMatch(/^Settings are from a link\./);
    expect(await other.$$eval('#model-hint, #hub-field', (all) => all.map((e) => (e as HTMLElement).hidden))).toEqual([true, true]);
    await other.close();
  });

  it('comes back by itself after a reload', async () => {
    await page.waitForFunction(() => history.state?.fields?.model === 'org/tiny');
    await page.reload();
    await reaches('ready');
    expect(await chosen()).toBe('org/tiny');
    expect(await page.$eval('#hub-id', (e) => (e as HTMLInputElement).value)).toBe('org/tiny');
    await type('b c d e');
    await page.click('#explain');
    await reaches('done');
    expect((await result()).model?.id).toBe('org/tiny');
    await page.select('#model-choice', 'embedded');
    await reaches('ready');
    await page.waitForFunction(() => history.state?.fields?.model === '');
    await page.reload();
    await reaches('ready');
    expect(await chosen()).toBe('embedded');
  });

  it('never makes the page ask another origin', () => {
    expect(elsewhere).toEqual([]);
  });
});
