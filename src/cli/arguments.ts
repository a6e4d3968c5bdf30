import { parseArgs } from 'node:util';
import { WebspexError } from '../index.ts';
import { nearest } from './nearest.ts';

/** Which options a command takes: those with a value, those without, and those that may have one after an equals sign. */
export interface OptionNames {
  readonly values?: readonly string[];
  readonly optional?: readonly string[];
  readonly flags?: readonly string[];
}

/** What was typed after a command. */
export interface Arguments {
  readonly positionals: readonly string[];
  value(name: string): string | undefined;
  has(flag: string): boolean;
}

/** A mistake in what was typed; exit code 2. */
export function usage(message: string): WebspexError {
  return new WebspexError('usage', message);
}

function unknownOption(given: string, names: readonly string[], command: string): WebspexError {
  const close = nearest(given.replace(/^-+/, ''), names);
  const hint = close ? `did you mean --${close}?` : `see webspex help ${command}`;
  return usage(`${command}: expected an option it knows, got ${given}; ${hint}`);
}

/**
 * Reads what follows a command. Options may stand anywhere before `--`; the last of several equal ones counts.
 * @throws usage for unknown options (with the nearest name), missing values, and values where none belongs.
 */
export function parseArguments(
  command: string,
  args: readonly string[],
  { values = [], flags = [], optional = [] }: OptionNames,
): Arguments {
  const all = [...flags, ...optional, 'help'];
  const names = [...values, ...all];
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(names.map((name) => [name, { type: all.includes(name) ? ('boolean' as const) : ('string' as const) }])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, string | undefined>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    if (!names.includes(token.name)) throw unknownOption(token.rawName, names, command);
    const wantsValue = values.includes(token.name);
    const hasValue = token.value !== undefined && !(token.inlineValue === false && /^--./.test(token.value));
    if (wantsValue && !hasValue) throw usage(`${command}: expected a value after --${token.name}, got none; see webspex help ${command}`);
    if (!wantsValue && !optional.includes(token.name) && token.value !== undefined)
      throw usage(`${command}: expected nothing after --${token.name}, got ${token.value}; leave it out`);
    given.set(token.name, token.value);
  }
  return { positionals, value: (name) => given.get(name), has: (flag) => given.has(flag) };
}

/** A whole number option, or undefined where it was not given. @throws usage. */
export function wholeNumber(args: Arguments, name: string, low: number, high: number): number | undefined {
  const text = args.value(name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= low && value <= high)) throw usage(`--${name}: expected a whole number from ${low} to ${high}, got ${text}; change it`);
  return value;
}

/** An option that names one of a few things, or undefined where it was not given. @throws usage with the nearest name. */
export function oneOf<T extends string>(args: Arguments, name: string, allowed: readonly T[]): T | undefined {
  const text = args.value(name);
  if (text === undefined) return undefined;
  const found = allowed.find((a) => a.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  const close = nearest(text, allowed);
  throw usage(`--${name}: expected one of ${allowed.join(', ')}, got ${text}; ${close ? `did you mean ${close}?` : 'choose one of them'}`);
}
