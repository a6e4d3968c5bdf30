import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TileMemory } from '../../webgpu.ts';
import { cacheFolder } from '../chromium-package.ts';
import { writeWhole } from '../files.ts';

/** What is remembered of adapters, in one small JSON file of the user's cache folder. A file that cannot be read is empty. */
export function fileTileMemory(file = join(cacheFolder(), 'tiles.json')): TileMemory {
  const known = async (): Promise<Record<string, string>> => {
    try {
      const read: unknown = JSON.parse(await readFile(file, 'utf8'));
      if (typeof read !== 'object' || read === null) return {};
      return Object.fromEntries(Object.entries(read).filter(([, value]) => typeof value === 'string'));
    } catch {
      return {};
    }
  };
  return {
    async recall(key) {
      const all = await known();
      return Object.hasOwn(all, key) ? all[key] : null;
    },
    async keep(key, value) {
      const text = JSON.stringify({ ...(await known()), [key]: value }, null, 1);
      await writeWhole(file, text);
    },
  };
}
