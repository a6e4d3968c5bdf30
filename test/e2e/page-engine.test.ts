import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/index.ts';
import { type Stay, startReady } from './stay.ts';
import { LONG, reaches, result, rows, SLOW, shots, state, textOf, type } from './visit.ts';

/** Sixteen maskings, which a software GPU passes in seconds. */
const SHORT = 'It is not bad';
/** Two backends compute in float32 and round in their own orders: what is allowed between either and float64, on logits. */
const BETWEEN_BACKENDS = 1e-4;

let stay: Stay;
let page: Page;

beforeAll(async () => {
  ({ stay, page } = await startReady());
});

afterAll(() => stay?.end());

describe('the engine of the page', () => {
  it('keeps the last partial result when the engine dies, says one cause and one action, and explains once it is loaded again', async () => {
    await type(LONG);
    await page.click('aria/Explain[role="button"]');
    await reaches('running');
    await page.waitForFunction(() => document.querySelector('#badge')?.textContent === 'live', { timeout: SLOW });
    stay.complaints.length = 0;
    await page.workers()[0].evaluate(() => {
      setTimeout(() => {
        throw new Error('the engine fell over');
      });
    });
    await reaches('error');
    expect(stay.complaints.splice(0).every((c) => c.includes('the engine fell over'))).toBe(true);
    expect(await textOf('#problem-code')).toBe('device-lost');
    expect(await textOf('#badge')).toBe('stopped early');
    expect((await result()).text).toBe(LONG);
    expect((await rows()).length).toBeGreaterThan(3);
    await page.screenshot({ path: join(shots, 'page-error.png'), fullPage: true });
    stay.holdWeights();
    await page.click('aria/Load the model again[role="button"]');
    await reaches('loading');
    expect(await page.$eval('#problem', (e) => (e as HTMLElement).hidden)).toBe(true);
    await type('not bad');
    await page.keyboard.press('Enter');
    expect(await textOf('#status')).toBe('Starts as soon as the model is here…');
    stay.release();
    await reaches('done');
    expect((await result()).text).toBe('not bad');
  });

  it('no longer calls the model ready once the engine has died between two clicks', async () => {
    await page.workers()[0].evaluate(() => {
      setTimeout(() => {
        throw new Error('the engine fell over');
      });
    });
    await expect.poll(() => stay.complaints.splice(0).join()).toContain('the engine fell over');
    await page.click('aria/Verify[role="button"]');
    await reaches('error');
    expect(await textOf('#problem-code')).toBe('device-lost');
    expect(await textOf('#model')).toBe('model not loaded');
    expect(await page.$eval('#verify', (b) => (b as HTMLButtonElement).disabled)).toBe(true);
    stay.release();
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
    stay.holdWeights();
    await page.focus('aria/Device[role="combobox"]');
    await page.select('#device', 'reference');
    await reaches('loading');
    await page.select('#device', 'webgpu');
    stay.release();
    await reaches('ready');
    expect(await textOf('#model')).toMatch(/^model ready · .*swiftshader/i);
    expect(await textOf('#status')).toBe('Slow software GPU: passes set to 128.');
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
    expect(stay.elsewhere).toEqual([]);
  });

  it('has asked nobody but its own server, and complained of nothing', () => {
    expect(stay.elsewhere).toEqual([]);
    expect(stay.complaints).toEqual([]);
  });
});
