import type { RemovalCheck } from '../../index.ts';
import { columnsOf, padEnd, visible, wrap } from './columns.ts';
import { playerLabels, playersNoun } from './labels.ts';
import { decimalsFor, percent, signed } from './numbers.ts';
import { deviceLines, trustLines } from './report.ts';
import type { Style } from './style.ts';

const NUMBER_COLUMNS = 13;

/** A removal search as lines: for each number of players removed, which, and what the model says then beside the explanation. */
export function removalLines(found: RemovalCheck, width: number, style: Style): string[] {
  const e = found.explanation;
  const labels = playerLabels(e);
  const all = [found.full, ...found.steps, found.control].flatMap((row) => [row.measured, row.predicted]);
  const decimals = Math.max(2, Math.min(4, decimalsFor(Math.max(...all.map(Math.abs)))));
  const number = (value: number) => signed(value, decimals).padStart(NUMBER_COLUMNS);
  const named = (members: readonly number[]) => members.map((i) => labels[i]).join(', ');
  const names = ['nothing', ...found.steps.map(({ members }) => named(members)), `${named(found.control.members)}, drawn by chance`];
  const room = width - 2 * NUMBER_COLUMNS;
  const column = Math.min(room, Math.max(16, ...names.map(columnsOf)));
  const line = (name: string, { measured, predicted }: { measured: number; predicted: number }): string[] => {
    const parts = wrap(name, column);
    return parts.map((part, i) => (i === 0 ? padEnd(part, column) + number(measured) + number(predicted) : part));
  };
  const one = playersNoun(e);
  return [
    ...wrap(`${e.scalar} of ${visible(e.target)} without the ${one} that move it most`, width).map(style.bold),
    '',
    style.dim(`${padEnd('without', column)}${'model'.padStart(NUMBER_COLUMNS)}${'explanation'.padStart(NUMBER_COLUMNS)}`),
    ...names.flatMap((name, i) => line(name, i === 0 ? found.full : (found.steps[i - 1] ?? found.control))),
    '',
    ...wrap(conclusion(found, one), width),
    ...trustLines(e, width, style),
    ...deviceLines(e)
      .flatMap((text) => wrap(text, width))
      .map(style.dim),
  ];
}

/** How far the model moved, and whether the search was complete. */
function conclusion({ full, steps, control }: RemovalCheck, one: string): string {
  const last = steps[steps.length - 1];
  const moved = (row: { measured: number }) => Math.abs(row.measured - full.measured);
  const share = full.measured === 0 ? '' : ` (${percent(moved(last) / Math.abs(full.measured))} of its size)`;
  const against =
    moved(control) > 0 ? `, ${(moved(last) / moved(control)).toFixed(1)} times as far as without as many drawn by chance` : '';
  const unproven = steps.filter(({ proven }) => !proven).map(({ members }) => members.length);
  const search =
    unproven.length === 0
      ? `By the explanation no other ${one} move it further.`
      : `For ${unproven.length === 1 ? unproven[0] : `${unproven[0]} to ${unproven[unproven.length - 1]}`} ${one} the search is not exhaustive: others may move it further.`;
  const size = last.members.length;
  return `Without ${size === 1 ? 'it' : `those ${size}`} the model moves by ${moved(last).toPrecision(3)}${share}${against}. ${search}`;
}
