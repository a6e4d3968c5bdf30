import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { chromiumPackage, filesOfTar, unbrotli, unpackOnce } from './chromium-package.ts';

/** Where a software Vulkan driver lies, and the environment a process needs from its start to find it. */
export interface SwiftShader {
  /** Folder of libvulkan.so.1 and libvk_swiftshader.so. */
  readonly libraryPath: string;
  readonly icdFile: string;
  readonly env: { readonly LD_LIBRARY_PATH: string; readonly VK_ICD_FILENAMES: string };
}

const FILES = ['libvulkan.so.1', 'libvk_swiftshader.so', 'vk_swiftshader_icd.json'];

/**
 * Unpacks the SwiftShader inside the npm package @sparticuz/chromium (Linux x64) into the user's cache folder, once for each version,
 * whole or not at all. Null where the package or the platform is another.
 */
export async function unpackSwiftShader(): Promise<SwiftShader | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  const found = await chromiumPackage();
  if (!found) return null;
  const folder = await unpackOnce(`swiftshader-${found.version}`, FILES, async (fresh) => {
    for (const [path, bytes] of filesOfTar(await unbrotli(found, 'swiftshader.tar.br'))) {
      const name = basename(path);
      if (FILES.includes(name)) await writeFile(join(fresh, name), bytes, { mode: 0o755 });
    }
  });
  const icdFile = join(folder, 'vk_swiftshader_icd.json');
  const before = process.env.LD_LIBRARY_PATH;
  const path = before?.split(':').includes(folder) ? before : [folder, before].filter(Boolean).join(':');
  return { libraryPath: folder, icdFile, env: { LD_LIBRARY_PATH: path, VK_ICD_FILENAMES: icdFile } };
}
