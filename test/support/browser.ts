import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import puppeteer, { type Browser } from 'puppeteer-core';
import { chromiumPackage, filesOfTar, unbrotli, unpackOnce } from '../../src/cli/chromium-package.ts';

const EXECUTABLE = 'chromium';
/** Written last: a folder that holds it is whole. */
const COMPLETE = 'complete';

/**
 * A headless Chromium whose WebGPU adapter is SwiftShader, from npm packages alone: the browser, its driver, the shared libraries and the
 * fonts that a bare machine lacks are unpacked from @sparticuz/chromium into the user's cache folder, once for each version. Without
 * `webgpu` it has no adapter, as on a machine whose driver is blocked.
 */
export async function launchBrowser({ webgpu = true } = {}): Promise<Browser> {
  const folder = await unpackBrowser();
  const profile = await mkdtemp(join(tmpdir(), 'webspex-browser-'));
  const browser = await puppeteer.launch({
    executablePath: join(folder, EXECUTABLE),
    headless: 'shell',
    userDataDir: profile,
    protocolTimeout: 300_000,
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--no-pings',
      '--disable-domain-reliability',
      '--font-render-hinting=none',
      '--ignore-gpu-blocklist',
      ...(webgpu ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'] : ['--disable-features=WebGPU']),
      '--use-gl=angle',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
    ],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: [folder, join(folder, 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
      VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    },
  });
  browser.once('disconnected', () => void rm(profile, { recursive: true, force: true, maxRetries: 3 }));
  return browser;
}

async function unpackBrowser(): Promise<string> {
  const found = await chromiumPackage();
  if (!found) throw new Error('browser: expected the npm package @sparticuz/chromium, got none; run npm install');
  return unpackOnce(`chromium-${found.version}`, [COMPLETE], async (fresh, folder) => {
    await writeFile(join(fresh, EXECUTABLE), await unbrotli(found, 'chromium.br'), { mode: 0o755 });
    for (const archive of ['swiftshader', 'al2023', 'fonts'])
      for (const [name, bytes] of filesOfTar(await unbrotli(found, `${archive}.tar.br`))) {
        await mkdir(dirname(join(fresh, name)), { recursive: true });
        await writeFile(join(fresh, name), bytes, { mode: 0o755 });
      }
    await writeFile(join(fresh, 'fonts.conf'), fontConfiguration(folder));
    await writeFile(join(fresh, COMPLETE), '');
  });
}

/** Only the packed fonts, so that pages are laid out alike on every machine. */
function fontConfiguration(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts')}</dir>
  <cachedir>${join(folder, 'font-cache')}</cachedir>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
</fontconfig>
`;
}
