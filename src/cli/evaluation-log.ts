import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type EvaluationLog, type LoggedQuestion, questionHash, WebspexError } from '../index.ts';
import { type FileLock, lockFile } from './file-lock.ts';

const FORMAT = 'webspex-log';
const VERSION = 1;

interface Header {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly hash: string;
  readonly players: number;
  /** In words what the hash is of, for whoever reads the file. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** A log in a file: a header, then a line `{"mask":"0110…","value":1.5}` for each value. */
export interface LogFile extends EvaluationLog {
  /** How many values it held when it was opened. */
  readonly held: number;
  close(): Promise<void>;
}

function bad(file: string, what: string): WebspexError {
  return new WebspexError('bad-file', `${file}: ${what}`);
}

/**
 * A log at a path, read and written when its run knows its question; a file that is not there is begun. A last line that was cut short, as
 * by a crash, is taken off, so from `open` to `close` the file is locked: another process's line may be just being written. `own` is what makes
 * one question another besides what the run knows.
 */
export function evaluationLog(file: string, own: Readonly<Record<string, unknown>> = {}): LogFile {
  let lock: FileLock | null = null;
  let handle: FileHandle | null = null;
  let pending: string[] = [];
  let writing: Promise<void> = Promise.resolve();
  let failure: Error | null = null;
  let held = 0;
  // What waits is written in one piece as soon as the piece before it is.
  const write = () => {
    writing = writing.then(async () => {
      if (pending.length === 0 || failure) return;
      const lines = pending.join('');
      pending = [];
      await handle?.appendFile(lines).catch((error: Error) => {
        failure = error;
      });
    });
  };
  return {
    get held() {
      return held;
    },
    async open(question) {
      const header = await headerOf(question, own);
      lock ??= await lockFile(file);
      const { values, whole } = await readLog(file, header);
      held = values.size;
      try {
        handle ??= await open(file, 'a');
        await handle.truncate(whole);
        if (whole === 0) await handle.appendFile(`${JSON.stringify(header)}\n`);
      } catch (error) {
        throw bad(file, `expected to write the log, got ${(error as Error).message}; name another file`);
      }
      return values;
    },
    add(mask, value) {
      pending.push(`${JSON.stringify({ mask, value })}\n`);
      if (pending.length === 1) write();
    },
    async flush() {
      await writing;
      if (!failure) await handle?.datasync().catch(() => {}); // not every file can be synced; it has been written
      if (failure) throw bad(file, `expected to write the log, got ${failure.message}; free some space and go on with --resume`);
    },
    async close() {
      await writing;
      await handle?.close();
      handle = null;
      await lock?.release();
      lock = null;
    },
  };
}

/**
 * The masks of a log that is of this text, without knowing what else its question was made of; none where there is no file.
 * @throws bad-file.
 */
export async function loggedMasks(file: string, text: string, players: number): Promise<ReadonlySet<string>> {
  const { values } = await readLog(file, { format: FORMAT, version: VERSION, hash: '', players, about: { text } }, true);
  return new Set(values.keys());
}

async function headerOf(question: LoggedQuestion, own: Readonly<Record<string, unknown>>): Promise<Header> {
  const hash = await questionHash(question, own);
  return { format: FORMAT, version: VERSION, hash, players: question.players.length, about: { ...question.about, ...own } };
}

/** What a log holds for the question of `header`, and how many of its bytes are whole lines. @throws bad-file. */
async function readLog(file: string, header: Header, anyTarget = false): Promise<{ values: Map<string, number>; whole: number }> {
  const values = new Map<string, number>();
  let line = 0;
  let whole = 0;
  for await (const { text, bytes } of wholeLines(file)) {
    line++;
    whole += bytes;
    if (line === 1) checkHeader(file, text, header, anyTarget);
    else {
      const [mask, value] = parseLine(`${file}, line ${line}`, text, header.players);
      // The first one was counted; whatever came later was not.
      if (!values.has(mask)) values.set(mask, value);
    }
  }
  return { values, whole };
}

/** Lines that end, and the bytes of each; none where there is no file. */
async function* wholeLines(file: string): AsyncGenerator<{ text: string; bytes: number }> {
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk]);
      let from = 0;
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, from)) {
        yield { text: rest.toString('utf8', from, end), bytes: end + 1 - from };
        from = end + 1;
      }
      rest = rest.subarray(from);
    }
  } catch (error) {
    if (error instanceof WebspexError) throw error;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw bad(file, `expected to read the log, got ${(error as Error).message}; name another file`);
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function checkHeader(file: string, text: string, header: Header, anyTarget: boolean): void {
  const found = parsed(text);
  if (found.format !== FORMAT || found.version !== VERSION)
    throw bad(file, `expected a log (a first line with "format":"${FORMAT}","version":${VERSION}), got another file; name a new one`);
  if (found.hash === header.hash) return;
  const about = (found.about ?? {}) as Readonly<Record<string, unknown>>;
  const other = Object.keys(header.about).find((key) => JSON.stringify(about[key]) !== JSON.stringify(header.about[key]));
  if (anyTarget && other === undefined && found.players === header.players) return;
  const shown = (value: unknown) => (JSON.stringify(value) ?? 'none').slice(0, 60);
  const difference =
    other === undefined ? `other players (${found.players})` : `${other} ${shown(about[other])} in place of ${shown(header.about[other])}`;
  throw bad(file, `expected a log of this question, got one of another: ${difference}; name another file, or ask what it was made for`);
}

function parseLine(where: string, text: string, players: number): [string, number] {
  const { mask, value } = parsed(text);
  const right = typeof mask === 'string' && mask.length === players && /^[01]+$/.test(mask);
  if (!right || typeof value !== 'number' || !Number.isFinite(value))
    throw bad(
      where,
      `expected {"mask":"01…","value":number} with ${players} players, got ${JSON.stringify(text.slice(0, 60))}; remove the line`,
    );
  return [mask, value];
}
