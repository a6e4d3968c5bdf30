import type { Compared } from './compare.ts';

const HEADER = ['row', 'ours', 'peer', 'ratio', 'least', 'goal', 'unit', 'equal', 'where'];

/** The rows as a Markdown table, columns aligned. */
export function table(rows: readonly Compared[]): string {
  const cells = rows.map((r) => [
    r.id,
    String(r.ours),
    String(r.peer),
    `${r.ratio?.toFixed(2)}×`,
    `${r.least.toFixed(2)}×`,
    r.goal === null ? '' : `${r.goal}×${(r.ratio ?? 0) >= r.goal ? ' met' : ''}`,
    r.unit,
    `${r.equal ? 'yes' : 'NO'} (${Number(r.details.apart).toExponential(0)})`,
    r.adapter.replace(/^CPU( \([^)]*\))?, /, ''),
  ]);
  const widths = HEADER.map((name, c) => Math.max(name.length, ...cells.map((row) => row[c].length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, c) => cell.padEnd(widths[c])).join(' | ')} |\n`;
  return line(HEADER) + line(widths.map((w) => '-'.repeat(w))) + cells.map(line).join('');
}
