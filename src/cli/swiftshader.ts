import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';

/** Where a software Vulkan driver lies, and the environment a process needs from its start to find it. */
export interface SwiftShader {
  /** Folder of libvulkan.so.1 and libvk_swiftshader.so. */
  readonly libraryPath: string;
  readonly icdFile: string;
  readonly env: { readonly LD_LIBRARY_PATH: string; readonly VK_ICD_FILENAMES: string };
}

const PACKAGE = '@sparticuz/chromium';
const FILES = ['libvulkan.so.1', 'libvk_swiftshader.so', 'vk_swiftshader_icd.json'];

/**
 * Unpacks the SwiftShader inside the npm package @sparticuz/chromium (Linux x64) into the user's cache folder, once for each version,
 * whole or not at all. Null where the package or the platform is another.
 */
export async function unpackSwiftShader(): Promise<SwiftShader | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  const found = packageFolder();
  if (!found) return null;
  const { version } = JSON.parse(await readFile(join(found, 'package.json'), 'utf8')) as { version: string };
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'webspex');
  const folder = join(cache, `swiftshader-${version}`);
  if (!FILES.every((f) => existsSync(join(folder, f)))) await unpack(join(found, 'bin', 'swiftshader.tar.br'), cache, folder);
  const icdFile = join(folder, 'vk_swiftshader_icd.json');
  const before = process.env.LD_LIBRARY_PATH;
  const path = before?.split(':').includes(folder) ? before : [folder, before].filter(Boolean).join(':');
  return { libraryPath: folder, icdFile, env: { LD_LIBRARY_PATH: path, VK_ICD_FILENAMES: icdFile } };
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

async function unpack(packed: string, cache: string, folder: string): Promise<void> {
  const tar = await promisify(brotliDecompress)(await readFile(packed));
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, 'unpacking-'));
  try {
    for (const [name, bytes] of filesOfTar(tar)) if (FILES.includes(name)) await writeFile(join(fresh, name), bytes, { mode: 0o755 });
    await rename(fresh, folder).catch(async () => {
      // Another process was first, or an earlier version of the folder is incomplete.
      if (FILES.every((f) => existsSync(join(folder, f)))) return;
      await rm(folder, { recursive: true, force: true });
      await rename(fresh, folder);
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Plain files of a ustar archive by base name. */
function* filesOfTar(tar: Buffer): Generator<[string, Buffer]> {
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    if (!name) return;
    const size = Number.parseInt(tar.toString('ascii', at + 124, at + 136), 8);
    const type = tar.toString('ascii', at + 156, at + 157);
    if (type === '0' || type === '\0')
      yield [name.slice(dirname(name) === '.' ? 0 : dirname(name).length + 1), tar.subarray(at + 512, at + 512 + size)];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
