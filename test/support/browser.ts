import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import puppeteer, { type Browser } from 'puppeteer-core';

const PACKAGE = '@sparticuz/chromium';
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
  const entry = createRequire(import.meta.url).resolve(PACKAGE);
  const home = entry.slice(0, entry.lastIndexOf(PACKAGE) + PACKAGE.length);
  const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { version: string };
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'webspex');
  const folder = join(cache, `chromium-${version}`);
  if (existsSync(join(folder, COMPLETE))) return folder;
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, 'unpacking-'));
  try {
    await writeFile(join(fresh, EXECUTABLE), await unbrotli(join(home, 'bin', 'chromium.br')), { mode: 0o755 });
    for (const archive of ['swiftshader', 'al2023', 'fonts'])
      for (const [name, bytes] of filesOfTar(await unbrotli(join(home, 'bin', `${archive}.tar.br`)))) {
        await mkdir(dirname(join(fresh, name)), { recursive: true });
        await writeFile(join(fresh, name), bytes, { mode: 0o755 });
      }
    await writeFile(join(fresh, 'fonts.conf'), fontConfiguration(folder));
    await writeFile(join(fresh, COMPLETE), '');
    await rename(fresh, folder).catch(async () => {
      if (existsSync(join(folder, COMPLETE))) return; // another process was first
      await rm(folder, { recursive: true, force: true });
      await rename(fresh, folder);
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return folder;
}

async function unbrotli(file: string): Promise<Buffer> {
  return promisify(brotliDecompress)(await readFile(file));
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

/** Plain files of a ustar archive by name. */
function* filesOfTar(tar: Buffer): Generator<[string, Buffer]> {
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    if (!name) return;
    const size = Number.parseInt(tar.toString('ascii', at + 124, at + 136), 8);
    const type = tar.toString('ascii', at + 156, at + 157);
    if (type === '0' || type === '\0') yield [name, tar.subarray(at + 512, at + 512 + size)];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
