import { plainLabel } from '../../element.ts';
import type { Explanation } from '../../index.ts';
import { columnsOf, visible } from './columns.ts';
import { shortLabels } from './labels.ts';
import { decimalsFor } from './numbers.ts';
import type { Level, Style } from './style.ts';

/** A word or part of one that is printed in one piece. */
interface Atom {
  readonly text: string;
  readonly level: Level;
  /** −1 outside every player. */
  readonly player: number;
  /** ▲1.2 under the first atom of a player that has an effect. */
  readonly mark: string;
  readonly sign: number;
  /** Its place in the text as a small number, where the word stands there more than once. */
  readonly suffix: string;
  /** What stood before it: nothing, a blank inside its player, a blank between players, or a new line. */
  readonly before: 'none' | 'inside' | 'blank' | 'line';
}

/** Main effects below this share of the largest stay unmarked. */
const LEAST_SHARE = 0.1;

function levelOf(share: number, sign: number): Level {
  const strength = share > 0.66 ? 3 : share > 0.33 ? 2 : 1;
  return (sign > 0 ? strength : -strength) as Level;
}

export interface Effect {
  readonly level: Level;
  readonly mark: string;
  readonly sign: number;
}

const NOTHING: Effect = { level: 0, mark: '', sign: 0 };

/** What each player does alone, where it is clearly more than its error and not small beside the largest. */
export function effects({ players, interactions }: Explanation): Effect[] {
  const alone = new Map(interactions.filter((i) => i.members.length === 1).map((i) => [i.members[0], i]));
  const largest = Math.max(0, ...Array.from(alone.values(), (i) => Math.abs(i.value)));
  const decimals = Math.max(0, decimalsFor(largest) - 1);
  return players.map(({ id }) => {
    const found = alone.get(id);
    if (!found || Math.abs(found.value) < 2 * found.se || Math.abs(found.value) < LEAST_SHARE * largest || found.value === 0)
      return NOTHING;
    const sign = Math.sign(found.value);
    const mark = `${sign > 0 ? '▲' : '▼'}${Math.abs(found.value).toFixed(decimals)}`;
    return { level: levelOf(Math.abs(found.value) / largest, sign), mark, sign };
  });
}

/** The text cut into atoms; everything outside the players is kept, unmarked. */
function atomsOf(explanation: Explanation): Atom[] {
  const { text, players } = explanation;
  const marks = effects(explanation);
  const places = shortLabels(explanation).map(({ index }) => plainLabel({ word: '', index }));
  const atoms: Atom[] = [];
  let pending: Atom['before'] = 'none';
  const add = (piece: string, player: number) => {
    const parts = piece.split(/(\s+)/u).filter((part) => part !== '');
    const words = parts.filter((part) => part.trim() !== '').length;
    let word = 0;
    for (const part of parts) {
      if (part.trim() === '') {
        pending = /\n/.test(part) ? 'line' : pending === 'line' ? 'line' : 'blank';
        continue;
      }
      word++;
      const { level, mark, sign } = player < 0 ? NOTHING : marks[player];
      atoms.push({
        text: visible(part),
        player,
        level,
        sign,
        mark: word === 1 ? mark : '',
        suffix: player >= 0 && word === words ? places[player] : '',
        before: pending === 'blank' && word > 1 ? 'inside' : pending,
      });
      pending = 'none';
    }
  };
  let at = 0;
  for (const { id, start, end } of players) {
    add(text.slice(at, start), -1);
    add(text.slice(start, end), id);
    at = end;
  }
  add(text.slice(at), -1);
  return atoms;
}

/** A line of the text with the line of marks under it; empty where no word in it is marked. */
interface GlossRow {
  readonly line: string;
  readonly marks: string;
  /** Largest importance of its players: what is folded away last. */
  readonly weight: number;
}

/**
 * The text in lines, its words filled by what they do alone, and under each line the signs and sizes: colour is never alone.
 * A word is moved to the right where the number under the one before would run into its own. Of a text of more than `most` lines those
 * whose players do the most are kept, in place.
 */
export function glossLines(explanation: Explanation, width: number, style: Style, most = 16): string[] {
  const rows = glossRows(explanation, width, style);
  const kept = rows.length <= most ? null : heaviest(rows, most);
  const lines: string[] = [];
  let folded = 0;
  const unfold = () => {
    if (folded > 0) lines.push(style.dim(`⋯ ${folded} ${folded === 1 ? 'line' : 'lines'} that matter less`));
    folded = 0;
  };
  rows.forEach(({ line, marks }, i) => {
    if (kept && !kept.has(i)) {
      folded++;
      return;
    }
    unfold();
    lines.push(...[line, marks].filter((l) => l !== ''));
  });
  unfold();
  return lines;
}

function heaviest(rows: readonly GlossRow[], most: number): Set<number> {
  const order = rows.map((_, i) => i).sort((a, b) => rows[b].weight - rows[a].weight || a - b);
  return new Set(order.slice(0, most));
}

/** For each player, the largest effect that it has a part in. */
function importance({ players, interactions }: Explanation): number[] {
  const most = players.map(() => 0);
  for (const { members, value } of interactions) for (const m of members) most[m] = Math.max(most[m], Math.abs(value));
  return most;
}

function glossRows(explanation: Explanation, width: number, style: Style): GlossRow[] {
  const weights = importance(explanation);
  const rows: GlossRow[] = [];
  let line = '';
  let marks = '';
  let column = 0;
  let markColumn = 0;
  let weight = 0;
  const flush = () => {
    if (line !== '') rows.push({ line, marks, weight });
    [line, marks, column, markColumn, weight] = ['', '', 0, 0, 0];
  };
  for (const atom of atomsOf(explanation)) {
    const size = columnsOf(atom.text) + atom.suffix.length;
    let gap = atom.before === 'none' || column === 0 ? 0 : 1;
    const place = () => (atom.mark ? Math.max(gap, markColumn > 0 ? markColumn + 1 - column : 0) : gap);
    if (atom.before === 'line' || (column > 0 && column + place() + Math.max(size, atom.mark.length) > width)) {
      flush();
      gap = 0;
    }
    gap = place();
    line += atom.before === 'inside' && gap === 1 ? style.fill(atom.level, ' ') : ' '.repeat(gap);
    column += gap;
    if (atom.mark) {
      marks += ' '.repeat(column - markColumn) + style.ink(atom.sign, atom.mark);
      markColumn = column + atom.mark.length;
    }
    line += style.fill(atom.level, atom.text) + style.dim(atom.suffix);
    column += size;
    if (atom.player >= 0) weight = Math.max(weight, weights[atom.player]);
  }
  flush();
  return rows;
}
