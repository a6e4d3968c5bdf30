import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readExplanation } from '../../element.ts';
import { type Explanation, toHtml, WebspexError } from '../../index.ts';
import { usage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { checkWritable, decodeText, readBytes, writeResult } from '../files.ts';

/** Far above what any explanation takes. */
const MOST_BYTES = 64 * 2 ** 20;

async function savedExplanation(file: string): Promise<Explanation> {
  const refuse = (expected: string, got: string) =>
    new WebspexError('bad-file', `${file}: expected ${expected}, got ${got}; use a file of explain --json`);
  const bytes = await readBytes(file, MOST_BYTES, (size) => refuse(`at most ${MOST_BYTES} bytes`, String(size)));
  const text = decodeText(bytes, file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse('JSON', `something else (${(error as Error).message})`);
  }
  return readExplanation(value);
}

export const view: Command = {
  name: 'view',
  summary: 'turns a saved explanation (explain --json > FILE) into a standalone page, and prints its address',
  synopsis: 'FILE [--html OUT]',
  help: [['--html OUT', 'where to write the page; default: a temporary file']],
  options: { values: ['html'] },
  async run(args, io) {
    const { positionals } = args;
    if (positionals.length !== 1)
      throw usage(`view: expected one file, got ${positionals.length === 0 ? 'none' : positionals.length}; name a saved explanation`);
    checkWritable('html', args.value('html'));
    const page = toHtml(await savedExplanation(positionals[0]));
    const out = resolve(args.value('html') ?? join(await mkdtemp(join(tmpdir(), 'webspex-')), 'explanation.html'));
    await writeResult(out, page);
    io.out(`${out}\n${pathToFileURL(out).href}\n`);
    return 0;
  },
};
