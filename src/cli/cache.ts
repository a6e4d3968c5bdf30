import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { defaultCacheFolder } from '../text.ts';

/** The folder that models of the hub are kept in, and what each takes there. */
export interface Cached {
  readonly folder: string;
  readonly models: readonly { readonly folder: string; readonly bytes: number }[];
}

/** Where this command's engine keeps models of the hub; null where this user has no folder for such things. */
export function hubFolder(): string | null {
  return process.env.WEBSPEX_CACHE || defaultCacheFolder();
}

function bytesUnder(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
  return files.reduce((sum, f) => sum + (statSync(join(f.parentPath, f.name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

const foldersIn = (folder: string) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((f) => f.isDirectory())
    .map((f) => f.name)
    .sort();

/** What is in the cache: a folder for each hub, in it one for each model. */
export function readCache(): Cached | null {
  const folder = hubFolder();
  if (folder === null) return null;
  if (!existsSync(folder)) return { folder, models: [] };
  const models = foldersIn(folder).flatMap((hub) => foldersIn(join(folder, hub)).map((model) => join(hub, model)));
  return { folder, models: models.map((model) => ({ folder: model, bytes: bytesUnder(join(folder, model)) })) };
}
