import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { VERSION } from '../index.ts';
import { packageFolder } from './paths.ts';

/** Git is asked locally and answers at once, or not at all. */
const GIT_MS = 10_000;

/** The commit that is running, with -dirty where files have been changed since; the version where this is no checkout. */
export async function runningCommit(folder = packageFolder()): Promise<string> {
  if (!existsSync(join(folder, '.git'))) return VERSION;
  const git = async (...args: string[]) => (await promisify(execFile)('git', ['-C', folder, ...args], { timeout: GIT_MS })).stdout.trim();
  try {
    const commit = await git('rev-parse', '--short=12', 'HEAD');
    return (await git('status', '--porcelain', '--untracked-files=no')) === '' ? commit : `${commit}-dirty`;
  } catch {
    return VERSION; // no git, or no commit yet
  }
}
