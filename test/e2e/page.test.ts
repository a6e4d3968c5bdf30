import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readExplanation } from '../../src/element.ts';
import type { Explanation } from '../../src/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { PAYLOADS } from '../support/payloads.ts';
import { type Served, serveFolder } from '../support/serve.ts';
import {
  appears,
  countElements,
  inColours,
  inView,
  noteShown,
  number,
  reaches,
  result,
  rows,
  SLOW,
  seriousProblems,
  shots,
  sizeOf,
  state,
  textOf,
  type,
  verification,
  visit,
} from './visit.ts';

const root = resolve(import.meta.dirname, '../..');
const downloads = mkdtempSync(join(tmpdir(), 'webspex-downloads-'));

/** Few enough words to know every masking, and enough passes (2⁷) for a look before the end. */
const OWN = 'The plot is not bad at all';
/** Sixteen maskings, which a software GPU passes in seconds. */
const SHORT = 'It is not bad';
/** Too many words to finish before Stop is pressed. */
const LONG = 'I expected to hate it, but the jokes land and nobody overacts.';
/** Model and explanation are printed to two decimals, and an exact transform differs from float32 values by far less than one digit. */
const TWO_DECIMALS = 0.011;
/** Two backends compute in float32 and round in their own orders: what is allowed between either and float64, on logits. */
const BETWEEN_BACKENDS = 1e-4;
/** Of an effect, between two builds of the kernels (plain and relaxed SIMD), where the decoder may choose another support. */
const BETWEEN_BUILDS = 0.1;
/** What Chromium itself says wherever a page asks for an adapter that is not there. */
const NO_ADAPTER = 'warn: No available adapters.';
const ON_CPU = /^model ready · CPU \(WASM (?:relaxed|plain) SIMD, (\d) threads?\)$/;

let browser: Browser;
let served: Served;
let page: Page;
/** The weights wait at this gate: opened by `release`. */
let gate: Promise<void>;
let release = () => {};
/** Everything a page ever complained of: console, uncaught errors, the content security policy. */
const complaints: string[] = [];
const elsewhere: string[] = [];

beforeAll(async () => {
  holdWeights();
  served = await serveFolder(join(root, 'dist/demo'), { hold: (path) => (path.endsWith('.safetensors') ? gate : undefined) });
  browser = await launchBrowser();
  page = await openPage();
  visit.page = page;
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
  rmSync(downloads, { recursive: true, force: true });
});

function holdWeights(): void {
  gate = new Promise((done) => {
    release = done;
  });
}

async function openPage(from = browser, home = served): Promise<Page> {
  const opened = await from.newPage();
  await opened.setViewport({ width: 1120, height: 900 });
  await inColours('light', opened);
  opened.on('console', (m) => complaints.push(`${m.type()}: ${m.text()}`));
  opened.on('pageerror', (e) => complaints.push(`uncaught: ${String(e)}`));
  opened.on('request', (r) => {
    if (!r.url().startsWith(home.address) && !r.url().startsWith('blob:')) elsewhere.push(r.url());
  });
  await opened.evaluateOnNewDocument(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  const session = await opened.createCDPSession();
  await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: downloads, eventsEnabled: true });
  return opened;
}

describe('the page', () => {
  it('shows a stored explanation before anything of the model has come', async () => {
    await page.goto(served.address, { waitUntil: 'domcontentloaded' });
    await reaches('loading');
    await page.waitForFunction(() => document.querySelector('#model')?.textContent === 'loading the model, 0.7 MB', { timeout: SLOW });
    const shown = await rows();
    expect(shown[0][0]).toMatch(/ × /);
    expect(shown[0][2]).toMatch(/^[+−]\d+\.\d\d ± \d+\.\d\d$/);
    expect((await inView('.lane')).length).toBeGreaterThan(2);
    expect(await textOf('#badge')).toBe('stored result');
    expect(await page.$eval('#verify', (b) => (b as HTMLButtonElement).disabled)).toBe(true);
    await page.screenshot({ path: join(shots, 'page-stored.png'), fullPage: true });
  });

  it('says what is on screen by the names that tests and screen readers rely on', async () => {
    for (const name of [
      'Text[role="textbox"]',
      'Explain[role="button"]',
      'Stop[role="button"]',
      'Verify[role="button"]',
      'Interactions[role="table"]',
    ])
      expect(await page.$(`aria/${name}`), name).not.toBeNull();
  });

  it('switches a word off by the explanation alone, with no model there', async () => {
    await page.click('spex-explanation >>> .word[data-player="3"]');
    const e = await result();
    const [predicted] = await inView('.answer.predicted b');
    const kept = (members: readonly number[]) => members.filter((m) => m !== 3).length;
    const expected = e.spectrum.reduce((sum, { members, coefficient }) => sum + coefficient * (-1) ** kept(members), 0);
    expect(Math.abs(number(predicted) - expected)).toBeLessThan(TWO_DECIMALS);
    expect(await inView('.answer.measured')).toEqual([]);
  });

  it('loads the model in a worker, which shares the passes among workers of its own, and then asks it for the words that are off', async () => {
    release();
    await reaches('ready');
    const threads = Number(ON_CPU.exec(await textOf('#model'))?.[1]);
    expect(threads).toBe(Math.min(4, await page.evaluate(() => navigator.hardwareConcurrency)));
    expect(page.workers()).toHaveLength(threads === 1 ? 1 : 1 + threads);
    expect(await textOf('#status')).toBe('WebGPU has no real GPU here, only a slow software one. The CPU does the passes.');
    expect(await textOf('.top p')).toBe('Runs on your own CPU. The text never leaves this page.');
    expect(await textOf('#budget-said')).toBe('1,024');
    await appears('.answer.measured b');
    await page.click('spex-explanation >>> [data-action="reset"]');
    expect(await inView('.what-if')).toEqual([]);
    await page.screenshot({ path: join(shots, 'page-ready.png'), fullPage: true });
    await inColours('dark');
    await page.screenshot({ path: join(shots, 'page-ready-dark.png'), fullPage: true });
    await inColours('light');
  });

  it('verifies the stored explanation too, because it was made with these weights', async () => {
    const [words] = (await rows())[0];
    await page.click('aria/Verify[role="button"]');
    await page.waitForSelector('.verification', { timeout: SLOW });
    expect(await textOf('.verification h3')).toBe(`${words}, on the real model`);
    const [whole] = await verification();
    expect(Math.abs(number(whole[1]) - (await result()).values.full)).toBeLessThan(TWO_DECIMALS);
    await page.screenshot({ path: join(shots, 'page-stored-verified.png'), fullPage: true });
  });

  it('computes what the stored explanation says, and verifies it', async () => {
    const stored = await result();
    await page.click('aria/Explain[role="button"]');
    await reaches('done');
    const e = await result();
    expect(await textOf('#badge')).toBe('computed here');
    expect(e.text).toBe(stored.text);
    for (const { members, value } of stored.interactions.slice(0, 3)) {
      const here = e.interactions.find((other) => other.members.join() === members.join());
      expect(Math.abs((here?.value ?? 0) - value), members.join()).toBeLessThan(BETWEEN_BUILDS);
    }
    await page.click('aria/Verify[role="button"]');
    await page.waitForSelector('.verification', { timeout: SLOW });
    await page.screenshot({ path: join(shots, 'page-live.png'), fullPage: true });
    await inColours('dark');
    await page.screenshot({ path: join(shots, 'page-live-dark.png'), fullPage: true });
    await inColours('light');
  });

  it('explains own text at Enter, with a first snapshot after 64 passes and all maskings in the end', async () => {
    const before = served.requests.length;
    const shown = await noteShown();
    await type(OWN);
    await page.keyboard.press('Enter');
    await page.waitForFunction((own) => document.querySelector('spex-explanation')?.result?.text === own, { timeout: SLOW }, OWN);
    await reaches('done');
    const snapshots = await shown();
    expect(snapshots[0]).toMatchObject({ state: 'running', text: OWN, queries: 64 });
    expect(snapshots[0].heldOut).toBeGreaterThan(0);
    expect(snapshots.length).toBeGreaterThan(1);
    for (const next of snapshots.slice(1)) expect(next).toMatchObject({ state: 'running', badge: 'live', text: OWN, queries: 128 });
    expect(await textOf('#badge')).toBe('computed here');
    const e = await result();
    expect(e).toMatchObject({
      text: OWN,
      target: 'positive',
      fit: { queries: 128, heldOut: 0, r2: 1 },
      device: { backend: 'wasm', software: false },
    });
    expect(readExplanation(e)).toEqual(e);
    const pair = (await rows()).find(([words]) => words === 'not × bad');
    expect(number(pair?.[2] ?? '')).toBeGreaterThan(1);
    expect(await textOf('#said')).toBe('“positive”');
    expect(await textOf('#budget-said')).toMatch(/^128, about [\d.]+ (s|min) on this CPU$/);
    expect(served.requests.length).toBe(before);
  });

  it('verifies an interaction on the real model, with a control pair, and agrees where every masking is known', async () => {
    await page.click('aria/Verify[role="button"]');
    await page.waitForSelector('.verification', { timeout: SLOW });
    const lines = await verification();
    expect(lines).toHaveLength(6); // four corners, the joint effect, the control
    for (const [text, model, explanation] of lines) expect(Math.abs(number(model) - number(explanation)), text).toBeLessThan(TWO_DECIMALS);
    const [full, one, other, both, joint] = lines.map((l) => number(l[1]));
    expect(Math.abs(full - one - other + both - joint)).toBeLessThan(3 * TWO_DECIMALS);
    expect(lines[5][0]).toMatch(/^Control: /);
    expect(Math.abs(full - (await result()).values.full)).toBeLessThan(TWO_DECIMALS);
  });

  it('switches a word off: the explanation answers at once, the model after it, and they agree here', async () => {
    const [, without] = await verification();
    await page.click('spex-explanation >>> .word[data-player="3"]');
    expect(await inView('.answer.predicted b')).toEqual([without[2]]);
    await appears('.answer.measured b');
    expect(await inView('.answer.measured b')).toEqual([without[1]]);
    expect((await rows()).some(([words]) => /\bnot\b/.test(words))).toBe(false);
    await page.screenshot({ path: join(shots, 'page-light.png'), fullPage: true });
  });

  it('can be used by keyboard alone', async () => {
    await page.focus('spex-explanation >>> .word[tabindex="0"]');
    await page.keyboard.press('Escape');
    expect(await inView('.what-if')).toEqual([]);
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    for (const _ of Array(3)) await page.keyboard.press('ArrowRight');
    const focused = () => page.$eval('spex-explanation', (e) => e.shadowRoot?.activeElement?.getAttribute('data-player'));
    expect(await focused()).toBe('3');
    await page.keyboard.press('Space');
    expect(await inView('.word.off')).toHaveLength(1);
    expect(await inView('[aria-live]')).toEqual([expect.stringMatching(/^not off: explanation predicts (plus|minus) \d/)]);
    await page.keyboard.press('Space');
    expect(await inView('.word.off')).toHaveLength(0);
    await page.keyboard.press('i');
    expect(await inView('[aria-live]')).toEqual([expect.stringMatching(/^not and bad together: plus \d/)]);
    await page.keyboard.press('i');
    const chosen = await page.$eval('spex-explanation', (e) => e.selected);
    expect(chosen).toContain(3);
    expect(chosen).not.toEqual([3, 4]);
    await page.keyboard.press('v');
    const heading = `${(await textOf('#verify-what')).trim()}, on the real model`;
    await page.waitForFunction((h) => document.querySelector('.verification h3')?.textContent === h, { timeout: SLOW }, heading);
    expect(await verification()).toHaveLength(2 ** (chosen as readonly number[]).length + 2);
    await page.focus('#text');
    await page.keyboard.down('Shift');
    await page.keyboard.press('Enter');
    await page.keyboard.up('Shift');
    expect(await page.$eval('#text', (e) => (e as HTMLTextAreaElement).value)).toContain('\n');
    expect(await state()).toBe('done');
  });

  it('stops when asked, and keeps what is known by then', async () => {
    await page.$eval('#budget', (e) => {
      (e as HTMLInputElement).value = '13';
      e.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await type(LONG);
    await page.click('aria/Explain[role="button"]');
    await reaches('running');
    await page.waitForFunction((t) => document.querySelector('spex-explanation')?.result?.text === t, { timeout: SLOW }, LONG);
    await page.click('aria/Stop[role="button"]');
    await reaches('stopped');
    const { fit } = await result();
    expect(fit.queries).toBeGreaterThanOrEqual(64);
    expect(fit.queries).toBeLessThan(2 ** LONG.split(' ').length);
    expect(fit.heldOut).toBeGreaterThan(0);
    expect(await textOf('#badge')).toBe('stopped early');
    expect(await textOf('#status')).toBe(`Stopped after ${fit.queries.toLocaleString('en')} passes; what is known is kept.`);
    expect((await rows()).length).toBeGreaterThan(3);
  });

  it('warns by rule where the fit is poor, and greys the arcs', async () => {
    const shown = await result();
    const arcs = () => page.$$eval('spex-explanation >>> .lane-line path', (all) => all.map((e) => getComputedStyle(e).stroke));
    const warning = async (r2: number, queries = 256) => {
      await page.$eval('spex-explanation', (e, doc) => (e.result = doc), { ...shown, fit: { ...shown.fit, r2, queries } });
      return { said: await inView('.warning'), arcs: new Set(await arcs()).size === 1 ? 'grey' : 'coloured' };
    };
    expect(await warning(0.71)).toEqual({ said: [], arcs: 'coloured' });
    expect(await warning(0.71, 80)).toEqual({
      said: [expect.stringMatching(/Rare combinations .* these are 80 passes/)],
      arcs: 'coloured',
    });
    expect(await warning(0.69)).toEqual({ said: [expect.stringMatching(/below 0\.7/)], arcs: 'coloured' });
    expect(await warning(0.49)).toEqual({ said: [expect.stringMatching(/do not read the arcs/)], arcs: 'grey' });
    await page.$eval('spex-explanation', (e, doc) => (e.result = doc), shown);
  });

  it('has no serious accessibility problem in light or dark, and no sideways scroll on a phone', async () => {
    await inColours('light');
    expect(await seriousProblems()).toEqual([]);
    await inColours('dark');
    expect(await seriousProblems()).toEqual([]);
    await page.screenshot({ path: join(shots, 'page-dark.png'), fullPage: true });
    await inColours('light');
    await page.setViewport({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(await seriousProblems()).toEqual([]);
    await page.screenshot({ path: join(shots, 'page-mobile.png'), fullPage: true });
    await page.setViewport({ width: 1120, height: 900 });
  });

  it('shows hostile text as text, wherever it stands in an explanation', async () => {
    const given = await result();
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
    await page.$eval('spex-explanation', (e, doc) => (e.result = doc), given);
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
    const control = await browser.newPage();
    await control.setContent(payload);
    await control.waitForFunction(() => 'pwned' in globalThis);
    await control.close();
  });

  it('saves JSON, CSV, SVG and a page that opens from a file', async () => {
    const shown = await result();
    const saved = async (kind: string) => {
      await page.click(`[data-save="${kind}"]`);
      const file = join(downloads, `explanation.${kind}`);
      await expect.poll(() => sizeOf(file), { timeout: 10_000 }).toBeGreaterThan(0);
      return { file, content: readFileSync(file, 'utf8') };
    };
    expect(readExplanation(JSON.parse((await saved('json')).content))).toEqual(shown);
    const csv = (await saved('csv')).content.trim().split('\r\n');
    expect(csv).toHaveLength(shown.interactions.length + 1);
    expect((await saved('svg')).content).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
    const { file } = await saved('html');
    const alone = await openPage();
    elsewhere.length = 0;
    await alone.goto(`file://${file}`);
    expect(await alone.$$eval('tbody tr', (all) => all.length)).toBeGreaterThan(3);
    await alone.screenshot({ path: join(shots, 'report.png'), fullPage: true });
    await alone.close();
    expect(elsewhere).toEqual([`file://${file}`]);
    elsewhere.length = 0;
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
    const other = await openPage();
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

  it('explains by a baseline chosen from the list, which sets its own index, and says how the energy is spread', async () => {
    const choose = (method: string) =>
      page.$eval(
        '#method',
        (field, wanted) => {
          (field as HTMLSelectElement).value = wanted;
          field.dispatchEvent(new Event('input', { bubbles: true }));
        },
        method,
      );
    const index = () => page.$eval('#index', (e) => [(e as HTMLSelectElement).disabled, (e as HTMLSelectElement).title]);
    await choose('kernelshap');
    expect(await index()).toEqual([true, 'Kernel SHAP estimates SV']);
    await type(SHORT);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('spex-explanation')?.result?.method === 'kernelshap', { timeout: SLOW });
    await reaches('done');
    const e = await result();
    expect(e).toMatchObject({ index: 'SV', fit: { chosen: 'kernelshap', heldOut: 0 } });
    const sum = e.interactions.reduce((total, i) => total + i.value, 0);
    // float32 values, constrained to share out the whole.
    expect(Math.abs(sum - (e.values.full - e.values.empty))).toBeLessThan(1e-4);
    expect(await page.$eval('spex-explanation', (view) => view.shadowRoot?.querySelector('.structure')?.textContent)).toMatch(
      /one by one.*hold 95 % of it/,
    );
    await choose('auto');
    expect(await index()).toEqual([false, '']);
  });

  it('keeps the last partial result when the engine dies, says one cause and one action, and explains once it is loaded again', async () => {
    await page.select('#index', 'FBII');
    await type(LONG);
    await page.click('aria/Explain[role="button"]');
    await reaches('running');
    await page.waitForFunction(() => document.querySelector('#badge')?.textContent === 'live', { timeout: SLOW });
    complaints.length = 0;
    await page.workers()[0].evaluate(() => {
      setTimeout(() => {
        throw new Error('the engine fell over');
      });
    });
    await reaches('error');
    expect(complaints.splice(0).every((c) => c.includes('the engine fell over'))).toBe(true);
    expect(await textOf('#problem-code')).toBe('device-lost');
    expect(await textOf('#badge')).toBe('stopped early');
    expect((await result()).text).toBe(LONG);
    expect((await rows()).length).toBeGreaterThan(3);
    await page.screenshot({ path: join(shots, 'page-error.png'), fullPage: true });
    holdWeights();
    await page.click('aria/Load the model again[role="button"]');
    await reaches('loading');
    expect(await page.$eval('#problem', (e) => (e as HTMLElement).hidden)).toBe(true);
    await type('not bad');
    await page.keyboard.press('Enter');
    expect(await textOf('#status')).toBe('Starts as soon as the model is here…');
    release();
    await reaches('done');
    expect((await result()).text).toBe('not bad');
  });

  it('no longer calls the model ready once the engine has died between two clicks', async () => {
    await page.workers()[0].evaluate(() => {
      setTimeout(() => {
        throw new Error('the engine fell over');
      });
    });
    await expect.poll(() => complaints.splice(0).join()).toContain('the engine fell over');
    await page.click('aria/Verify[role="button"]');
    await reaches('error');
    expect(await textOf('#problem-code')).toBe('device-lost');
    expect(await textOf('#model')).toBe('model not loaded');
    expect(await page.$eval('#verify', (b) => (b as HTMLButtonElement).disabled)).toBe(true);
    release();
    await page.click('aria/Load the model again[role="button"]');
    await reaches('ready');
  });

  it('says what is wrong with a text it cannot explain, and what to do', async () => {
    await type('   ');
    await page.click('aria/Explain[role="button"]');
    await reaches('error');
    expect(await textOf('#problem-code')).toBe('empty-input');
    await page.click('aria/Edit the text[role="button"]');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('text');
    expect(await state()).toBe('ready');
  });

  it('runs WGSL where WebGPU is chosen, with the numbers of WebAssembly; the last choice of a device counts', async () => {
    const explained = async () => {
      await type(SHORT);
      await page.click('aria/Explain[role="button"]');
      await reaches('done');
      return result();
    };
    const wasm = await explained();
    expect(wasm.device?.backend).toBe('wasm');
    holdWeights();
    await page.focus('aria/Device[role="combobox"]');
    await page.select('#device', 'reference');
    await reaches('loading');
    await page.select('#device', 'webgpu');
    release();
    await reaches('ready');
    expect(await textOf('#model')).toMatch(/^model ready · .*swiftshader/i);
    expect(await textOf('#status')).toBe('This software GPU is slow.');
    await expect.poll(() => page.workers().length).toBe(1);
    const webgpu = await explained();
    expect(webgpu.device).toMatchObject({ backend: 'webgpu', software: true });
    expect(webgpu.fit.queries).toBe(2 ** SHORT.split(' ').length);
    expect(webgpu.spectrum.length).toBeGreaterThan(4);
    const coefficients = ({ spectrum }: Explanation) => new Map(spectrum.map((c) => [c.members.join(), c.coefficient]));
    const [ours, theirs] = [coefficients(webgpu), coefficients(wasm)];
    for (const members of new Set([...ours.keys(), ...theirs.keys()]))
      expect(Math.abs((ours.get(members) ?? 0) - (theirs.get(members) ?? 0)), members).toBeLessThan(BETWEEN_BACKENDS);
  });

  it('has asked nobody but its own server, and complained of nothing', () => {
    expect(elsewhere).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

describe('the engine’s worker', () => {
  it('starts scripts that lie beside it, and no other address, and makes no script of text', async () => {
    const addresses = ['https://example.org/x.js', 'data:text/javascript,0', '../main.js', '/x.js', '//example.org/assets/x.js'];
    const refused = await page.workers()[0].evaluate(async (all: string[]) => {
      const thrown = (work: () => unknown) => {
        try {
          work();
          return null;
        } catch (error) {
          return (error as Error).name;
        }
      };
      await new Promise((later) => setTimeout(later)); // what the browser's own tools call may do more
      // biome-ignore lint/security/noGlobalEval: it must be refused
      return [...all.map((address) => thrown(() => new Worker(address))), thrown(() => globalThis.eval('0'))];
    }, addresses);
    expect(refused).toEqual([...addresses.map(() => 'TypeError'), 'EvalError']);
    expect(elsewhere).toEqual([]);
  });
});

describe('the page without a GPU', () => {
  let plain: Browser;
  beforeAll(async () => {
    complaints.length = 0;
    plain = await launchBrowser({ webgpu: false });
  });
  afterAll(() => plain?.close());

  it('runs in WebAssembly and says why, and offers that where WebGPU was chosen', async () => {
    const alone = await openPage(plain);
    await alone.goto(served.address, { waitUntil: 'domcontentloaded' });
    await reaches('ready', alone);
    expect(await textOf('#model', alone)).toMatch(ON_CPU);
    expect(await textOf('#status', alone)).toMatch(/^(This browser has no WebGPU|WebGPU found no GPU here)\. The CPU does the passes\.$/);
    await alone.select('#device', 'webgpu');
    await reaches('error', alone);
    expect(await textOf('#problem-code', alone)).toMatch(/^no-(webgpu|adapter)$/);
    await alone.click('aria/Use the CPU[role="button"]');
    await reaches('ready', alone);
    expect(await alone.$eval('#device', (e) => (e as HTMLSelectElement).value)).toBe('wasm');
    expect(await textOf('#status', alone)).toBe('');
    await alone.close();
    expect(complaints.splice(0).filter((c) => c !== NO_ADAPTER)).toEqual([]);
  });

  it('runs in float64 with fewer passes where WebAssembly is refused too, and says why', async () => {
    const strict = await serveFolder(join(root, 'dist/demo'), { wasm: false });
    try {
      const alone = await openPage(plain, strict);
      await alone.goto(strict.address, { waitUntil: 'domcontentloaded' });
      await reaches('ready', alone);
      expect(await textOf('#model', alone)).toBe('model ready · CPU (float64)');
      expect(await textOf('#status', alone)).toMatch(
        /^(This browser has no WebGPU|WebGPU found no GPU here)\. WebAssembly .* refuses it.* Slow CPU: passes set to 128\.$/,
      );
      await type('not bad', alone);
      await alone.click('aria/Explain[role="button"]');
      await reaches('done', alone);
      expect((await result(alone)).device?.backend).toBe('reference');
      expect((await rows(alone)).map(([words]) => words)).toContain('not × bad');
      await alone.select('#device', 'wasm');
      await reaches('error', alone);
      expect(await textOf('#problem-code', alone)).toBe('no-wasm');
      await alone.click('aria/Use float64 on the CPU (slow)[role="button"]');
      await reaches('ready', alone);
      expect(await textOf('#model', alone)).toBe('model ready · CPU (float64)');
    } finally {
      await strict.close();
    }
  });
});
