import type { Arguments, OptionNames } from './arguments.ts';
import type { Io } from './io.ts';

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What follows the name: `[TEXT] [--file F]`. */
  readonly synopsis: string;
  /** Each option with what it does, in the order of the help. */
  readonly help: readonly (readonly [option: string, text: string])[];
  readonly options: OptionNames;
  /** Does it, and returns the exit code. @throws WebspexError. */
  run(args: Arguments, io: Io): Promise<number>;
}
