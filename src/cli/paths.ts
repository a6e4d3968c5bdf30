import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { WebspexError } from '../index.ts';

function isPackage(folder: string): boolean {
  const file = join(folder, 'package.json');
  return existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'webspex';
}

/** Folder of this package, found upwards from this file, so that bundling may move code. @throws not-found. */
export function packageFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (isPackage(folder)) return folder;
    if (folder === dirname(folder))
      throw new WebspexError(
        'not-found',
        `package: expected webspex's package.json above ${import.meta.dirname}, got none; install it again`,
      );
  }
}

/** A part of the built package. @throws not-found saying how to build it. */
export function builtFile(...parts: string[]): string {
  const file = join(packageFolder(), 'dist', ...parts);
  if (!existsSync(file)) throw new WebspexError('not-found', `package: expected ${file}, got no such file; run npm run build`);
  return file;
}
