import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';

const PACKAGE = '@sparticuz/chromium';

/** The npm package that carries a browser, a software Vulkan driver, libraries and fonts for Linux x64, packed. */
export interface ChromiumPackage {
  readonly folder: string;
  readonly version: string;
}

/** The installed package, or null where there is none. */
export async function chromiumPackage(): Promise<ChromiumPackage | null> {
  const folder = packageFolder();
  if (!folder) return null;
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { folder, version };
}

function packageFolder(): string | null {
  try {
    // The package exports only its entry; its folder is the one above build/.
    const entry = createRequire(import.meta.url).resolve(PACKAGE);
    return entry.slice(0, entry.lastIndexOf(PACKAGE) + PACKAGE.length);
  } catch {
    return null;
  }
}

/** One of its packed files, unpacked. */
export async function unbrotli({ folder }: ChromiumPackage, file: string): Promise<Buffer> {
  return promisify(brotliDecompress)(await readFile(join(folder, 'bin', file)));
}

/** Plain files of a ustar archive by name. */
export function* filesOfTar(tar: Buffer): Generator<[string, Buffer]> {
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    if (!name) return;
    const size = Number.parseInt(tar.toString('ascii', at + 124, at + 136), 8);
    const type = tar.toString('ascii', at + 156, at + 157);
    if (type === '0' || type === '\0') yield [name, tar.subarray(at + 512, at + 512 + size)];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** The user's cache folder for this package. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'webspex');
}

/**
 * A folder of the user's cache that `fill` has filled, once and whole or not at all: it is made under another name. A folder is whole
 * where it holds every one of `files`.
 */
export async function unpackOnce(
  name: string,
  files: readonly string[],
  fill: (fresh: string, folder: string) => Promise<void>,
): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, name);
  const isWhole = () => files.every((f) => existsSync(join(folder, f)));
  if (isWhole()) return folder;
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, 'unpacking-'));
  try {
    await fill(fresh, folder);
    await rename(fresh, folder).catch(async () => {
      // Another process was first, or an earlier version of the folder is incomplete.
      if (isWhole()) return;
      await rm(folder, { recursive: true, force: true });
      await rename(fresh, folder);
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return folder;
}
