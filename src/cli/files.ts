import { accessSync, constants, statSync } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { WebspexError } from '../index.ts';
import { usage } from './arguments.ts';

/** No model reads this much; a longer text is refused before it is tokenised. */
export const MOST_CHARACTERS = 1_000_000;

function unreadable(file: string, error: unknown): WebspexError {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : message;
  return new WebspexError('not-found', `${file}: expected a file, got ${why}; check the path`);
}

/** The bytes of a file that may hold at most `most`. @throws not-found, and `tooLarge` where it is larger. */
export async function readBytes(file: string, most: number, tooLarge: (bytes: number) => WebspexError): Promise<Buffer> {
  let size: number;
  try {
    const handle = await open(file);
    try {
      const { size: bytes } = await handle.stat();
      if (bytes <= most) return await handle.readFile();
      size = bytes;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  throw tooLarge(size);
}

function tooLong(what: string, most: number, got: number): WebspexError {
  return new WebspexError('too-long', `${what}: expected at most ${most} bytes of text, got ${got}; explain it in parts`);
}

/** Refuses a file that could not be read later, before any work is done for it. @throws not-found. */
export function checkReadable(file: string): void {
  try {
    if (statSync(file).isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** UTF-8 as text, without a byte order mark and the last line's end. @throws bad-file where it is not UTF-8. */
export function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/(?:\r?\n)+$/, '');
  } catch {
    throw new WebspexError('bad-file', `${name}: expected UTF-8 text, got other bytes; save it as UTF-8`);
  }
}

/** A text file. @throws not-found, too-long, bad-file. */
export async function readTextFile(file: string, most = MOST_CHARACTERS): Promise<string> {
  return decodeText(await readBytes(file, most, (bytes) => tooLong(file, most, bytes)), file);
}

/** Standard input to its end. @throws too-long, bad-file. */
export async function readStdin(input: AsyncIterable<Uint8Array> = process.stdin): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input) {
    size += chunk.length;
    if (size > MOST_CHARACTERS) throw tooLong('standard input', MOST_CHARACTERS, size);
    chunks.push(chunk);
  }
  return decodeText(Buffer.concat(chunks), 'standard input');
}

/** Refuses a path that could not be written to later, before any work is done for it. @throws usage. */
export function checkWritable(option: string, file: string | undefined): void {
  if (file === undefined) return;
  const folder = dirname(resolve(file));
  try {
    const there = statSync(resolve(file), { throwIfNoEntry: false });
    if (there?.isDirectory()) throw new Error('a folder');
    accessSync(there ? resolve(file) : folder, constants.W_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? `no folder ${folder}` : code === 'EACCES' ? 'no permission to write there' : message;
    throw usage(`--${option}: expected a file that can be written, got ${file} (${why}); name another`);
  }
}

/** Writes a file in one piece, its folder too: another process sees what was there before or all of it, never half. */
export async function writeWhole(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, content);
  await rename(fresh, file);
}

/** Writes a result. @throws bad-file where the disk refuses. */
export async function writeResult(file: string, content: string): Promise<void> {
  try {
    await writeFile(file, content);
  } catch (error) {
    throw new WebspexError('bad-file', `${file}: expected to write it, got ${(error as Error).message}; name another file`);
  }
}
