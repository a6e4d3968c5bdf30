import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Game, readGame } from '../../bench.ts';
import { WebspexError } from '../../index.ts';
import { readBytes } from '../files.ts';

/** The largest table that is read: 20 players. */
const MOST_BYTES = 4 * 2 ** 20;

/** Every complete table (NAME.f32) of a folder, in order of their names. @throws not-found, bad-file. */
export async function readTables(folder: string): Promise<Game[]> {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.f32'));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new WebspexError('not-found', `${folder}: expected a folder of tables, got an error (${said}); check the path`);
  }
  if (names.length === 0)
    throw new WebspexError('not-found', `${folder}: expected tables NAME.f32 in it, got none; name a folder of complete tables`);
  const games: Game[] = [];
  for (const name of names.sort()) {
    const file = join(folder, name);
    const bytes = await readBytes(
      file,
      MOST_BYTES,
      (got) =>
        new WebspexError('bad-file', `${file}: expected at most ${MOST_BYTES} bytes, got ${got}; tables of up to 20 players are read`),
    );
    games.push(readGame(name.slice(0, -4), bytes));
  }
  return games;
}
