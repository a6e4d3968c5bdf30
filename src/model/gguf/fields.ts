import { WebspexError } from '../../core/errors.ts';
import { shown } from '../json.ts';
import { type GgufValue, refuse } from './cursor.ts';

export type Metadata = ReadonlyMap<string, GgufValue>;

/** @throws unsupported-model. */
export function unsupported(what: string): never {
  throw new WebspexError('unsupported-model', `gguf: ${what}`);
}

/** A whole number of the metadata, null where it is absent. @throws bad-file. */
export function wholeNumber(metadata: Metadata, key: string): number | null {
  const value = metadata.get(key);
  if (value === undefined) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) refuse(`${key}: expected a whole number, got ${shown(value)}`);
  return value;
}

/** @throws bad-file. */
export function flag(metadata: Metadata, key: string, otherwise: boolean): boolean {
  const value = metadata.get(key) ?? otherwise;
  if (typeof value !== 'boolean') refuse(`${key}: expected true or false, got ${shown(value)}`);
  return value;
}

/** @throws bad-file. */
export function name(metadata: Metadata, key: string): string {
  const value = metadata.get(key);
  if (typeof value !== 'string') refuse(`${key}: expected a name, got ${shown(value)}`);
  return value;
}

/** A list whose members are all strings, or all numbers, of one length where it is stated. @throws bad-file. */
export function list(metadata: Metadata, key: string, of: 'string', length?: number): readonly string[];
export function list(metadata: Metadata, key: string, of: 'number', length?: number): readonly number[];
export function list(metadata: Metadata, key: string, of: 'string' | 'number', length?: number): readonly (string | number)[] {
  const value = metadata.get(key);
  if (!Array.isArray(value) || !value.every((v) => typeof v === of)) refuse(`${key}: expected a list of ${of}s, got ${shown(value)}`);
  if (length !== undefined && value.length !== length) refuse(`${key}: expected ${length} entries, got ${value.length}`);
  return value;
}
