import { LONE_SURROGATE } from './format.ts';
import type { Mark } from './mark.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const VOID_TAGS: ReadonlySet<string> = new Set(['meta', 'br', 'link']);

/**
 * Text as it may stand in element content and in quoted attributes, of HTML and XML alike. Characters that XML 1.0 cannot hold (C0 controls,
 * lone surrogates, U+FFFE and U+FFFF) become U+FFFD.
 */
export function escapeMarkup(text: string): string {
  return (
    text
      .replace(LONE_SURROGATE, '\ufffd')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[&<>"']/g, (c) => ENTITIES[c])
  );
}

/** JSON as it may stand in a <script type="application/json">: no `<`, `>`, `&`, U+2028 or U+2029, still the same JSON. */
export function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A mark as markup. Tags and attribute names are ours; every string from a document passes `escapeMarkup`. */
export function toMarkup(node: Mark | string): string {
  if (typeof node === 'string') return escapeMarkup(node);
  const attributes = Object.entries(node.attributes).map(([name, value]) => ` ${name}="${escapeMarkup(value)}"`);
  if (node.variables)
    attributes.push(
      ` style="${escapeMarkup(
        Object.entries(node.variables)
          .map(([name, value]) => `${name}:${value}`)
          .join(';'),
      )}"`,
    );
  const open = `<${node.tag}${attributes.join('')}>`;
  return VOID_TAGS.has(node.tag) ? open : `${open}${node.children.map(toMarkup).join('')}</${node.tag}>`;
}
