import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { SLOW } from './visit.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Float32 on two engines of one runtime, of log-odds of about 8. */
const LOG_ODDS = 1e-3;
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
/** What a user's bundler would do. */
const PAGE = `<!doctype html><script type="importmap">${JSON.stringify({
  imports: {
    'onnxruntime-web/webgpu': '/node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs',
    'webspex/lens': '/dist/lens.js',
    'webspex/text': '/dist/text.js',
    fflate: '/node_modules/fflate/esm/browser.js',
    '@huggingface/jinja': '/node_modules/@huggingface/jinja/dist/index.js',
  },
})}</script>`;

let server: Server;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/') return response.setHeader('content-type', 'text/html').end(PAGE);
    try {
      const bytes = await readFile(join(ROOT, path));
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream').end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()));
  browser = await launchBrowser();
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

interface Seen {
  readonly wasm: Explanation;
  readonly webgpu: Explanation;
  readonly modules: number;
  readonly refused: string;
  readonly own: Explanation;
  readonly alone: Explanation;
  /** Shader modules made on the page's device by webspex itself. */
  readonly ownModules: number;
}

describe('an ONNX model in a page', () => {
  it('runs on the page’s own GPU device, beside our own engine, and says what WebAssembly says', { timeout: 2 * SLOW }, async () => {
    // As text: the test runner would rewrite its imports.
    const seen = (await page.evaluate(`(async () => {
      const ort = await import('onnxruntime-web/webgpu');
      const { onnxExplainer, openOnnx, patchesInput, readPng } = await import('webspex/lens');
      ort.env.wasm.numThreads = 1;
      const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
      const [digits, picture] = await Promise.all([bytes('/docs/onnx/digits.onnx'), bytes('/docs/onnx/digit.png')]);
      const device = await (await navigator.gpu.requestAdapter()).requestDevice();
      let modules = 0;
      const create = device.createShaderModule.bind(device);
      device.createShaderModule = (descriptor) => {
        modules++;
        return create(descriptor);
      };
      const explained = async (options) => {
        const model = await openOnnx(ort, digits, options);
        const input = patchesInput(model, readPng(picture), { grid: [2, 2], fill: 'zero' });
        return onnxExplainer(model, { input }).explain('').result;
      };
      const wasm = await explained({});
      const webgpu = await explained({ device: 'webgpu', gpuDevice: device });
      const refused = await openOnnx(ort, digits, { gpuDevice: device }).catch((error) => error.message);
      const { explainer } = await import('webspex/text');
      const before = modules;
      const byUs = async (gpuDevice) => {
        const ex = await explainer('text-classification', location.origin + '/test/model/golden/tiny/f32/', { device: 'webgpu', gpuDevice });
        const e = await ex.explain('not bad at all').result;
        ex.destroy();
        return e;
      };
      const own = await byUs(device);
      const ownModules = modules - before;
      const alone = await byUs(undefined);
      // The device has outlived what used it.
      await explained({ device: 'webgpu', gpuDevice: device });
      return { wasm, webgpu, modules: before, refused, own, alone, ownModules };
    })()`)) as Seen;
    expect(seen.modules).toBeGreaterThan(0);
    expect(seen.webgpu.device?.adapter).toMatch(/swiftshader.*\(onnxruntime-web [\d.]+\)$/i);
    expect(seen.webgpu.device).toMatchObject({ backend: 'webgpu', software: true });
    expect(seen.wasm.device).toMatchObject({ backend: 'wasm', software: false });
    expect(seen.webgpu.interactions.length).toBe(seen.wasm.interactions.length);
    for (const { members, value } of seen.wasm.interactions) {
      const found = seen.webgpu.interactions.find((i) => i.members.join() === members.join());
      expect(Math.abs((found?.value ?? Number.NaN) - value)).toBeLessThan(LOG_ODDS);
    }
    expect(seen.ownModules).toBeGreaterThan(0);
    expect(seen.own.interactions).toEqual(seen.alone.interactions);
    expect(seen.own.device).toEqual(seen.alone.device);
    expect(seen.refused).toMatch(/^gpuDevice: expected device webgpu beside it, got wasm/);
  });
});
