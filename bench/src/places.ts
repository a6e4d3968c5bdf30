import { basename, dirname, join } from 'node:path';
import * as web from 'onnxruntime-web';
import { launchBrowser } from '../../test/support/browser.ts';
import type { Contest } from './contest.ts';
import { treeSeconds } from './cpu.ts';
import type { PageBench } from './page.ts';
import type { PlaceName } from './rows.ts';
import { serve } from './serve.ts';
import { setupOf } from './setups.ts';

/** A contest as it is seen from the runner, in this process or in another. */
export type Entered = {
  [K in keyof Contest]: Contest[K] extends (...a: infer A) => infer R ? (...a: A) => Promise<Awaited<R>> : Contest[K];
};

/** Where programs are compared: all sides in one process, or one browser. */
export interface Place {
  readonly name: string;
  /** The end of the names of rows from there. */
  readonly label: PlaceName;
  /** CPU-seconds used by all that runs there. */
  cpuSeconds(): number;
  enter(contest: string, sides: readonly string[]): Promise<Entered>;
  close(): Promise<void>;
}

interface Options {
  readonly vulkanDriver?: string;
  /** Path of a GGUF file. */
  readonly causal?: string;
}

/** This process, its Vulkan driver too where there is one to use. */
export function node(folder: string, label: PlaceName = 'node', { vulkanDriver, causal }: Options = {}): Place {
  web.env.wasm.numThreads = 1;
  // Read when the first device opens; both sides then have the same one.
  if (vulkanDriver) process.env.VK_ICD_FILENAMES = vulkanDriver;
  return {
    label,
    name: `Node ${process.versions.node}`,
    cpuSeconds() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
    async enter(name, sides) {
      const native = sides.includes('native') || sides.includes('webgpu') ? await import('onnxruntime-node') : undefined;
      const gpu = sides.includes('gpu') ? await dawn() : undefined;
      const file = causal === undefined ? undefined : { folder: `${dirname(causal)}/`, file: basename(causal) };
      const contest = await setupOf(name)({ web, native, gpu, model: join(folder, '../models/minilm-sst2'), causal: file }, sides);
      return {
        sides: contest.sides,
        warm: contest.warm,
        run: contest.run,
        apart: async (side) => contest.apart(side),
        facts: async () => contest.facts(),
        close: contest.close,
      };
    },
    close: async () => {},
  };
}

async function dawn(): Promise<GPU> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  return create([]);
}

/** A headless Chromium from npm packages, with a page for each contest; `webgpu` gives it a software adapter. */
export async function chromium(
  folder: string,
  label: PlaceName = 'chromium',
  { webgpu = false, causal }: Options & { webgpu?: boolean } = {},
): Promise<Place> {
  const served = await serve({
    '/page/': join(folder, 'build/page'),
    '/ort/': join(folder, 'node_modules/onnxruntime-web/dist'),
    '/model/': join(folder, '../models/minilm-sst2'),
    '/wllama/': join(folder, 'node_modules/@wllama/wllama/esm'),
    ...(causal !== undefined && { '/causal/': dirname(causal) }),
  });
  const browser = await launchBrowser({ webgpu });
  const pid = browser.process()?.pid ?? 0;
  return {
    label,
    name: (await browser.version()).replace(/^Headless/, '').replace('/', ' '),
    cpuSeconds: () => treeSeconds(pid),
    async enter(name, asked) {
      const page = await browser.newPage();
      await page.goto(served.address);
      await page.addScriptTag({ type: 'module', url: `${served.address}page/page.js` });
      await page.waitForFunction('globalThis.bench !== undefined');
      // Runs in the page, whose globals the compiler does not know.
      const call = (method: keyof PageBench, ...given: readonly unknown[]) =>
        page.evaluate(
          (m, g) => (globalThis as unknown as { bench: Record<string, (...a: unknown[]) => unknown> }).bench[m](...g),
          method,
          given,
        );
      const sides = (await call('open', name, asked, causal === undefined ? undefined : basename(causal))) as readonly string[];
      return {
        sides,
        warm: (side) => call('warm', side) as Promise<void>,
        run: (side) => call('run', side) as Promise<void>,
        apart: (side) => call('apart', side) as Promise<number>,
        facts: () => call('facts') as Promise<Record<string, number | string>>,
        async close() {
          await call('close');
          await page.close();
        },
      };
    },
    async close() {
      await browser.close();
      await served.close();
    },
  };
}
