import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
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

let browser: Browser;
let page: Page;
let hub: TestHub;

beforeAll(async () => {
  const files = ['config.json', 'tokenizer.json', 'model.safetensors'];
  hub = await startHub(Object.fromEntries(files.map((name) => [name, new Uint8Array(readFileSync(join(TINY, name)))])));
  env.remoteHost = hub.address;
  const address = `http://127.0.0.1:${await listenLocally(server, 0)}/`;
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

const chosen = () => page.$eval('#model-choice', (e) => (e as HTMLSelectElement).selectedOptions[0].textContent);

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

  it('is in no link, which says so', async () => {
    await page.click('#link-settings');
    await page.waitForFunction(() => /settings only/.test(document.querySelector('#kept')?.textContent ?? ''));
    expect(await textOf('#kept')).toMatch(/It holds settings only\. It does not hold the model: who opens it must choose that\.$/);
  });

  it('never makes the page ask another origin', () => {
    expect(elsewhere).toEqual([]);
  });
});
