import type { ComparedMethod, Comparison, Explanation } from '../../index.ts';
import { columnsOf, padEnd, shorten, visible, wrap } from './columns.ts';
import { membersLabel, playerLabels } from './labels.ts';
import { count, decimalsFor, signed } from './numbers.ts';
import type { Style } from './style.ts';

/** A comparison and what it is of. */
export interface Compared {
  readonly comparison: Comparison;
  readonly title: string;
  readonly players: Explanation['players'];
}

/** Largest effects shown of each method. */
const EFFECTS = 3;

const r2 = (value: number) => (value < -9.99 ? '<−9.99' : value.toFixed(2).replace('-', '−'));

/** Several methods as lines, best first: R² on the same masks with its interval, passes, and the largest effects of each. */
export function comparisonLines({ comparison: c, title, players }: Compared, width: number, style: Style): string[] {
  const labels = playerLabels({ players });
  const named = ({ method, explanation: { fit } }: ComparedMethod) => (method === fit.chosen ? method : `${method}: ${fit.chosen}`);
  const names = Math.min(36, Math.max(...c.methods.map((m) => columnsOf(named(m))), 6));
  const head = `${padEnd('method', names)}      R²   95 % interval  passes  index`;
  const effects = ({ explanation: { interactions, index } }: ComparedMethod) => {
    const largest = interactions.slice(0, EFFECTS).filter(({ value }) => value !== 0);
    const decimals = decimalsFor(Math.max(...largest.map(({ value }) => Math.abs(value)), 0));
    return { index, said: largest.map((i) => `${membersLabel(i.members, labels)} ${signed(i.value, decimals)}`).join(', ') };
  };
  const rows = c.methods.flatMap((m) => {
    const { index, said } = effects(m);
    const interval = `${r2(m.r2Low)} to ${r2(m.r2High)}`;
    const line = `${padEnd(shorten(named(m), names), names)}  ${r2(m.r2).padStart(6)}  ${interval.padStart(15)}  ${count(m.queries).padStart(6)}  ${index}`;
    return [line, ...wrap(said, width - 4).map((text) => style.dim(`    ${text}`))];
  });
  const asked = c.methods.reduce((sum, m) => sum + m.queries, 0);
  const notes = [
    `R² on the same ${count(c.heldOut)} masks, which no method has fitted, beside a budget of ${count(c.budget)} passes each · seed ${c.seed} · ${count(c.queries)} distinct passes in all, of ${count(asked)} asked for.`,
    ...c.skipped.map(({ method, reason }) => `${method} was left out: ${visible(reason)}`),
  ];
  return [style.bold(visible(title)), '', style.dim(head), ...rows, '', ...notes.flatMap((note) => wrap(note, width))];
}
