import type { Explanation } from '../explain/document.ts';
import { count, percent, percents, rate, signed, size } from './format.ts';

/** Every sentence the explanation says, in one table. Numbers are formatted before or here, never in the drawings. */
export const strings = {
  table: 'Interactions',
  curve: 'Convergence',
  methods: 'Methods compared',
  words: 'Words',
  order: 'Order',
  effect: 'Effect',
  lanes: 'What the words do together',

  toward: (target: string) => `toward “${target}”`,
  away: 'away',
  legend: 'Fill and number: effect of the word by itself, averaged over maskings of the others.',
  faint: 'Dotted: within two standard errors of zero.',
  full: (scale: number) => `Full colour: ±${size(scale).replace(/\.?0+$/, '')}.`,
  keys: 'Click a word to switch it off. Arrow keys move, Space switches, I steps through its interactions, V verifies, Esc resets.',
  lanesLegend: 'One lane each: arcs join pairs, combs three words or more. Thickness: size.',
  dashed: 'Dashed: within two standard errors of zero.',
  none: 'No two words act together by more than the error: here words act one by one, or more passes are needed.',
  noneExact: 'No two words act together here: every masking was evaluated.',
  single: 'There is one word here, and nothing that it could act together with.',
  more: (hidden: number) => `Show ${count(hidden)} more`,
  fewer: 'Show fewer',
  whisker:
    'Whiskers reach two standard errors to each side. An effect whose whisker crosses zero may be nothing. In tests on 52 functions with known values about 98 in 100 such ranges held the exact value; for some sentences only 80.',
  exactWhisker: 'Every masking was evaluated: these values carry no sampling error.',
  projected: 'Re-computed from the explanation for the words still on; no error bars until you explain again.',

  exact: (queries: number) => `Exact: all ${count(queries)} maskings of this text were evaluated`,
  explains: ({ r2, r2Low, r2High, heldOut, folds, queries }: Explanation['fit']) => {
    const unseen = `of the variation over ${folds ? '' : `${count(heldOut)} `}masks it has not seen`;
    const by = folds ? `, estimated by cross-validation on the same ${count(queries)} passes` : '';
    return r2 < 0
      ? `Explains nothing ${unseen} (R² ${size(r2)})${by}`
      : `Explains ${percent(r2)} ${unseen} (95 % interval ${percents(r2Low, r2High)})${by}`;
  },
  audited: ({ r2, r2Low, r2High, masks }: NonNullable<Explanation['fit']['audit']>) =>
    `Audited: R² ${size(r2)} on ${count(masks)} fresh masks (95 % interval ${percents(r2Low, r2High)}), fitted since.`,
  until: ({ r2, bound, reached }: NonNullable<Explanation['fit']['until']>) =>
    reached
      ? `Stopped as soon as R² was at least ${r2} with 95 % confidence (bound ${size(bound)}).`
      : `R² ${r2} was not reached with 95 % confidence (bound ${size(bound)}).`,
  begun: (texts: number) => `Begun from what ${count(texts)} other texts say of which words matter.`,
  explainsAll: (r2: number, queries: number) =>
    `All ${count(queries)} maskings were evaluated; of their variation this explains ${r2 < 0 ? `nothing (R² ${size(r2)})` : percent(r2)}`,
  ungraded: 'No mask was left over to grade this on',
  fair: 'R² is below 0.7: the large effects hold, but do not rely on small effects. Rare combinations may not have been seen yet; more passes help.',
  rare: (queries: number) => `Rare combinations may not have been seen yet: these are ${count(queries)} passes.`,
  poor: 'Poor fit: at this number of passes the model’s behaviour on this text is not captured; do not read the arcs. Rare combinations may not have been seen yet. Use more passes, or coarser units.',
  ownPoor: (index: string) =>
    `As a sum these ${index} are a poor account of the model on this text: more goes on together than they can say. Their own errors are those given; the method auto finds what acts together.`,
  passes: (queries: number) => `${count(queries)} passes`,
  rate,
  software: 'software GPU: results right, speed meaningless',
  baseline: (value: string) => `all words masked: ${value}`,
  scalar: (scalar: string, value: number) => `${scalar} ${signed(value)}`,

  curveText:
    'R² on masks that the fits which predict them have not seen, as passes arrive; the band is its 95 % interval. Stop any time and keep what you have.',
  stable: (queries: number) => `The five largest effects have been the same since ${count(queries)} passes.`,
  unstable: 'The five largest effects still changed at the last look.',
  chosen: (method: string) => `used: ${method}`,
  methodsText: 'R² in cross-validation.',
  droppedOut: (folds: number) => `dropped out, R² over ${folds === 1 ? 'the first fold' : `the first ${count(folds)} folds`} only`,
  structure: 'Structure',
  energy: (shares: readonly number[]) =>
    `${strings.join(
      shares.map((share, i) => `${percent(share)} ${['one by one', 'in pairs', 'in threes'][i] ?? 'in larger groups'}`),
    )}: so the words share what varies in this explanation.`,
  hierarchy: (terms: number, dsr: number, scr: number) =>
    `${terms === 1 ? 'One coefficient holds' : `${count(terms)} coefficients hold`} 95 % of it; of their subsets of one word less ${percent(dsr)} are among them (DSR), and ${percent(scr)} can be built word by word (SCR).`,
  curveLabel: (points: string) => `R² on unseen masks by passes: ${points}`,
  curvePoint: (queries: number, r2: number) => `${size(r2)} at ${count(queries)}`,

  without: (labels: string) => `Without ${labels}`,
  predicted: 'explanation predicts',
  measured: 'model says',
  asking: 'asking the model…',
  wholeText: 'whole text',
  reset: 'All words on',

  wordLabel: (label: string, value: string, error: string) => `${label}, by itself ${value}${error}`,
  error: (se: number) => `, plus or minus ${size(se)}`,
  togetherNames: (labels: string) => `${labels} together:`,
  together: (labels: string, value: string, error: string) => `${labels} together: ${value}${error}`,
  inInteractions: (many: number) => (many === 1 ? 'in 1 interaction shown' : `in ${count(many)} interactions shown`),
  noInteractions: (label: string) => `${label} is in no interaction shown`,
  switched: (label: string, on: boolean) => `${label} ${on ? 'on' : 'off'}`,
  spoken: (value: number) => `${value < 0 ? 'minus' : 'plus'} ${size(Math.abs(value))}`,
  answer: (predicted: number) => `explanation predicts ${predicted < 0 ? 'minus' : 'plus'} ${size(Math.abs(predicted))}`,
  join: (labels: readonly string[]) =>
    labels.length < 2 ? labels.join('') : `${labels.slice(0, -1).join(', ')} and ${labels[labels.length - 1]}`,
  quote: (label: string) => `“${label}”`,
  title: (target: string) => `Why did the model say “${target}”?`,
  made: (version: string) => `webspex ${version}`,
  settings: 'How it was made',
} as const;
