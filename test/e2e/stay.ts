import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { launchBrowser } from '../support/browser.ts';
import { type Served, serveFolder } from '../support/serve.ts';
import { inColours, reaches, visit } from './visit.ts';

/** The built page. */
export const PAGE = resolve(import.meta.dirname, '../../dist/demo');

/** What Chromium itself says wherever a page asks for an adapter that is not there. */
export const NO_ADAPTER = 'warn: No available adapters.';

/** A browser, the page under its strictest policy, and all that pages in it have complained of and asked for elsewhere. */
export interface Stay {
  readonly browser: Browser;
  readonly served: Served;
  readonly downloads: string;
  /** Console, uncaught errors, the content security policy. */
  readonly complaints: string[];
  readonly elsewhere: string[];
  openPage(home?: Served): Promise<Page>;
  /** Weights wait from now on until `release`; they do at first. */
  holdWeights(): void;
  release(): void;
  end(): Promise<void>;
}

/** Starts the one browser of a file of tests. */
export async function startStay({ webgpu = true } = {}): Promise<Stay> {
  const downloads = mkdtempSync(join(tmpdir(), 'webspex-downloads-'));
  const complaints: string[] = [];
  const elsewhere: string[] = [];
  let gate: Promise<void>;
  let open = () => {};
  const holdWeights = () => {
    gate = new Promise((done) => {
      open = done;
    });
  };
  holdWeights();
  const served = await serveFolder(PAGE, { hold: (path) => (path.endsWith('.safetensors') ? gate : undefined) });
  const browser = await launchBrowser({ webgpu });
  return {
    ...{ browser, served, downloads, complaints, elsewhere, holdWeights },
    release: () => open(),
    async openPage(home = served) {
      const opened = await browser.newPage();
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
    },
    async end() {
      await browser.close();
      await served.close();
      rmSync(downloads, { recursive: true, force: true });
    },
  };
}

/** A stay of one page, which the helpers of visit.ts take, ready for whatever is asked of it. */
export async function startReady(path = ''): Promise<{ stay: Stay; page: Page }> {
  const stay = await startStay();
  const page = await stay.openPage();
  visit.page = page;
  stay.release();
  await page.goto(stay.served.address + path);
  await reaches('ready');
  return { stay, page };
}
