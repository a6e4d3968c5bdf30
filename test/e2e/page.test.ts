import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readExplanation } from '../../src/element.ts';
import { type Stay, startStay } from './stay.ts';
import {
  appears,
  inColours,
  inView,
  LONG,
  noteShown,
  number,
  ON_CPU,
  reaches,
  result,
  rows,
  SLOW,
  seriousProblems,
  shots,
  state,
  textOf,
  type,
  verification,
  visit,
} from './visit.ts';

/** Few enough words to know every masking, and enough passes (2⁷) for a look before the end. */
const OWN = 'The plot is not bad at all';
/** Sixteen maskings, which a software GPU passes in seconds. */
const SHORT = 'It is not bad';
/** Model and explanation are printed to two decimals, and an exact transform differs from float32 values by far less than one digit. */
const TWO_DECIMALS = 0.011;
/** Of an effect, between two builds of the kernels (plain and relaxed SIMD), where the decoder may choose another support. */
const BETWEEN_BUILDS = 0.1;

let stay: Stay;
let page: Page;

beforeAll(async () => {
  stay = await startStay();
  page = await stay.openPage();
  visit.page = page;
});

afterAll(() => stay?.end());

describe('the page', () => {
  it('shows a stored explanation before anything of the model has come', async () => {
    await page.goto(stay.served.address, { waitUntil: 'domcontentloaded' });
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
    stay.release();
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
    const before = stay.served.requests.length;
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
    expect(stay.served.requests.length).toBe(before);
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

  it('has asked nobody but its own server, and complained of nothing', () => {
    expect(stay.elsewhere).toEqual([]);
    expect(stay.complaints).toEqual([]);
  });
});
