#!/usr/bin/env node
import { describeFailure } from './cli/exit-codes.ts';
import { processIo } from './cli/io.ts';
import { main } from './cli/main.ts';

const io = processIo();
process.on('uncaughtException', (error) => {
  const { line, exitCode } = describeFailure(error);
  io.err(`${line}\n`);
  process.exit(exitCode);
});
const exitCode = await main(process.argv.slice(2), io);
// What was printed is handed over before the end; a process of ours that is still being closed is not waited for.
await new Promise((resolve) => process.stdout.write('', resolve));
process.exit(exitCode);
