import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchContext } from '../../bench.ts';
import { WebspexError } from '../../index.ts';
import { packageFolder } from '../paths.ts';
import type { BenchRequest } from './messages.ts';

/** Where a checkout keeps the games of masks-needed. The published package has none. */
const STORED = ['bench', 'masks-needed', 'games'];

/** What masks-needed asks of the machine: the stored games or those of `--games`, the folder of `--fresh`. */
export function gamesOf({ files, families }: BenchRequest): Pick<BenchContext, 'families' | 'readGame' | 'writeGame'> {
  const { games, fresh } = files;
  return {
    families,
    async readGame(name) {
      try {
        return await readFile(join(games ?? join(packageFolder(), ...STORED), name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw new WebspexError('not-found', `${name}: expected a file of games, got ${(error as Error).message}; check the path`);
      }
    },
    ...(fresh === undefined
      ? {}
      : {
          async writeGame(name: string, bytes: Uint8Array) {
            await mkdir(fresh, { recursive: true });
            await writeFile(join(fresh, name), bytes);
          },
        }),
  };
}
