import type { Explanation, Interaction } from '../explain/document.ts';
import {
  type Grade,
  gradeOf,
  keyOf,
  mainEffects,
  niceScale,
  readableLabels,
  realInteractions,
  topInteractions,
  uncertain,
} from './choose.ts';
import { directionOf } from './format.ts';
import { type Strings, stringsFor } from './lens-strings.ts';
import { guessWidth, type Look } from './marks.ts';
import { project } from './surrogate.ts';

/** Values that are drawn largest: of every interaction, and of words by themselves. */
export interface Scales {
  readonly all: number;
  readonly words: number;
}

/** What a reader has done to the drawing. */
export interface ViewState {
  /** Players switched off. */
  readonly off: ReadonlySet<number>;
  /** The model's own answer with those off; `asking` while it is under way, null where nobody was asked. */
  readonly measured: number | 'asking' | null;
  /** Members of the interaction, or the player, under the pointer or the focus. */
  readonly lit: readonly number[] | null;
  /** Key of the interaction chosen for verification. */
  readonly selected: string | null;
  /** The word that Tab reaches. */
  readonly cursor: number;
  readonly allRows: boolean;
  readonly allLanes: boolean;
  /** Looks at the run so far, for the curve. */
  readonly looks: readonly Look[];
  /** Values of thickest line and full colour; null: from the explanation. */
  readonly scales: Scales | null;
  readonly measure: (label: string) => number;
  /** False in a report: nothing to press. */
  readonly interactive: boolean;
}

/** A view as nobody has touched it. */
export const UNTOUCHED: ViewState = {
  off: new Set(),
  measured: null,
  lit: null,
  selected: null,
  cursor: 0,
  allRows: false,
  allLanes: false,
  looks: [],
  scales: null,
  measure: guessWidth,
  interactive: false,
};

/** Everything the drawings need, worked out once. */
export interface Scene {
  readonly explanation: Explanation;
  readonly view: ViewState;
  readonly labels: readonly string[];
  /** Every sentence, in the words of the explanation's lens. */
  readonly said: Strings;
  readonly effects: readonly Interaction[];
  readonly rows: readonly Interaction[];
  readonly lanes: readonly Interaction[];
  /** Interactions that are there but not shown. */
  readonly hiddenRows: number;
  readonly hiddenLanes: number;
  /** Value of the thickest line and the longest bar. */
  readonly scale: number;
  /** Value of a word's full colour. */
  readonly wordScale: number;
  readonly grade: Grade;
  readonly direction: 'ltr' | 'rtl';
  /** The explanation's own value for the words that are on. */
  readonly predicted: number;
}

const ROWS = { smallest: 1, most: 12, least: 6 };
const LANES = { smallest: 2, most: 8, least: 3 };
const EVERY_LANE = 60;
const EVERY_ROW = 500;

/** The scene of an explanation as a reader has left it. */
export function sceneOf(explanation: Explanation, view: ViewState): Scene {
  const { interactions, value } = project(explanation, view.off);
  const scales = view.scales ?? scalesOf(explanation);
  const allRows = realInteractions(interactions, 1);
  const allLanes = realInteractions(interactions, 2);
  const rows = view.allRows ? allRows.slice(0, EVERY_ROW) : topInteractions(interactions, ROWS);
  const lanes = view.allLanes ? allLanes.slice(0, EVERY_LANE) : topInteractions(interactions, LANES);
  return {
    explanation,
    view,
    labels: readableLabels(explanation),
    said: stringsFor(explanation.lens),
    effects: mainEffects(explanation.players.length, interactions),
    rows,
    lanes,
    hiddenRows: Math.min(allRows.length, EVERY_ROW) - rows.length,
    hiddenLanes: Math.min(allLanes.length, EVERY_LANE) - lanes.length,
    scale: scales.all,
    wordScale: scales.words,
    grade: gradeOf(explanation.fit),
    direction: directionOf(explanation.text),
    predicted: value,
  };
}

/** Words that do little beside what words do together stay pale: their full colour is never less than this share of the other scale. */
const PALE = 0.25;

/** Round numbers not below the largest certain effect, of all and of single words. */
export function scalesOf({ interactions }: Pick<Explanation, 'interactions'>): Scales {
  const certain = interactions.filter((i) => !uncertain(i));
  const among = certain.length > 0 ? certain : interactions;
  const largest = (some: readonly Interaction[]) => some.reduce((most, i) => Math.max(most, Math.abs(i.value)), 0);
  const all = largest(among);
  return { all: niceScale(all), words: niceScale(Math.max(PALE * all, largest(among.filter((i) => i.members.length === 1)))) };
}

/** The wider of two scales. */
export function widest(a: Scales, b: Scales): Scales {
  return { all: Math.max(a.all, b.all), words: Math.max(a.words, b.words) };
}

/** Whether an interaction should stand out: it is under the pointer, or it holds the word that is. */
export function isLit({ view }: Scene, members: readonly number[]): boolean {
  const { lit } = view;
  if (lit === null) return false;
  return lit.length === 1 ? members.includes(lit[0]) : keyOf(lit) === keyOf(members);
}
