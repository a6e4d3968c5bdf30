import { VERSION } from '../../index.ts';
import type { Command } from '../command.ts';
import type { Io } from '../io.ts';
import { padEnd, wrap } from '../terminal/columns.ts';
import { createStyle } from '../terminal/style.ts';

const EXIT_CODES: readonly (readonly [string, string])[] = [
  ['0', 'done'],
  ['2', 'something typed is wrong: options, an empty or too long text, a budget too small'],
  ['3', 'a model or file is missing, damaged or of another kind'],
  ['4', 'a check of our own failed: please report it'],
  ['5', 'no GPU, or no WebAssembly, where it was asked for'],
  ['6', 'the GPU was lost, hung or ran out of memory'],
  ['7', 'the explained function gave no finite numbers'],
  ['75', 'ended early, by Ctrl-C with --resume or at a cap of spending: the same command goes on from there'],
  ['130', 'interrupted; what was known by then has been printed'],
];

/** Two columns, the second wrapped within the width. */
function table(rows: readonly (readonly [string, string])[], width: number): string[] {
  const left = Math.min(26, Math.max(...rows.map(([name]) => name.length)));
  return rows.flatMap(([name, text]) => {
    const [first, ...more] = wrap(text, Math.max(20, width - left - 4));
    const indent = ' '.repeat(left + 4);
    const rest = more.map((line) => indent + line);
    return name.length > left ? [`  ${name}`, indent + first, ...rest] : [`  ${padEnd(name, left)}  ${first}`, ...rest];
  });
}

/** What `webspex help` prints. */
export function overview(commands: readonly Command[], io: Io): string {
  const { bold } = createStyle(io.outDepth);
  const lines = [
    `webspex ${VERSION}: why did the model say that?`,
    '',
    bold('Commands'),
    ...table(
      [...commands.map((c) => [c.name, c.summary] as const), ['help', 'this page, or with a command’s name all its options']],
      io.columns(),
    ),
    '',
    bold('Examples'),
    '  webspex explain "Her acting never fails to impress"',
    '  webspex explain --file review.txt --units sentence --json > explanation.json',
    '  webspex verify "Her acting never fails to impress" --members never,fails',
    '  webspex compare "Her acting never fails to impress, but the plot is thin" --methods auto,lime,kernelshap --budget 256',
    '',
    bold('Exit codes'),
    ...table(EXIT_CODES, io.columns()),
    '',
    ...wrap('Results go to stdout, progress to stderr. NO_COLOR=1 turns colours off. webspex --version prints the version.', io.columns()),
  ];
  return `${lines.join('\n')}\n`;
}

/** What `webspex help COMMAND` prints. */
export function commandHelp(command: Command, io: Io): string {
  const { bold } = createStyle(io.outDepth);
  const lines = [
    ...wrap(`webspex ${command.name} ${command.synopsis}`, io.columns()),
    '',
    ...wrap(command.summary, io.columns()),
    ...(command.help.length > 0 ? ['', bold('Options'), ...table(command.help, io.columns())] : []),
  ];
  return `${lines.join('\n')}\n`;
}
