import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveFolder } from '../support/serve.ts';
import { NO_ADAPTER, PAGE, type Stay, startStay } from './stay.ts';
import { ON_CPU, reaches, result, rows, textOf, type } from './visit.ts';

let stay: Stay;

beforeAll(async () => {
  stay = await startStay({ webgpu: false });
  stay.release();
});

afterAll(() => stay?.end());

describe('the page without a GPU', () => {
  it('runs in WebAssembly and says why, and offers that where WebGPU was chosen', async () => {
    const alone = await stay.openPage();
    await alone.goto(stay.served.address, { waitUntil: 'domcontentloaded' });
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
    expect(stay.complaints.splice(0).filter((c) => c !== NO_ADAPTER)).toEqual([]);
  });

  it('runs in float64 with fewer passes where WebAssembly is refused too, and says why', async () => {
    const strict = await serveFolder(PAGE, { wasm: false });
    try {
      const alone = await stay.openPage(strict);
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
