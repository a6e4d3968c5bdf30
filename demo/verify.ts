import type { Explanation } from '../src/index.ts';
import { nameOf, predictFor, signed, textOf } from './words.ts';

/** Rows of masks, one for each corner of the members: all kept first; members absent by the bits of the corner. */
export function corners(players: number, members: readonly number[]): number[][] {
  return Array.from({ length: 2 ** members.length }, (_, c) => {
    const row = new Array<number>(players).fill(1);
    members.forEach((m, i) => {
      if ((c >> i) & 1) row[m] = 0;
    });
    return row;
  });
}

/** Joint effect on this text by inclusion–exclusion: Σ (−1)^(members absent) value. */
export function jointEffect(values: ArrayLike<number>): number {
  let sum = 0;
  for (let c = 0; c < values.length; c++) sum += (c.toString(2).replaceAll('0', '').length % 2 ? -1 : 1) * values[c];
  return sum;
}

/** Two players that no shown interaction joins: their joint effect should be near nothing. */
export function controlPair(e: Explanation): number[] | null {
  const joined = new Set(e.interactions.filter((i) => i.members.length > 1 && Math.abs(i.value) >= 2 * i.se).flatMap((i) => i.members.flatMap((a) => i.members.map((b) => `${a},${b}`))));
  for (let gap = Math.max(1, Math.floor(e.players.length / 2)); gap < e.players.length; gap++)
    for (let a = 0; a + gap < e.players.length; a++) if (!joined.has(`${a},${a + gap}`)) return [a, a + gap];
  return null;
}

function cell(text: string, className = ''): HTMLTableCellElement {
  const td = document.createElement('td');
  td.className = className;
  td.textContent = text;
  return td;
}

/** The text with absent players as gaps. */
function maskedText(e: Explanation, row: readonly number[]): HTMLTableCellElement {
  const td = document.createElement('td');
  for (const { text, player } of textOf(e)) {
    const gap = player !== null && row[player] === 0;
    const span = document.createElement('span');
    if (gap) span.className = 'gap';
    span.textContent = gap ? '＿＿' : text;
    td.append(span);
  }
  return td;
}

/** The 2^k texts with the model's answer beside the explanation's, and both joint effects; the index is stated apart, because it averages. */
export function verification(e: Explanation, members: readonly number[], measured: ArrayLike<number>, control: { members: readonly number[]; measured: ArrayLike<number> } | null): HTMLElement {
  const rows = corners(e.players.length, members);
  const predicted = rows.map((row) => predictFor(e, row));
  const box = document.createElement('div');
  const table = document.createElement('table');
  table.createCaption().textContent = `${members.map((m) => nameOf(e, m)).join(' × ')} on the real model`;
  const head = table.createTHead().insertRow();
  for (const [title, className] of [['Text', ''], [`Model (${e.scalar})`, 'number'], ['Explanation', 'number']]) {
    const th = document.createElement('th');
    th.textContent = title;
    th.className = className;
    head.append(th);
  }
  const body = table.createTBody();
  rows.forEach((row, c) => {
    body.insertRow().append(maskedText(e, row), cell(signed(measured[c]), 'number'), cell(signed(predicted[c]), 'number'));
  });
  const joint = body.insertRow();
  joint.append(cell('Joint effect on this text'), cell(signed(jointEffect(measured)), 'number'), cell(signed(jointEffect(predicted)), 'number'));
  if (control) {
    const there = corners(e.players.length, control.members).map((row) => predictFor(e, row));
    const names = control.members.map((m) => nameOf(e, m)).join(' and ');
    body.insertRow().append(cell(`For comparison, two words with no arc: ${names}`), cell(signed(jointEffect(control.measured)), 'number'), cell(signed(jointEffect(there)), 'number'));
  }
  const index = e.interactions.find((i) => i.members.join() === members.join());
  const note = document.createElement('p');
  note.textContent = index
    ? `The ${signed(index.value)} in the table above is ${e.index}, an average over maskings of the other words, so it need not equal the joint effect on this one text.`
    : '';
  box.append(table, note);
  return box;
}
