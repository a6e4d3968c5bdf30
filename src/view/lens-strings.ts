import { count, percent, signed } from './format.ts';
import { strings } from './strings.ts';

type Widened<T> = T extends string ? string : T;
/** The sentences of an explanation, in whatever words. */
export type Strings = { readonly [K in keyof typeof strings]: Widened<(typeof strings)[K]> };

/** What the players of a lens are called, and what is said of them. */
interface Nouns {
  readonly one: string;
  readonly many: string;
  /** Everything present, and nothing. */
  readonly whole: string;
  readonly nothing: string;
  readonly coarser: string;
  readonly title: (target: string) => string;
}

const parts = (one: string, many: string): Nouns => ({
  one,
  many,
  whole: 'whole model',
  nothing: `all ${many} off`,
  coarser: 'fewer layers',
  title: (target) => `Which ${many} matter for “${target}”?`,
});

const input = (one: string, whole: string, nothing: string, coarser: string): Nouns => {
  const many = one === 'patch' ? 'patches' : `${one}s`;
  return { one, many, whole: `whole ${whole}`, nothing, coarser, title: (target) => `Which ${many} made “${target}”?` };
};

const NOUNS: Readonly<Record<string, Nouns>> = {
  heads: parts('head', 'heads'),
  blocks: parts('MLP block', 'MLP blocks'),
  components: parts('component', 'components'),
  data: {
    one: 'example',
    many: 'examples',
    whole: 'all examples',
    nothing: 'with no example',
    coarser: 'fewer examples',
    title: (target) => `Which examples taught “${target}”?`,
  },
  columns: input('column', 'row', 'every column at its baseline', 'fewer columns'),
  patches: input('patch', 'picture', 'every patch masked', 'larger patches'),
  windows: input('window', 'sound', 'every window masked', 'longer windows'),
  function: {
    one: 'player',
    many: 'players',
    whole: 'all players',
    nothing: 'no player present',
    coarser: 'fewer players',
    title: (target) => `What does the ${target} depend on?`,
  },
};

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The sentences for a lens: those of words where the players are pieces of a text. */
export function stringsFor(lens: string): Strings {
  const nouns = NOUNS[lens];
  if (!nouns) return strings;
  const { one, many, whole, nothing, coarser, title } = nouns;
  return {
    ...strings,
    words: capital(many),
    lanes: `What the ${many} do together`,
    toward: () => 'raises the value',
    away: 'lowers it',
    legend: `Fill and number: effect of the ${one} by itself, averaged over which of the others are present.`,
    keys: strings.keys.replace('Click a word', `Click a ${one}`),
    lanesLegend: strings.lanesLegend.replace('words', many),
    none: `No two ${many} act together by more than the error: here they act one by one, or more passes are needed.`,
    noneExact: strings.noneExact.replace('words', many),
    single: strings.single.replace('word', one),
    projected: strings.projected.replace('words', many),
    exact: (queries) => `Exact: all ${count(queries)} masks of these ${many} were evaluated`,
    poor: `Poor fit: at this number of passes the values are not captured; do not read the arcs. Rare combinations may not have been seen yet. Use more passes, or ${coarser}.`,
    baseline: (value) => `${nothing}: ${value}`,
    energy: (shares) => strings.energy(shares).replace('the words', `the ${many}`),
    hierarchy: (terms, dsr, scr) =>
      `${terms === 1 ? 'One coefficient holds' : `${count(terms)} coefficients hold`} 95 % of it; of their subsets of one ${one} less ${percent(dsr)} are among them (DSR), and ${percent(scr)} can be built one ${one} after the other (SCR).`,
    wholeText: whole,
    reset: `All ${many} on`,
    scalar: (scalar, value) => (scalar === 'value' ? signed(value) : strings.scalar(scalar, value)),
    title,
  };
}
