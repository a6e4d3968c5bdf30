import { type Row, spaced } from '../../bench.ts';
import { columnsOf, padEnd, visible, wrap } from './columns.ts';
import type { Style } from './style.ts';

function compared({ peer, peerName, ratio, equal }: Row): string {
  const said = [
    peer !== null && `${peerName ?? 'peer'}: ${peer}${ratio === null ? '' : `, ratio ${ratio}`}`,
    equal !== null && (equal ? 'same numbers' : 'NOT THE SAME NUMBERS'),
  ];
  return said.filter(Boolean).join(', ');
}

/** Benchmark rows as lines: what was measured, how much, then under it the details. */
export function rowLines(rows: readonly Row[], width: number, style: Style): string[] {
  const ids = Math.max(0, ...rows.map((r) => columnsOf(r.id)));
  const numbers = rows.map((r) => `${r.ours} ${r.unit}`);
  const widest = Math.max(0, ...numbers.map(columnsOf));
  return rows.flatMap((row, i) => {
    const details = Object.entries(row.details).map(([name, value]) => `${spaced(name)} ${value}`);
    const under = [compared(row), `on ${visible(row.adapter)}`, ...details, `commit ${row.commit}`].filter((s) => s !== '').join(' · ');
    return [
      `${style.bold(padEnd(row.id, ids))}  ${numbers[i].padStart(widest)}  ${row.title}`,
      ...wrap(under, width - 2).map((line) => style.dim(`  ${line}`)),
    ];
  });
}
