import type { Explanation, Interaction } from '../explain/document.ts';
import { uncertain } from './choose.ts';
import { decimal } from './mark.ts';

/** A piece of the text as it is drawn: a player, or what lies between players. */
export interface TextRun {
  readonly text: string;
  readonly player: number | null;
}

/** Whether the players are pieces of the text. */
export function arePieces(e: Pick<Explanation, 'players'>): boolean {
  return e.players.every((p) => p.end > p.start);
}

/** The layer of a model's part, 3 of `3.7` and of `mlp 3`; undefined for other players. */
function layerOf(label: string): string | undefined {
  const found = /^(?:mlp (\d+)|(\d+)\.\d+)$/.exec(label);
  return found?.[1] ?? found?.[2];
}

/** Labels longer than this are sentences, and read one by one. */
const LONG_LABEL = 30;

/** What stands between players that are no pieces of a text: each layer of a model, and each long label, begins a line. */
function gapsBetween(players: Explanation['players']): (i: number) => string {
  const long = players.some((p) => p.label.length > LONG_LABEL);
  return (i) => (long || layerOf(players[i].label) !== layerOf(players[i - 1].label) ? '\n' : ' ');
}

/** The whole text in order, cut at the players; labels with blanks between where the players are not pieces of a text. */
export function textRuns(e: Pick<Explanation, 'players' | 'text'>): TextRun[] {
  if (!arePieces(e)) {
    const gap = gapsBetween(e.players);
    return e.players.flatMap((p, i) => [...(i > 0 ? [{ text: gap(i), player: null }] : []), { text: p.label, player: p.id }]);
  }
  const runs: TextRun[] = [];
  let at = 0;
  for (const p of e.players) {
    if (p.start > at) runs.push({ text: e.text.slice(at, p.start), player: null });
    runs.push({ text: e.text.slice(p.start, p.end), player: p.id });
    at = p.end;
  }
  if (at < e.text.length) runs.push({ text: e.text.slice(at), player: null });
  return runs;
}

/** Sizes of the lanes in pixels. */
export const LANE = {
  height: 30,
  head: 34,
  side: 10,
  gap: 6,
  pad: 18,
  narrowest: 34,
  fold: 36,
  depth: 15,
  thinnest: 2,
  thickest: 6.5,
  /** Characters of a label, and of each where those make the lanes wider than `roomy`. */
  letters: 22,
  fewLetters: 14,
  roomy: 860,
} as const;

/** A word above the lanes, or (player null) how many are folded away between two words. */
export interface Column {
  readonly player: number | null;
  readonly label: string;
  readonly centre: number;
  readonly width: number;
}

/** One interaction: an arc from word to word, or a comb with a tooth and a dot at each of three words or more. */
export interface Lane {
  readonly interaction: Interaction;
  /** Top of the lane. */
  readonly y: number;
  readonly path: string;
  readonly dots: readonly { readonly x: number; readonly y: number }[];
  readonly thickness: number;
  readonly dashed: boolean;
}

export interface Score {
  readonly width: number;
  readonly height: number;
  readonly columns: readonly Column[];
  readonly lanes: readonly Lane[];
  /** From a word down to the lowest lane that uses it. */
  readonly guides: readonly { readonly x: number; readonly bottom: number }[];
}

export interface ScoreOptions {
  readonly labels: readonly string[];
  readonly shown: readonly Interaction[];
  /** The value drawn with the thickest line. */
  readonly scale: number;
  /** Width of a label in pixels. */
  readonly measure: (label: string) => number;
  readonly direction: 'ltr' | 'rtl';
}

/** One line of words like sheet music: a column for each word of a shown interaction, others folded, one lane for each interaction. */
export function scoreLayout({ labels, shown, scale, measure, direction }: ScoreOptions): Score {
  const used = new Set(shown.flatMap((i) => i.members));
  const wide = columnsOf(labels, used, measure, LANE.letters);
  const { columns, width } = wide.width <= LANE.roomy ? wide : columnsOf(labels, used, measure, LANE.fewLetters);
  const turned = direction === 'rtl' ? columns.map((c) => ({ ...c, centre: width - c.centre })) : columns;
  const centres = new Map(turned.map((c) => [c.player, c.centre]));
  const lanes = shown.map((interaction, row) => {
    const xs = interaction.members.map((m) => centres.get(m) as number).sort((a, b) => a - b);
    return laneOf(interaction, xs, LANE.head + row * LANE.height, scale);
  });
  const guides = turned
    .filter((c) => c.player !== null)
    .map((c) => {
      const lowest = lanes.findLast((l) => l.interaction.members.includes(c.player as number));
      return { x: c.centre, bottom: (lowest?.y ?? 0) + 6 };
    });
  return { width, height: LANE.head + shown.length * LANE.height, columns: turned, lanes, guides };
}

function columnsOf(
  labels: readonly string[],
  used: ReadonlySet<number>,
  measure: (label: string) => number,
  letters: number,
): { columns: Column[]; width: number } {
  const columns: Column[] = [];
  let x: number = LANE.side;
  let folded = 0;
  const add = (player: number | null, label: string, width: number) => {
    columns.push({ player, label, centre: x + width / 2, width });
    x += width + LANE.gap;
  };
  const fold = () => {
    if (folded > 0) add(null, `…${folded}`, LANE.fold);
    folded = 0;
  };
  labels.forEach((label, player) => {
    if (!used.has(player)) {
      folded++;
      return;
    }
    fold();
    const short = shorten(label, letters);
    add(player, short, Math.max(LANE.narrowest, measure(short) + LANE.pad));
  });
  fold();
  return { columns, width: x - LANE.gap + LANE.side };
}

/** At most `most` characters as people count them, the last an ellipsis where some were cut. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const characters = Array.from(new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text), (s) => s.segment);
  return characters.length <= most
    ? text
    : `${characters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`;
}

function laneOf(interaction: Interaction, xs: readonly number[], y: number, scale: number): Lane {
  const top = y + 7;
  const bottom = top + LANE.depth;
  const first = xs[0];
  const last = xs[xs.length - 1];
  const arc = xs.length === 2;
  const n = decimal;
  const reach = Math.min(22, (last - first) / 2);
  return {
    interaction,
    y,
    path: arc
      ? `M${n(first)} ${top}C${n(first)} ${n(bottom)} ${n(first + reach * 0.5)} ${n(bottom)} ${n(first + reach)} ${n(bottom)}H${n(last - reach)}C${n(last - reach * 0.5)} ${n(bottom)} ${n(last)} ${n(bottom)} ${n(last)} ${top}`
      : `M${n(first)} ${n(bottom - 2)}H${n(last)}${xs.map((x) => `M${n(x)} ${top}V${n(bottom - 2)}`).join('')}`,
    dots: arc ? [] : xs.map((x) => ({ x, y: bottom - 2 })),
    thickness: LANE.thinnest + (LANE.thickest - LANE.thinnest) * Math.min(1, Math.abs(interaction.value) / scale),
    dashed: uncertain(interaction),
  };
}

/** A bar from zero with a whisker of ± 2 standard errors, in a box of given width with zero in the middle; ends are clipped to it. */
export interface Bar {
  readonly x: number;
  readonly width: number;
  readonly zero: number;
  readonly low: number;
  readonly high: number;
}

/** The bar of a value on a scale that reaches ± `reach` at the edges. */
export function barLayout({ value, se }: Pick<Interaction, 'value' | 'se'>, reach: number, width: number): Bar {
  const at = (v: number) => (width / 2) * (1 + Math.max(-1, Math.min(1, v / reach)));
  const zero = width / 2;
  const end = at(value);
  return { x: Math.min(zero, end), width: Math.abs(end - zero), zero, low: at(value - 2 * se), high: at(value + 2 * se) };
}

/** One look at a running explanation. */
export interface Look {
  readonly queries: number;
  readonly budget: number;
  readonly r2: number;
  readonly r2Low: number;
  readonly r2High: number;
  /** The five largest effects, as a string to compare. */
  readonly top: string;
}

/** The look that an explanation is. */
export function lookOf(e: Explanation): Look {
  const top = [...e.interactions]
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, 5)
    .map((i) => i.members.join(' '))
    .sort()
    .join(',');
  const { queries, budget, r2, r2Low, r2High } = e.fit;
  return { queries, budget, r2, r2Low, r2High, top };
}

export interface Curve {
  readonly points: readonly { readonly x: number; readonly y: number; readonly look: Look }[];
  readonly line: string;
  readonly band: string;
  readonly ticks: readonly { readonly x: number; readonly queries: number }[];
  /** Where the five largest effects last changed; null with a single look. */
  readonly stableSince: { readonly x: number; readonly queries: number } | null;
}

/** The convergence curve in a box: x = log passes, y = R² from 0 (bottom, and all below it) to 1, the interval as a band. */
export function curveLayout(looks: readonly Look[], width: number, height: number): Curve {
  const most = Math.max(...looks.map((l) => Math.max(l.budget, l.queries)), 2);
  const least = Math.min(64, most / 2, ...looks.map((l) => l.queries));
  const x = (queries: number) => (width * Math.log(queries / least)) / Math.log(most / least);
  const y = (r2: number) => height * (1 - Math.max(0, Math.min(1, r2)));
  const at = (px: number, py: number) => `${decimal(px)} ${decimal(py)}`;
  const points = looks.map((look) => ({ x: x(look.queries), y: y(look.r2), look }));
  const upper = looks.map((l) => at(x(l.queries), y(l.r2High)));
  const lower = looks.map((l) => at(x(l.queries), y(l.r2Low))).reverse();
  const settled = looks.findLastIndex((l, i) => i > 0 && l.top !== looks[i - 1].top);
  const stable = looks.length < 2 ? null : looks[Math.max(0, settled)];
  return {
    points,
    line: points.length > 0 ? `M${points.map((p) => at(p.x, p.y)).join('L')}` : '',
    band: points.length > 1 ? `M${[...upper, ...lower].join('L')}Z` : '',
    ticks: ticksOf(least, most).map((queries) => ({ x: x(queries), queries })),
    stableSince: stable && { x: x(stable.queries), queries: stable.queries },
  };
}

/** The two ends and, where there is room, powers of two between them. */
function ticksOf(least: number, most: number): number[] {
  const steps = Math.log2(most / least);
  const every = Math.max(1, Math.ceil(steps / 4));
  const out: number[] = [];
  for (let q = least; q < most / Math.max(1.3, 2 ** (every - 0.5)); q *= 2 ** every) out.push(Math.round(q));
  return [...out, most];
}

/** Widths of characters in a 13 px sans-serif, roughly: for drawings made where no text can be measured. */
export function guessWidth(label: string): number {
  let width = 0;
  for (const c of label)
    width += /[\u1100-\u115f\u2e80-\uffdc]|\p{Emoji_Presentation}/u.test(c)
      ? 13.5
      : /[ilj.,:;'|!ft₀-₉]/.test(c)
        ? 4.6
        : /[mwMW@…]/.test(c)
          ? 11.5
          : /[A-Z]/.test(c)
            ? 9
            : 7.4;
  return width;
}
