import { WebspexError } from '../../core/errors.ts';
import type { ScoreRows } from '../scores.ts';
import { isReal } from './elements.ts';
import { type Feed, type OnnxModel, type Slot, slotLine } from './model.ts';

/** Makes the feeds of some rows of a list; a row may stand in it twice. */
export interface Feeder {
  /** Rows of one run: as many as are worth while, or exactly the file's own batch. */
  readonly rows: number;
  readonly fixed: boolean;
  feeds(rows: readonly number[]): ReadonlyMap<string, Feed>;
}

/** Names that exporters give to what is explained. */
const USUAL = [/^logits$/i, /logit/i, /prob/i, /score/i, /pred|^variable|^output|^out$|^y$/i];

/**
 * The output to explain: the one named, else logits, probabilities, scores or predictions by their usual names, else the first of numbers.
 * @throws usage listing the outputs, unsupported-model where none holds numbers.
 */
export function chooseOutput({ id, outputs }: Pick<OnnxModel, 'id' | 'outputs'>, wanted: string | undefined): Slot {
  const all = outputs.map(slotLine).join('; ');
  if (wanted !== undefined) {
    const found = outputs.find(({ name }) => name === wanted);
    if (!found) throw new WebspexError('usage', `output: expected one of ${id} (${all}), got ${wanted}; name one of them`);
    if (!found.type || found.type === 'string')
      throw new WebspexError('usage', `output: expected numbers, got ${slotLine(found)}; name another of ${all}`);
    return found;
  }
  const real = outputs.filter(({ type }) => type !== null && isReal(type));
  if (real.length === 0)
    throw new WebspexError(
      'unsupported-model',
      `${id}: expected an output of real numbers, got ${all}; export its scores or probabilities too (scikit-learn: zipmap off)`,
    );
  for (const usual of USUAL) {
    const found = real.find(({ name }) => usual.test(name));
    if (found) return found;
  }
  return real[0];
}

/** The numbers of an output for `count` rows, in order. @throws unsupported-model where they are not one list a row, and what running throws. */
export async function scoreRows(
  model: OnnxModel,
  output: string,
  count: number,
  feeder: Feeder,
  order: ArrayLike<number> = Array.from({ length: count }, (_, i) => i),
  signal?: AbortSignal,
): Promise<ScoreRows> {
  let out: ScoreRows = { values: new Float32Array(0), width: 0 };
  for (let from = 0; from < count; from += feeder.rows) {
    const here = Array.from({ length: Math.min(feeder.rows, count - from) }, (_, i) => order[from + i]);
    const given = [...here];
    while (feeder.fixed && given.length < feeder.rows) given.push(given[0]);
    const { dims, values } = await model.run(feeder.feeds(given), output, signal);
    const width = widthOf(model.id, output, dims, values.length, given.length);
    if (out.width === 0) out = { values: new Float32Array(count * width), width };
    here.forEach((row, i) => {
      out.values.set(values.subarray(i * width, (i + 1) * width), row * out.width);
    });
  }
  return out;
}

/** Numbers a row: all sizes but the first and the last are 1. */
function widthOf(id: string, output: string, dims: readonly number[], total: number, rows: number): number {
  const width = total / rows;
  const largest = Math.max(1, ...dims.slice(dims[0] === rows ? 1 : 0));
  if (total > 0 && Number.isInteger(width) && largest === width && (rows === 1 || dims[0] === rows)) return width;
  throw new WebspexError(
    'unsupported-model',
    `${id}: expected output ${output} to be one list of numbers a row, got [${dims.join(', ')}] for ${rows} ${rows === 1 ? 'row' : 'rows'}; name another output`,
  );
}
