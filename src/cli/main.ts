import { VERSION, WebspexError } from '../index.ts';
import { env } from '../text.ts';
import { parseArguments, usage } from './arguments.ts';
import { hubFolder } from './cache.ts';
import type { Command } from './command.ts';
import { bench } from './commands/bench.ts';
import { compare } from './commands/compare.ts';
import { doctor } from './commands/doctor.ts';
import { explain } from './commands/explain.ts';
import { commandHelp, overview } from './commands/help.ts';
import { start } from './commands/start.ts';
import { verify } from './commands/verify.ts';
import { view } from './commands/view.ts';
import { describeFailure } from './exit-codes.ts';
import type { Io } from './io.ts';
import { nearest } from './nearest.ts';

const COMMANDS: readonly Command[] = [explain, verify, compare, view, bench, doctor, start];

/** @throws usage with the nearest name. */
function commandNamed(name: string): Command {
  const found = COMMANDS.find((c) => c.name === name);
  if (found) return found;
  const names = [...COMMANDS.map((c) => c.name), 'help'];
  const close = nearest(name.toLowerCase(), names);
  throw usage(`webspex: expected a command, got ${name}; ${close ? `did you mean ${close}?` : `there are ${names.join(', ')}`}`);
}

async function dispatch([name, ...rest]: readonly string[], io: Io): Promise<number> {
  switch (name) {
    case undefined:
      throw usage('webspex: expected a command, got none; see webspex help');
    case '--version':
    case '-v':
    case 'version':
      io.out(`${VERSION}\n`);
      return 0;
    case '--help':
    case '-h':
    case 'help':
      io.out(rest.length > 0 && name === 'help' ? commandHelp(commandNamed(rest[0]), io) : overview(COMMANDS, io));
      return 0;
  }
  const command = commandNamed(name);
  const args = parseArguments(command.name, rest, command.options);
  if (!args.has('help')) return command.run(args, io);
  io.out(commandHelp(command, io));
  return 0;
}

/** Runs what was typed and returns the exit code; a failure is one line on stderr. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  // The first is the name that Hugging Face's own tools take; the engine's process is told of both.
  env.remoteHost = process.env.HF_ENDPOINT || env.remoteHost;
  env.cacheDir = hubFolder();
  try {
    return await dispatch(args, io);
  } catch (error) {
    const { line, exitCode } = describeFailure(error);
    io.err(`${line}\n`);
    if (!(error instanceof WebspexError) && process.env.WEBSPEX_DEBUG) io.err(`${(error as Error).stack}\n`);
    return exitCode;
  }
}
