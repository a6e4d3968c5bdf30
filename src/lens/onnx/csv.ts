import { WebspexError } from '../../core/errors.ts';
import type { Table } from './columns.ts';
import type { Cell } from './elements.ts';

const DELIMITERS = [',', ';', '\t'] as const;

/** Cells of each line; quotes as RFC 4180 has them. @throws bad-file. */
function cellsOf(text: string, delimiter: string, name: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[i++];
      else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === delimiter || c === '\n') {
      line.push(cell.replace(/\r$/, ''));
      cell = '';
      if (c === '\n') lines.push(line);
      if (c === '\n') line = [];
    } else cell += c;
  }
  if (quoted) throw new WebspexError('bad-file', `${name}: expected a quotation mark to end, got the end of the file; close it`);
  lines.push([...line, cell]);
  return lines.filter((cells) => cells.some((s) => s.trim() !== ''));
}

/**
 * A table from comma-, semicolon- or tab-separated values with the names of the columns in the first line. A column is one of numbers where
 * all its cells are numbers or empty, which are NaN. @throws bad-file naming the line.
 */
export function readTable(file: string, name: string): Table {
  const text = file.replace(/^\ufeff/, '');
  const head = text.slice(0, text.search(/\n|$/));
  const delimiter = DELIMITERS.reduce((best, d) => (head.split(d).length > head.split(best).length ? d : best));
  const [first, ...lines] = cellsOf(text, delimiter, name);
  const columns = first?.map((c) => c.trim()) ?? [];
  const twice = columns.find((c, i) => c === '' || columns.indexOf(c) !== i);
  if (columns.length === 0 || lines.length === 0 || twice !== undefined)
    throw new WebspexError(
      'bad-file',
      `${name}: expected a line of different names and lines of cells, got ${lines.length === 0 ? 'no cells' : twice === '' ? 'a column without a name' : `${twice} twice`}; write a table with a header`,
    );
  lines.forEach((cells, i) => {
    if (cells.length !== columns.length)
      throw new WebspexError('bad-file', `${name}: expected ${columns.length} cells in row ${i}, got ${cells.length}; mend the row`);
  });
  const isNumber = (s: string) => s.trim() === '' || Number.isFinite(Number(s));
  const numeric = columns.map((_, c) => lines.every((cells) => isNumber(cells[c])));
  const cellOf = (s: string, c: number): Cell => (numeric[c] ? (s.trim() === '' ? Number.NaN : Number(s)) : s.trim());
  return { columns, rows: lines.map((cells) => cells.map(cellOf)) };
}
