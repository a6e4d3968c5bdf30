import { type Explanation, jointEffect, predictRows } from '../src/index.ts';
import { signed, strings } from './strings.ts';

/** Largest interaction that is verified: 2⁴ passes, and four more for the control. */
export const MOST_MEMBERS = 4;
const words = strings.verification;

/** Corners of one set of players with the model's answers. */
export interface Measured {
  readonly members: readonly number[];
  readonly rows: readonly (readonly number[])[];
  readonly values: ArrayLike<number>;
}

export interface Verification {
  readonly explanation: Explanation;
  readonly labels: readonly string[];
  readonly main: Measured;
  readonly control: Measured | null;
}

/** The 2ᵏ masked texts with the model's answer beside the prediction, both joint effects, a control, and what the index is instead. */
export function drawVerification({ explanation: e, labels, main, control }: Verification): HTMLElement {
  const predicted = predictRows(e, main.rows);
  const all = [...Array.from(main.values), ...predicted, jointEffect(main.values), jointEffect(predicted)];
  const scale = all.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-9);
  const names = (members: readonly number[]) => members.map((m) => labels[m]).join(' × ');
  const body = document.createElement('tbody');
  main.rows.forEach((row, i) => {
    body.append(line(maskedText(e, row, main.members), main.values[i], predicted[i], scale));
  });
  body.append(line([words.joint], jointEffect(main.values), jointEffect(predicted), scale, 'total'));
  if (control) {
    const guess = jointEffect(predictRows(e, control.rows));
    body.append(
      line([words.control(names(control.members), !joined(e, control.members))], jointEffect(control.values), guess, scale, 'control'),
    );
  }
  const table = document.createElement('table');
  table.setAttribute('aria-label', 'Verification');
  table.append(heading(), body);
  const value = e.interactions.find((i) => i.members.join() === main.members.join())?.value ?? 0;
  const box = node('div', 'verification');
  box.append(node('h3', '', words.heading(names(main.members))), table, node('p', 'note', words.note(signed(value), e.index, e.scalar)));
  return box;
}

/** Whether some frequency of the explanation holds both. */
function joined(e: Explanation, pair: readonly number[]): boolean {
  return e.spectrum.some(({ members }) => pair.every((m) => members.includes(m)));
}

function node(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function heading(): HTMLElement {
  const head = document.createElement('thead');
  const row = document.createElement('tr');
  const columns = [
    ['', words.text],
    ['number', words.model],
    ['number', words.explanation],
  ];
  for (const [className, text] of columns) {
    const cell = node('th', className, text);
    cell.setAttribute('scope', 'col');
    row.append(cell);
  }
  row.append(node('td', 'bars'));
  head.append(row);
  return head;
}

function line(text: readonly (Node | string)[], measured: number, predicted: number, scale: number, className = ''): HTMLElement {
  const row = node('tr', className);
  const name = node('th', '');
  name.setAttribute('scope', 'row');
  name.dir = 'auto';
  name.append(...text);
  const bars = node('td', 'bars');
  bars.append(barOf(measured, predicted, scale));
  row.append(name, node('td', 'number', signed(measured)), node('td', 'number', signed(predicted)), bars);
  return row;
}

function barOf(measured: number, predicted: number, scale: number): SVGElement {
  const shape = (tag: string, attributes: Record<string, string | number>) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
    return made;
  };
  const at = (value: number) => 100 + (95 * value) / scale;
  const svg = shape('svg', { viewBox: '0 0 200 18', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  svg.append(
    shape('line', { class: 'zero', x1: 100, x2: 100, y1: 0, y2: 18 }),
    shape('rect', {
      class: `said ${measured < 0 ? 'neg' : 'pos'}`,
      x: Math.min(100, at(measured)),
      width: Math.abs(at(measured) - 100),
      y: 5,
      height: 8,
    }),
    shape('line', { class: 'guess', x1: at(predicted), x2: at(predicted), y1: 2, y2: 16 }),
  );
  return svg;
}

/** Words farther than this from every member are left out of a long text. */
const CONTEXT = 5;

/** The text with absent members as gaps and present ones in bold; far-off stretches are folded. */
function maskedText(e: Explanation, row: readonly number[], members: readonly number[]): (Node | string)[] {
  const fold = e.players.length > 24;
  const near = (player: number) => !fold || members.some((m) => Math.abs(m - player) <= CONTEXT);
  const out: (Node | string)[] = [];
  let at = 0;
  let folded = false;
  for (const p of e.players) {
    const between = e.text.slice(at, p.start);
    at = p.end;
    if (!near(p.id)) {
      if (!folded) out.push(' … ');
      folded = true;
      continue;
    }
    out.push(folded ? '' : between);
    folded = false;
    out.push(
      members.includes(p.id)
        ? memberMark(e.text.slice(p.start, p.end) || p.label, row[p.id] === 1)
        : e.text.slice(p.start, p.end) || `${p.label} `,
    );
  }
  if (!folded) out.push(e.text.slice(at));
  return out;
}

function memberMark(text: string, present: boolean): HTMLElement {
  const made = node('span', present ? 'member' : 'gap', text);
  if (!present) {
    made.setAttribute('role', 'img');
    made.setAttribute('aria-label', `${text} ${words.masked}`);
  }
  return made;
}
