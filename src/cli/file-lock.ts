import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, readFile, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { WebspexError } from '../index.ts';

/** Who holds a file, as its lock says it; `id` is another one for each holding. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly id: string;
}

export interface FileLock {
  release(): Promise<void>;
}

/** What this process holds. Its own number in any other lock is that of a dead process, whose number came again. */
const held = new Set<string>();
const UNLOCKED: FileLock = { release: async () => {} };

/** How often a lock that another process is just taking over is looked at again, and after how many milliseconds. */
const ATTEMPTS = 50;
const PAUSE_MS = 10;

/**
 * Holds a file for this process alone until `release`, by FILE.lock beside it, which says who holds it. The lock of a dead process is taken over;
 * that of another machine cannot be judged and counts as held. What is no plain file, such as a pipe, is not locked.
 * @throws bad-file where another process holds it, or the lock cannot be written.
 */
export async function lockFile(file: string): Promise<FileLock> {
  const there = await stat(file).catch(() => null);
  if (there && !there.isFile()) return UNLOCKED;
  const lock = `${await realpath(file).catch(() => file)}.lock`;
  const mine: Holder = { pid: process.pid, host: hostname(), id: randomUUID() };
  const own = `${lock}.${mine.id}`;
  held.add(mine.id);
  try {
    await writeFile(own, `${JSON.stringify(mine)}\n`, { flag: 'wx' });
    for (let attempt = 0; !(await acquired(own, lock, lock)); attempt++) {
      const holder = await holderOf(lock);
      if (holder && (await isAlive(holder))) throw heldBy(file, lock, holder);
      if (attempt === ATTEMPTS) throw new Error(holder ? 'too many processes that want it' : 'an empty file there');
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  } catch (error) {
    held.delete(mine.id);
    if (error instanceof WebspexError) throw error;
    throw new WebspexError(
      'bad-file',
      `${lock}: expected to lock the file, got ${(error as Error).message}; name a file in another folder`,
    );
  } finally {
    await unlink(own).catch(() => {}); // it was perhaps never written
  }
  return {
    async release() {
      if (held.delete(mine.id)) await unlink(lock).catch(() => {}); // whoever removed it by hand has freed the file already
    },
  };
}

/**
 * Whether `name` now says what `own` says. The file system lets one process alone give a file a new name; a dead holder's name may be replaced by
 * whoever has the name `lock.<id of the dead>` in the same way, and finds the dead one's still in place once it has it.
 */
async function acquired(own: string, lock: string, name: string): Promise<boolean> {
  if (await linked(own, name)) return true;
  const holder = await holderOf(name);
  if (!holder || (await isAlive(holder))) return false;
  const claim = `${lock}.${holder.id}.claim`;
  if (!(await acquired(own, lock, claim))) return false;
  if ((await holderOf(name))?.id === holder.id) {
    await rename(claim, name);
    return true;
  }
  await unlink(claim);
  return false;
}

/** Gives a file one more name; false where there is a file of that name. A file system without links gets a copy. */
async function linked(file: string, name: string): Promise<boolean> {
  const exists = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return false;
    throw error;
  };
  return link(file, name).then(
    () => true,
    (error: NodeJS.ErrnoException) =>
      ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES'].includes(error.code ?? '')
        ? copyFile(file, name, constants.COPYFILE_EXCL).then(() => true, exists)
        : exists(error),
  );
}

/** Who a lock names; null where there is none, or it is being written. @throws bad-file where it is something else. */
async function holderOf(lock: string): Promise<Holder | null> {
  const text = await readFile(lock, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (text === '') return null;
  try {
    const { pid, host, id } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid === 'number' && Number.isInteger(pid) && pid > 0 && typeof host === 'string' && /^[\w-]+$/.test(id ?? ''))
      return { pid, host, id: id as string };
  } catch {} // said below
  throw new WebspexError('bad-file', `${lock}: expected the lock of a log, got another file; remove it, or name another log`);
}

/** Whether the process of a lock may still write; of another machine's nobody here can tell. */
async function isAlive({ pid, host, id }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  if (pid === process.pid) return held.has(id);
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's process
  }
  // Linux keeps the number of a process that has ended until its parent asks: state Z, after the name in brackets.
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) [ZX] [^)]*$/.test(state);
}

function heldBy(file: string, lock: string, { pid, host }: Holder): WebspexError {
  const whose = host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
  return new WebspexError(
    'bad-file',
    `${file}: expected a log that no other process writes, got one that ${whose} holds; wait for it or end it, name another file, or remove ${lock} where that process is not webspex`,
  );
}
