import type { Explanation } from '../../index.ts';
import { type Effect, effects } from './gloss.ts';
import type { Style } from './style.ts';

/** Columns before the heads: `layer 11`. */
const NAMES = 9;
const NOTHING = '·';

interface Place {
  readonly layer: number;
  /** Null for the MLP block. */
  readonly head: number | null;
}

/** Where a part of a model is: layer 3, head 7 of `3.7`; layer 3 of `mlp 3`. A patch of a picture is row 3, column 7. */
function placeOf(label: string): Place {
  const head = /^(\d+)\.(\d+)$/.exec(label);
  return head ? { layer: Number(head[1]), head: Number(head[2]) } : { layer: Number(label.replace(/\D/g, '')), head: null };
}

/**
 * What each head and block does alone as a map of the model, a line for each layer and a column for each head, or each patch as a map of the
 * picture, in stretches that fit the width; a dot where it is not clearly something. Nothing where all are dots.
 */
export function mapLines(e: Explanation, width: number, style: Style): string[] {
  const marks = effects(e);
  if (marks.every(({ mark }) => mark === '')) return [];
  if (e.lens === 'patches' && !e.players.every(({ label }) => /^\d+\.\d+$/.test(label))) return [];
  const lineName = e.lens === 'patches' ? 'row' : 'layer';
  const cells = e.players.map(({ label }, i) => ({ ...placeOf(label), ...marks[i] }));
  const layers = [...new Set(cells.map((c) => c.layer))];
  const heads = Math.max(...cells.map((c) => (c.head ?? -1) + 1));
  const columns: (number | null)[] = [...Array.from({ length: heads }, (_, h) => h), ...(cells.some((c) => c.head === null) ? [null] : [])];
  const wide = Math.max(4, ...marks.map(({ mark }) => mark.length + 1));
  const fit = Math.max(1, Math.floor((width - NAMES) / wide));
  const lines: string[] = [];
  for (let from = 0; from < columns.length; from += fit) {
    const shown = columns.slice(from, from + fit);
    lines.push(style.dim(' '.repeat(NAMES) + shown.map((h) => (h === null ? 'mlp' : String(h)).padStart(wide)).join('')).trimEnd());
    for (const layer of layers) {
      const drawn = shown.map((h) =>
        cell(
          cells.find((c) => c.layer === layer && c.head === h),
          wide,
          style,
        ),
      );
      lines.push(style.dim(`${lineName} ${layer}`.padEnd(NAMES)) + drawn.join(''));
    }
  }
  return lines;
}

function cell(found: Effect | undefined, wide: number, style: Style): string {
  if (!found) return ' '.repeat(wide);
  const text = found.mark === '' ? NOTHING : found.mark;
  return ' '.repeat(wide - text.length) + (found.mark === '' ? style.dim(text) : style.ink(found.sign, text));
}
