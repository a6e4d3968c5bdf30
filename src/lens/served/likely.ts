import { WebspexError } from '../../core/errors.ts';
import type { ServedToken } from './protocol.ts';

/** What stands for a listed answer where none was named. @throws empty-input. */
export function likeliest(tokens: readonly ServedToken[]): string {
  const worded = tokens.filter(({ text }) => text.trim() !== '');
  if (worded.length === 0) throw noAnswer();
  return worded.reduce((best, t) => ((t.logProb ?? 0) > (best.logProb ?? 0) ? t : best)).text;
}

export function noAnswer(): WebspexError {
  return new WebspexError('empty-input', 'target: expected an answer of the model, got its end at once; name a target, such as yes vs no');
}

/**
 * The listed token that each continuation is; one of two may be missing, where nothing says that it is several tokens.
 * @throws usage where none is listed, or where one is known to be longer than a token: more than the next one no list scores.
 */
export function likelyTokens(top: readonly ServedToken[], continuations: readonly string[]): string[][] {
  const names = top.map(({ text }) => text);
  const exact = continuations.some((text) => names.includes(text));
  const found = continuations.map((text) =>
    exact ? names.find((name) => name === text) : names.find((name) => name.trim() === text.trim()),
  );
  continuations.forEach((text, c) => {
    if (found[c] === undefined) checkOne(text.trim(), names);
  });
  if (found.some((name) => name !== undefined)) return continuations.map((text, c) => [found[c] ?? text.trim()]);
  throw new WebspexError(
    'usage',
    `target: expected one of the ${top.length} likeliest next tokens, which is all this server lists, got ${continuations.map(quoted).join(' and ')}; choose among ${names
      .slice(0, 8)
      .map(quoted)
      .join(', ')}, or ask a server that echoes, without chat`,
  );
}

/** @throws usage where a text that is not listed is several tokens: one that it begins with is, or it has a blank in it. */
function checkOne(text: string, names: readonly string[]): void {
  const begun = names.map((name) => name.trim()).filter((name) => name !== '' && text.startsWith(name));
  const longest = begun.reduce((best, name) => (name.length > best.length ? name : best), '');
  if (longest === '' && !/\s/u.test(text)) return;
  const [what, instead] =
    longest === '' ? ['of several words', 'its first one'] : [`of which the list has no more than ${quoted(longest)}`, 'that'];
  throw new WebspexError(
    'usage',
    `target: expected one token, since a list of likely next tokens scores no longer text, got ${quoted(text)}, ${what}; name ${instead}, or ask a server that echoes, without chat`,
  );
}

const quoted = (text: string) => JSON.stringify(text);
