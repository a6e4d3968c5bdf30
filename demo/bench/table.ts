import { type Row, spaced } from '../../src/bench.ts';

const HEADINGS = ['Row', 'What', 'Result', 'Peer', 'Same numbers', 'Adapter', 'Details'] as const;

/** One row's cells, in the order of the headings. */
function cellsOf({ id, title, ours, unit, peer, peerName, ratio, equal, adapter, details }: Row): string[] {
  return [
    id,
    title,
    `${ours} ${unit}`,
    peer === null ? '' : `${peerName ?? 'peer'}: ${peer} ${unit}, ${ratio ?? '?'} times`,
    equal === null ? '' : equal ? 'yes' : 'NO',
    adapter,
    Object.entries(details)
      .map(([name, value]) => `${spaced(name)} ${value}`)
      .join(', '),
  ];
}

function cell(tag: 'td' | 'th', text: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** A line of the table; a fast backend with wrong numbers has failed, and looks like it. */
export function lineOf(row: Row): HTMLTableRowElement {
  const line = document.createElement('tr');
  const [id, ...others] = cellsOf(row);
  const head = cell('th', id);
  head.setAttribute('scope', 'row');
  line.append(head, ...others.map((text) => cell('td', text)));
  if (row.equal === false) line.className = 'wrong';
  return line;
}

/** What failed is said where the others' results are. */
export function failureOf(name: string, message: string): HTMLTableRowElement {
  const line = document.createElement('tr');
  const told = document.createElement('td');
  told.colSpan = HEADINGS.length;
  told.textContent = `${name}: ${message}`;
  line.append(told);
  line.className = 'wrong';
  return line;
}

export function headingOf(): HTMLTableSectionElement {
  const head = document.createElement('thead');
  const line = document.createElement('tr');
  for (const text of HEADINGS) {
    const made = cell('th', text);
    made.setAttribute('scope', 'col');
    line.append(made);
  }
  head.append(line);
  return head;
}

const lineOfMarkdown = (cells: readonly string[]) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;

/** The table as people paste it into discussions, under what ran it. */
export function markdownOf(rows: readonly Row[], about: readonly string[]): string {
  return [
    ...about.map((line) => `* ${line}`),
    '',
    lineOfMarkdown(HEADINGS),
    lineOfMarkdown(HEADINGS.map(() => '---')),
    ...rows.map((row) => lineOfMarkdown(cellsOf(row))),
    '',
  ].join('\n');
}
