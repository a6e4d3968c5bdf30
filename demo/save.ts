import { toCsv, toHtml, toSvg } from '../src/element.ts';
import type { Explanation } from '../src/index.ts';
import { parts } from './parts.ts';
import { saveAs } from './save-as.ts';
import { session } from './session.ts';
import { shared } from './settings.ts';
import { encodeLink, LONGEST_LINK } from './share.ts';
import { strings } from './strings.ts';

const KINDS = { json: 'application/json', csv: 'text/csv', svg: 'image/svg+xml', html: 'text/html' } as const;
type Kind = keyof typeof KINDS;

function contentOf(kind: Kind, e: Explanation): string {
  switch (kind) {
    case 'json':
      return `${JSON.stringify(e, null, 1)}\n`;
    case 'csv':
      return `\ufeff${toCsv(e)}`; // spreadsheets read UTF-8 only with the mark
    case 'svg':
      return toSvg(e);
    case 'html':
      return toHtml(e, parts.view.looks);
  }
}

/** Saves the explanation on screen as a file of this kind. */
export function save(kind: string): void {
  const e = parts.view.result;
  if (!e || !(kind in KINDS)) return;
  const name = `explanation.${kind}`;
  saveAs(name, KINDS[kind as Kind], contentOf(kind as Kind, e));
  parts.kept.textContent = strings.saved(name);
}

/** Puts a link to text and settings, or settings alone, into the address bar and, where it may, the clipboard. */
export async function copyLink(withText: boolean): Promise<void> {
  const hash = await encodeLink(shared(withText));
  if (hash.length > LONGEST_LINK) {
    parts.kept.textContent = strings.linkLong;
    return;
  }
  history.replaceState(history.state, '', hash);
  const copied = await (navigator.clipboard?.writeText(location.href) ?? Promise.reject(new Error('no clipboard'))).then(
    () => true,
    () => false, // no permission: the address bar has it
  );
  parts.kept.textContent = [
    copied ? strings.linkCopied : strings.linkShown,
    withText ? strings.linkHere.text : strings.linkHere.settings,
    ...(!withText && !parts.referenceField.hidden && parts.reference.value.trim() !== '' ? [strings.linkHere.noReference] : []),
    ...saidModel(session.own),
  ].join(' ');
}

/** What a link says of the model: nothing of the embedded one. */
function saidModel(own: typeof session.own): string[] {
  if (own === null) return [];
  return [typeof own === 'string' ? strings.linkHere.hub(own) : strings.linkHere.noModel];
}
