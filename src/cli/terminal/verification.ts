import type { Explanation, Verification } from '../../index.ts';
import { columnsOf, padEnd, visible, wrap } from './columns.ts';
import { isOfModel, membersLabel, playerLabels, playersNoun } from './labels.ts';
import { decimalsFor, signed } from './numbers.ts';
import { deviceLines, trustLines } from './report.ts';
import type { Style } from './style.ts';

/** Masked words look like this, one dot a column. */
const DOT = '·';

interface Piece {
  readonly text: string;
  readonly kind: 'plain' | 'kept' | 'masked';
}

/** The text as pieces: members kept or dotted out, and of the rest what is at most `context` words from a member. */
function pieces(e: Explanation, members: readonly number[], kept: readonly number[], context: number): Piece[] {
  if (e.lens !== 'text') return partsOf(e, members, kept);
  const out: Piece[] = [];
  let folded = false;
  let at = 0;
  const plain = (text: string) => text !== '' && out.push({ text: visible(text), kind: 'plain' });
  for (const { id, start, end } of e.players) {
    const between = e.text.slice(at, start);
    at = end;
    if (!members.some((m) => Math.abs(m - id) <= context)) {
      if (!folded) plain(out.length > 0 ? ' … ' : '… ');
      folded = true;
      continue;
    }
    if (!folded) plain(between);
    folded = false;
    const word = visible(e.text.slice(start, end));
    if (!members.includes(id)) plain(word);
    else if (kept.includes(id)) out.push({ text: word, kind: 'kept' });
    else out.push({ text: DOT.repeat(columnsOf(word)), kind: 'masked' });
  }
  if (!folded) plain(e.text.slice(at));
  return out;
}

/** Players that are no pieces of the text by their labels, those that are off dotted out; the others are on. */
function partsOf(e: Explanation, members: readonly number[], kept: readonly number[]): Piece[] {
  const labels = playerLabels(e);
  return members.flatMap((m, i): Piece[] => [
    ...(i > 0 ? [{ text: '  ', kind: 'plain' as const }] : []),
    kept.includes(m) ? { text: labels[m], kind: 'kept' } : { text: DOT.repeat(columnsOf(labels[m])), kind: 'masked' },
  ]);
}

const columnsOfPieces = (line: readonly Piece[]) => line.reduce((sum, { text }) => sum + columnsOf(text), 0);

/** As many words around the members as fit into `room` columns; the members alone where not even those do. */
function contextFor(e: Explanation, members: readonly number[], room: number): number {
  for (const context of [Number.POSITIVE_INFINITY, 8, 5, 3, 2, 1])
    if (columnsOfPieces(pieces(e, members, members, context)) <= room) return context;
  return 0;
}

function drawn(line: readonly Piece[], style: Style): string {
  return line.map(({ text, kind }) => (kind === 'kept' ? style.bold(text) : kind === 'masked' ? style.dim(text) : text)).join('');
}

/** A verification as lines: each masked text with what the model says beside what the explanation predicts. */
export function verificationLines(v: Verification, width: number, style: Style): string[] {
  const e = v.explanation;
  const labels = playerLabels(e);
  const all = v.corners.flatMap((c) => [c.measured, c.predicted]);
  const largest = all.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // Two digits at least, as everywhere else that a scalar of ordinary size is shown; more where the joint effect is small beside it.
  const decimals = largest < 1000 ? Math.max(2, Math.min(4, decimalsFor(Math.abs(v.joint.measured)))) : 0;
  const number = (value: number) => signed(value, decimals).padStart(13);
  const room = width - 26;
  const context = contextFor(e, v.members, room);
  const texts = v.corners.map(({ kept }) => pieces(e, v.members, kept, context));
  const control = v.control ? `joint effect of ${membersLabel(v.control.members, labels)}, a control` : '';
  const names = Math.min(room, Math.max(...texts.map(columnsOfPieces), columnsOf(control), 24));
  const line = (name: string, columns: number, measured: number, predicted: number) => {
    const numbers = number(measured) + number(predicted);
    // A name that is too long stands alone.
    return columns > names ? [name, ' '.repeat(names) + numbers] : [name + ' '.repeat(names - columns) + numbers];
  };
  const plainLine = (name: string, { measured, predicted }: Verification['joint']) => line(name, columnsOf(name), measured, predicted);
  return [
    ...wrap(`${membersLabel(v.members, labels)}: ${e.scalar} of ${visible(e.target)}, ${turned(e)} in turn`, width).map(style.bold),
    '',
    style.dim(`${padEnd('', names)}${'model'.padStart(13)}${'explanation'.padStart(13)}`),
    ...v.corners.flatMap((c, i) => line(drawn(texts[i], style), columnsOfPieces(texts[i]), c.measured, c.predicted)),
    '',
    ...plainLine('joint effect', v.joint).map(style.bold),
    ...(v.control ? plainLine(control, v.control.joint) : []),
    '',
    ...wrap(note(v), width),
    ...trustLines(e, width, style),
    ...deviceLines(e)
      .flatMap((l) => wrap(l, width))
      .map(style.dim),
  ];
}

function turned(e: Explanation): string {
  if (e.lens === 'data') return 'examples left out';
  return isOfModel(e) ? `${e.lens} switched off` : e.lens === 'columns' ? 'columns at their baseline' : `${playersNoun(e)} masked`;
}

/** With the other players as they are. */
const HERE: Readonly<Record<string, string>> = {
  text: 'in this very text',
  data: 'with all others trained on',
  columns: 'in this very row',
  patches: 'in this very picture',
  windows: 'in this very sound',
};

/** What the joint effect is, and what the index is instead: the two must not be compared. */
function note({ index, explanation: e }: Verification): string {
  const players = playersNoun(e);
  const here = HERE[e.lens] ?? 'with all others on';
  const joint = `Joint effect: what the ${players} do together beyond what they do apart, ${here} (inclusion–exclusion over the rows above).`;
  if (!index) return joint;
  const decimals = decimalsFor(Math.abs(index.value));
  const value = `${signed(index.value, decimals)}${index.se > 0 ? ` ± ${index.se.toFixed(decimals)}` : ''}`;
  const averaged =
    e.index === 'Fourier' || e.index === 'Moebius' ? 'is on another scale' : `is a mean over maskings of the other ${players}`;
  return `${joint} Its ${index.name}, ${value}, ${averaged}: another number, not a prediction of this one.`;
}
