import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readExplanation } from '../../src/element.ts';
import { PAYLOADS } from '../support/payloads.ts';
import { type Stay, startReady } from './stay.ts';
import { countElements, inView, reaches, result, SLOW, setPasses, shots, sizeOf, textOf, type } from './visit.ts';

/** Few enough words to know every masking, and enough passes (2⁷) for a look before the end. */
const OWN = 'The plot is not bad at all';

let stay: Stay;
let page: Page;

beforeAll(async () => {
  ({ stay, page } = await startReady());
});

afterAll(() => stay?.end());

describe('what comes into the page and leaves it', () => {
  it('shows hostile text as text, wherever it stands in an explanation', async () => {
    const stored = await result();
    const given = { ...stored, interactions: stored.interactions.slice(0, 60), spectrum: stored.spectrum.slice(0, 60) };
    await page.$eval(
      'spex-explanation',
      (e, doc) => {
        e.result = doc;
        e.looks = []; // those of another explanation go with it
      },
      given,
    );
    const harmless = await page.$eval('spex-explanation', countElements);
    for (const payload of PAYLOADS) {
      const text = given.players.map(() => payload).join(' ');
      const players = given.players.map((p, i) => ({
        ...p,
        label: payload,
        start: i * (payload.length + 1),
        end: i * (payload.length + 1) + payload.length,
      }));
      const model = { id: payload, revision: payload, sha256: payload, dtype: payload };
      const device = { backend: 'wasm' as const, adapter: payload, software: false };
      const candidates = given.fit.candidates.map((c) => ({ ...c, method: payload }));
      const doc = {
        ...given,
        text,
        players,
        model,
        device,
        target: payload,
        mask: payload,
        units: payload,
        fit: { ...given.fit, candidates, chosen: payload },
      };
      await page.$eval('spex-explanation', (e, d) => (e.result = d as unknown as typeof e.result), doc);
      const found = await page.$eval('spex-explanation', countElements);
      expect({ ...found, sub: 0 }, payload).toEqual({ ...harmless, sub: 0 });
    }
    await page.$eval('spex-explanation', (e, doc) => (e.result = doc), stored);
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false);
  });

  it('takes hostile text from a link into the box, not into the page, and the same text runs where markup is parsed', async () => {
    const payload = '<img src=x onerror="globalThis.pwned=1">';
    const packed = await new Response(
      new Blob([JSON.stringify({ text: payload, units: '<script>', budget: 99 })])
        .stream()
        .pipeThrough(new CompressionStream('deflate-raw')),
    ).arrayBuffer();
    await page.evaluate(
      (hash) => {
        location.hash = hash;
      },
      `#s=${Buffer.from(packed).toString('base64url')}`,
    );
    await page.waitForFunction((p) => (document.querySelector('#text') as HTMLTextAreaElement).value === p, {}, payload);
    expect(await page.$eval('#units', (e) => (e as HTMLSelectElement).value)).toBe('word');
    expect(await page.evaluate(() => [document.images.length, 'pwned' in globalThis])).toEqual([0, false]);
    const control = await stay.browser.newPage();
    await control.setContent(payload);
    await control.waitForFunction(() => 'pwned' in globalThis);
    await control.close();
  });

  it('saves JSON, CSV, SVG and a page that opens from a file', async () => {
    const shown = await result();
    const saved = async (kind: string) => {
      await page.click(`[data-save="${kind}"]`);
      const file = join(stay.downloads, `explanation.${kind}`);
      await expect.poll(() => sizeOf(file), { timeout: 10_000 }).toBeGreaterThan(0);
      return { file, content: readFileSync(file, 'utf8') };
    };
    expect(readExplanation(JSON.parse((await saved('json')).content))).toEqual(shown);
    const csv = (await saved('csv')).content.trim().split('\r\n');
    expect(csv).toHaveLength(shown.interactions.length + 1);
    expect((await saved('svg')).content).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
    const { file } = await saved('html');
    const alone = await stay.openPage();
    stay.elsewhere.length = 0;
    await alone.goto(`file://${file}`);
    expect(await alone.$$eval('tbody tr', (all) => all.length)).toBeGreaterThan(3);
    await alone.screenshot({ path: join(shots, 'report.png'), fullPage: true });
    await alone.close();
    expect(stay.elsewhere).toEqual([`file://${file}`]);
    stay.elsewhere.length = 0;
  });

  it('copies a link that brings text and settings back, or settings only', async () => {
    await type(OWN);
    await page.select('#index', 'SV');
    await page.select('#device', 'reference');
    await reaches('ready');
    await page.click('aria/Copy link (contains the text)[role="button"]');
    await page.waitForFunction(() => /contains the text/.test(document.querySelector('#kept')?.textContent ?? ''));
    const whole = page.url();
    await page.click('aria/Copy link (settings only)[role="button"]');
    await page.waitForFunction(() => /settings only/.test(document.querySelector('#kept')?.textContent ?? ''));
    const settings = page.url();
    const other = await stay.openPage();
    const fields = () =>
      other.evaluate(() => ['#text', '#index', '#device'].map((s) => (document.querySelector(s) as HTMLTextAreaElement).value));
    await other.goto(whole, { waitUntil: 'domcontentloaded' });
    await other.waitForFunction(() => /from a link/.test(document.querySelector('#status')?.textContent ?? ''));
    expect(await fields()).toEqual([OWN, 'SV', 'reference']);
    await reaches('ready', other);
    expect(await textOf('#model', other)).toBe('model ready · CPU (float64)');
    expect(await textOf('#status', other)).toBe('Text and settings are from a link. Press Explain. This CPU is slow.');
    await other.goto('about:blank');
    await other.goto(settings, { waitUntil: 'domcontentloaded' });
    await other.waitForFunction(() => /from a link/.test(document.querySelector('#status')?.textContent ?? ''));
    expect(await fields()).toEqual([expect.stringMatching(/^Her acting/), 'SV', 'reference']);
    await other.close();
    await page.select('#device', 'auto');
    await reaches('ready');
  });

  it('begins from earlier texts where that is asked, which stay on this device', async () => {
    await page.select('#index', 'FBII');
    await page.select('#device', 'wasm');
    await reaches('ready');
    await page.select('#begin', 'texts');
    await setPasses(64);
    await type('A slow and rather silly story, but her acting never fails to impress anyone');
    await page.click('#explain');
    await page.waitForFunction(() => /texts? (is|are) kept/.test(document.querySelector('#status')?.textContent ?? ''), { timeout: SLOW });
    expect(await textOf('#status')).toMatch(/^64 passes in .* · 1 text is kept on this device; from 5 others on they count$/);
    expect((await result()).fit.priorTexts).toBeUndefined();
    // The same words in other orders are other texts.
    await page.evaluate(async () => {
      const kept = await caches.open('webspex');
      const [place] = (await kept.keys()).filter(({ url }) => /word-priors/.test(url));
      const prior = await (await kept.match(place))?.json();
      const [{ words, influences }] = prior.texts;
      const turned = (list: unknown[], by: number) => list.map((_, i) => list[(i + by) % list.length]);
      const texts = words.map((_: unknown, by: number) => ({ words: turned(words, by), influences: turned(influences, by) }));
      await kept.put(place, new Response(JSON.stringify({ ...prior, texts })));
    });
    await type('The plot is thin and the jokes are old, yet I laughed a lot all the same');
    await page.click('#explain');
    await page.waitForFunction(() => /15 texts are kept/.test(document.querySelector('#status')?.textContent ?? ''), { timeout: SLOW });
    expect((await result()).fit.priorTexts).toBe(14);
    expect((await inView('.legend')).join('\n')).toContain('Begun from what 14 other texts say of which words matter.');
    await page.select('#method', 'pursuit');
    expect(await page.$eval('#begin', (e) => (e as HTMLSelectElement).disabled)).toBe(true);
  });

  it('has asked nobody but its own server, and complained of nothing', () => {
    expect(stay.elsewhere).toEqual([]);
    expect(stay.complaints).toEqual([]);
  });
});
