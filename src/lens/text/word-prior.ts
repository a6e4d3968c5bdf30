import { cholesky, solveCholesky } from '../../core/linalg.ts';
import type { WordTable } from '../../model/model.ts';

/** A text that was explained: the tokens of each player, and ln of what influence each turned out to have, less their mean. */
export interface ExplainedText {
  readonly words: readonly (readonly number[])[];
  readonly influences: readonly number[];
}

/** Fewer texts tell too little of others. */
export const LEAST_TEXTS = 5;
/** Players of all texts that are learned from, those of the newest texts first: time grows with their cube. */
export const MOST_WORDS = 768;
/** A smaller share of the variance may be luck, and would bring nothing. */
const LEAST_R2 = 0.02;
const FOLDS = 5;
/** Of ridge, on rows of length 1 or somewhat less. */
const PENALTIES = [0.3, 1, 3, 10, 30];

/** What is expected of a player's influence beside that of the others, by the direction of its word in the model's table. */
export interface WordRegression {
  /** Middle of the rows that were learned from. */
  readonly middle: Float64Array;
  readonly weights: Float64Array;
  /** Share of the variance between the words of texts not learned from that it explains. */
  readonly r2: number;
  readonly texts: number;
}

/**
 * Ridge from the words of explained texts, at the penalty that predicts texts left out best: five folds of whole texts. A row is the mean of a
 * player's token rows, their middle taken off, of length 1, and rows and influences of a text are less their mean there, since only differences
 * within a text say anything. Null where there are fewer than five texts, or no penalty explains 2 % of texts left out.
 */
export function learnWords(texts: readonly ExplainedText[], table: WordTable): WordRegression | null {
  const used = newest(texts);
  if (used.length < LEAST_TEXTS) return null;
  const middle = middleOf(used, table);
  const { texts: cut, products } = placed(used.map((text) => centred(text, table, middle)));
  const folds = Array.from({ length: FOLDS }, (_, f) => cut.filter((_, t) => t % FOLDS === f));
  const errors = new Float64Array(PENALTIES.length);
  for (const fold of folds) {
    const rest = cut.filter((text) => !fold.includes(text));
    for (const [p, penalty] of PENALTIES.entries()) {
      const weights = ridge(rest, products, penalty);
      for (const text of fold) errors[p] += squaredError(text, weights);
    }
  }
  const best = errors.indexOf(Math.min(...errors));
  const total = cut.reduce((sum, { influences }) => sum + influences.reduce((s, y) => s + y * y, 0), 0);
  const r2 = 1 - errors[best] / total;
  if (!(r2 > LEAST_R2)) return null;
  return { middle, weights: ridge(cut, products, PENALTIES[best]), r2, texts: used.length };
}

/** ln of the influence that is expected of each player beside the others of its text; their mean is 0. */
export function expectedOf(words: ExplainedText['words'], { middle, weights }: WordRegression, table: WordTable): Float64Array {
  const { rows } = centred({ words, influences: words.map(() => 0) }, table, middle);
  return Float64Array.from(rows, (row) => dot(row, weights));
}

/** Whole texts, the newest first, as far as they fit into `MOST_WORDS`; those of one word compare nothing. */
function newest(texts: readonly ExplainedText[]): ExplainedText[] {
  const used: ExplainedText[] = [];
  let words = 0;
  for (const text of [...texts].reverse()) {
    const { length } = text.words;
    if (length < 2 || words + length > MOST_WORDS) continue;
    words += length;
    used.push(text);
  }
  return used;
}

function meanRow(tokens: readonly number[], table: WordTable, room: Float32Array): Float64Array {
  const out = new Float64Array(table.width);
  for (const token of tokens) {
    table.row(token, room);
    for (let c = 0; c < out.length; c++) out[c] += room[c] / tokens.length;
  }
  return out;
}

function middleOf(texts: readonly ExplainedText[], table: WordTable): Float64Array {
  const middle = new Float64Array(table.width);
  const room = new Float32Array(table.width);
  let count = 0;
  for (const { words } of texts)
    for (const tokens of words) {
      const row = meanRow(tokens, table, room);
      for (let c = 0; c < middle.length; c++) middle[c] += row[c];
      count++;
    }
  return middle.map((sum) => sum / count);
}

interface CentredText {
  readonly rows: readonly Float64Array[];
  readonly influences: Float64Array;
}

function centred({ words, influences }: ExplainedText, table: WordTable, middle: Float64Array): CentredText {
  const room = new Float32Array(table.width);
  const rows = words.map((tokens) => {
    const row = meanRow(tokens, table, room);
    for (let c = 0; c < row.length; c++) row[c] -= middle[c];
    const length = Math.sqrt(dot(row, row));
    return length > 0 ? row.map((v) => v / length) : row;
  });
  const mean = new Float64Array(table.width);
  for (const row of rows) for (let c = 0; c < mean.length; c++) mean[c] += row[c] / rows.length;
  const expected = influences.reduce((sum, y) => sum + y, 0) / influences.length;
  return {
    rows: rows.map((row) => row.map((v, c) => v - mean[c])),
    influences: Float64Array.from(influences, (y) => y - expected),
  };
}

/** Weights Xᵀ(XXᵀ + penalty)⁻¹y, in the space of words: models may have wider rows than there are words. */
function ridge(texts: readonly PlacedText[], products: Float64Array, penalty: number): Float64Array {
  const rows = texts.flatMap(({ rows, first }) => rows.map((row, i) => ({ row, at: first + i })));
  const size = rows.length;
  const total = Math.sqrt(products.length);
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) matrix[i * size + j] = products[rows[i].at * total + rows[j].at];
    matrix[i * size + i] += penalty;
  }
  const dual = solveCholesky(cholesky(matrix, size), size, Float64Array.from(texts.flatMap((text) => [...text.influences])));
  const weights = new Float64Array(rows[0].row.length);
  for (const [i, { row }] of rows.entries()) for (let c = 0; c < weights.length; c++) weights[c] += dual[i] * row[c];
  return weights;
}

/** A text and where its rows begin among all. */
interface PlacedText extends CentredText {
  readonly first: number;
}

/** Texts with the scalar products of all their rows, (rows, rows), made once for all folds and penalties. */
function placed(texts: readonly CentredText[]): { texts: PlacedText[]; products: Float64Array } {
  let first = 0;
  const out = texts.map((text) => {
    first += text.rows.length;
    return { ...text, first: first - text.rows.length };
  });
  const rows = texts.flatMap((text) => text.rows);
  const products = new Float64Array(rows.length ** 2);
  for (const [i, row] of rows.entries())
    for (let j = 0; j <= i; j++) products[i * rows.length + j] = products[j * rows.length + i] = dot(row, rows[j]);
  return { texts: out, products };
}

function squaredError({ rows, influences }: CentredText, weights: Float64Array): number {
  return rows.reduce((sum, row, i) => sum + (influences[i] - dot(row, weights)) ** 2, 0);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c] * b[c];
  return sum;
}
