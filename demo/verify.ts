import { arePieces, barLayout, niceScale, readableLabels, shorten, signed } from '../src/element.ts';
import type { Explanation, Verification } from '../src/index.ts';
import { strings } from './strings.ts';

const words = strings.verification;

/** Width of the bars, and their room beyond the scale. */
const WIDTH = 200;
const REACH = 1.05;

/** Characters of a player's label. */
export const LONGEST_NAME = 40;

/** The 2ᵏ masked texts with the model's answer beside the prediction, both joint effects, a control, and what the index is instead. */
export function drawVerification({ explanation: e, members, corners, joint, control, index }: Verification): HTMLElement {
  const labels = readableLabels(e).map((label) => shorten(label, LONGEST_NAME));
  const compared = control ? [...corners, joint, control.joint] : [...corners, joint];
  const scale = niceScale(Math.max(...compared.flatMap((c) => [Math.abs(c.measured), Math.abs(c.predicted)])));
  const names = (some: readonly number[]) => some.map((m) => labels[m]).join(' × ');
  const body = document.createElement('tbody');
  for (const { kept, measured, predicted } of corners) body.append(line(maskedText(e, kept, members), measured, predicted, scale));
  body.append(line([words.joint], joint.measured, joint.predicted, scale, 'total'));
  if (control) {
    const name = words.control(names(control.members), !joined(e, control.members));
    body.append(line([name], control.joint.measured, control.joint.predicted, scale, 'control'));
  }
  const table = document.createElement('table');
  table.setAttribute('aria-label', 'Verification');
  table.append(heading(arePieces(e) ? words.text : words.kept), body);
  const box = node('div', 'verification');
  box.append(
    node('h3', '', words.heading(names(members))),
    table,
    node('p', 'note', words.note(signed(index?.value ?? 0), e.index, e.scalar)),
  );
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

function heading(first: string): HTMLElement {
  const head = document.createElement('thead');
  const row = document.createElement('tr');
  const columns = [
    ['', first],
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
  const bar = (value: number) => barLayout({ value, se: 0 }, scale * REACH, WIDTH);
  const { x, width, zero } = bar(measured);
  const tick = bar(predicted).low;
  const svg = shape('svg', { viewBox: `0 0 ${WIDTH} 18`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  svg.append(
    shape('line', { class: 'zero', x1: zero, x2: zero, y1: 0, y2: 18 }),
    shape('rect', { class: `said ${measured < 0 ? 'neg' : 'pos'}`, x, width, y: 5, height: 8 }),
    shape('line', { class: 'guess', x1: tick, x2: tick, y1: 2, y2: 16 }),
  );
  return svg;
}

/** Words farther than this from every member are left out of a long text. */
const CONTEXT = 5;

/** The text with absent members as gaps and present ones in bold; far-off stretches are folded. */
function maskedText(e: Explanation, kept: readonly number[], members: readonly number[]): (Node | string)[] {
  const fold = e.players.length > 24;
  const near = (player: number) => !fold || members.some((m) => Math.abs(m - player) <= CONTEXT);
  if (!arePieces(e)) return members.flatMap((m, i) => [i > 0 ? ', ' : '', memberMark(e.players[m].label, kept.includes(m), LONGEST_NAME)]);
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
        ? memberMark(e.text.slice(p.start, p.end) || p.label, kept.includes(p.id))
        : e.text.slice(p.start, p.end) || `${p.label} `,
    );
  }
  if (!folded) out.push(e.text.slice(at));
  return out;
}

function memberMark(text: string, present: boolean, most = Number.POSITIVE_INFINITY): HTMLElement {
  const short = shorten(text, most);
  const made = node('span', present ? 'member' : 'gap', short);
  if (short !== text) made.title = text;
  if (!present) {
    made.setAttribute('role', 'img');
    made.setAttribute('aria-label', `${text} ${words.masked}`);
  }
  return made;
}
