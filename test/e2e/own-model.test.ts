import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ElementHandle, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_ADAPTER, type Stay, startReady } from './stay.ts';
import { reaches, result, shots, textOf, type } from './visit.ts';

const root = resolve(import.meta.dirname, '../..');
const heads = (name: string) => join(root, 'test/model/golden/tiny-heads', name);
const SMOLLM2 = resolve(root, '../shared/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf');
const files = mkdtempSync(join(tmpdir(), 'webspex-own-'));

let stay: Stay;
let page: Page;

beforeAll(async () => {
  ({ stay, page } = await startReady());
});

afterAll(async () => {
  await stay?.end();
  rmSync(files, { recursive: true, force: true });
});

/** Chooses as a picker does, and waits for what becomes of it. */
async function choose(picker: '#own-folder' | '#own-file', path: string, outcome: 'ready' | 'error' = 'ready'): Promise<void> {
  const loading = page.waitForFunction(() => document.querySelector('main')?.dataset.state === 'loading', { polling: 'mutation' });
  await ((await page.$(picker)) as ElementHandle<HTMLInputElement>).uploadFile(path);
  await loading;
  await reaches(outcome);
}

const targetShown = () =>
  page.evaluate(() => {
    const shown = (id: string) => !document.getElementById(id)?.hidden;
    return {
      label: shown('label-field'),
      words: shown('words-field'),
      hint: (document.getElementById('words') as HTMLInputElement).placeholder,
    };
  });

describe('a model of the reader’s own in the page', () => {
  it('is loaded from a folder, asks for words where it has no labels, and explains', async () => {
    await choose('#own-folder', heads('words-bert'));
    expect(await textOf('option[value="own"]')).toBe('yours: words-bert');
    expect(await targetShown()).toEqual({ label: false, words: true, hint: 'the likeliest, or A vs B' });
    await page.$eval('#words', (e) => {
      (e as HTMLInputElement).value = 'q vs x';
    });
    await type('b, c [MASK] d e');
    await page.click('#explain');
    await reaches('done');
    const { target, scalar, model, fit } = await result();
    expect({ target, scalar, id: model?.id, passes: fit.queries }).toEqual({
      target: 'q vs x',
      scalar: 'log-odds',
      id: 'words-bert',
      passes: 16,
    });
  });

  it('says what is wrong with a file that is no model, and leads back to the embedded one', async () => {
    writeFileSync(join(files, 'no.gguf'), 'no model at all');
    await choose('#own-file', join(files, 'no.gguf'), 'error');
    expect(await textOf('#problem-code')).toBe('bad-file');
    expect(await textOf('#problem-detail')).toContain('expected at least 24 bytes, got 15');
    expect(await textOf('#problem-action')).toBe('Use the embedded model');
    await page.click('#problem-action');
    await reaches('ready');
    expect(await page.$eval('#model-choice', (e) => (e as HTMLSelectElement).value)).toBe('embedded');
    expect(await targetShown()).toMatchObject({ label: true, words: false });
  });

  it.skipIf(!existsSync(SMOLLM2))(
    'is a causal language model from a GGUF file, which answers by itself (skipped: no SmolLM2)',
    async () => {
      await choose('#own-file', SMOLLM2);
      expect(await page.$eval('#mask', (e) => (e as HTMLSelectElement).value)).toBe('remove');
      await type('The capital of France is');
      await page.$eval('#words', (e) => {
        (e as HTMLInputElement).value = '';
      });
      await page.click('#explain');
      await reaches('done');
      const { target, fit } = await result();
      expect([target.trim(), fit.queries]).toEqual(['Paris.', 32]);
      await page.screenshot({ path: join(shots, 'page-own-model.png'), fullPage: true });
    },
  );

  it('stops at an R² and grades on fresh masks where that is asked, and not for methods that cannot', async () => {
    await page.select('#model-choice', 'embedded');
    await reaches('ready');
    await page.select('#until', '0.8');
    await page.select('#grade', 'audit');
    await type('I expected to hate it, but the jokes land and nobody overacts.');
    await page.click('#explain');
    await reaches('done');
    const { fit } = await result();
    expect(fit.until?.r2).toBe(0.8);
    expect(fit.until?.reached && fit.queries < fit.budget).toBe(true);
    expect(fit.audit?.masks).toBe(32);
    await page.select('#method', 'kernelshap');
    const disabled = await page.$$eval('#until, #grade', (all) => all.map((e) => (e as HTMLSelectElement).disabled));
    expect(disabled).toEqual([true, true]);
  });

  it('was sent nowhere, and nothing was complained of', () => {
    expect(stay.elsewhere).toEqual([]);
    expect(stay.complaints.filter((c) => c !== NO_ADAPTER)).toEqual([]);
  });
});
