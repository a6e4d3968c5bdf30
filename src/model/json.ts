import { WebspexError } from '../core/errors.ts';

/** Text from a file made fit for an error message: one line of at most `most` characters, invisible and direction characters written out. */
export function oneLine(text: string, most = 60): string {
  const short = text.length > most ? `${text.slice(0, most)}…` : text;
  return short.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${(c.codePointAt(0) as number).toString(16)}}`);
}

/** A value from a file, as JSON fit for an error message. */
export function shown(value: unknown): string {
  try {
    return oneLine(JSON.stringify(value) ?? 'none');
  } catch {
    return 'something nested too deeply';
  }
}

/** What a JSON file holds. @throws bad-file naming the file. */
export function parseJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const why = oneLine((error as Error).message, 100);
    throw new WebspexError('bad-file', `${file}: expected JSON, got something that does not parse (${why}); download it again`);
  }
}

/** The object that a JSON file holds. @throws bad-file naming the file. */
export function parseObject(bytes: Uint8Array, file: string): Record<string, unknown> {
  const value = parseJson(bytes, file);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new WebspexError('bad-file', `${file}: expected an object, got ${shown(value)}; check the model folder`);
  return value as Record<string, unknown>;
}
