import { WebspexError } from '../../core/errors.ts';
import { createMasks, type Masks, setPresent } from '../../core/masks.ts';
import { type NumpyArray, readNpz } from './npz.ts';

/** What retrainings done elsewhere have shown: one outcome for each mask of the training examples. */
export interface Observations {
  readonly masks: Masks;
  readonly values: Float32Array;
}

/** Players beyond this are a mistake in the file. */
const MOST_PLAYERS = 1_000_000;
const MOST_BITS = 2 ** 33;
/** Names the outcomes go by; `margins` is what releases of datamodels use (Ilyas et al. 2022, arXiv 2202.00622). */
const OUTCOMES = ['values', 'outcomes', 'margins'] as const;

/**
 * Reads masks and outcomes: JSON lines `{"mask": "0110…", "value": 1.5}` (character i = player i, 1 = present), or an .npz of `masks`
 * (count, players) and `values`, `outcomes` or `margins` (count) or (count, columns), of which `column` is taken.
 * @throws bad-file naming the line or the array; usage for a column that is not there.
 */
export function readObservations(bytes: Uint8Array, file: string, column = 0): Observations {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return fromArrays(readNpz(bytes, file), file, column);
  if (column !== 0)
    throw new WebspexError('usage', `column: expected an .npz, got JSON lines with one value each and column ${column}; leave it out`);
  return fromLines(bytes, file);
}

function refuse(what: string): never {
  throw new WebspexError('bad-file', what);
}

function fromLines(bytes: Uint8Array, file: string): Observations {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse(`${file}: expected JSON lines or an .npz, got neither; see the README for both`);
  }
  const rows: { mask: string; value: number }[] = [];
  text.split('\n').forEach((line, i) => {
    if (line.trim() !== '') rows.push(parseLine(line, `${file}, line ${i + 1}`, rows[0]?.mask.length));
  });
  if (rows.length === 0) refuse(`${file}: expected observations, got none; write one JSON object a line`);
  const masks = createMasks(rows[0].mask.length, rows.length);
  rows.forEach(({ mask }, r) => {
    for (let i = 0; i < mask.length; i++) if (mask[i] === '1') setPresent(masks, r, i, true);
  });
  return { masks, values: Float32Array.from(rows, ({ value }) => value) };
}

function parseLine(line: string, where: string, players: number | undefined): { mask: string; value: number } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    // What Python writes for a number that JSON has not.
    const [, number] = /"value"\s*:\s*(NaN|-?Infinity)\b/.exec(line) ?? [];
    if (number !== undefined) return notFinite(where, number);
    return refuse(`${where}: expected {"mask": "01…", "value": number}, got no JSON; write one object a line`);
  }
  const { mask, value } = (typeof parsed === 'object' && parsed !== null ? parsed : {}) as { mask?: unknown; value?: unknown };
  if (typeof mask !== 'string' || !/^[01]+$/.test(mask) || mask.length > MOST_PLAYERS)
    return refuse(`${where}: expected "mask" of zeros and ones, got ${JSON.stringify(mask)?.slice(0, 40)}; 1 = the example was trained on`);
  if (players !== undefined && mask.length !== players)
    refuse(`${where}: expected a mask of ${players} players as before, got ${mask.length}; give every mask the same length`);
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
    return notFinite(where, typeof value === 'number' ? String(value) : JSON.stringify(value));
  return { mask, value };
}

function notFinite(where: string, got: string): never {
  return refuse(`${where}: expected "value" to be a finite number, got ${got}; leave failed retrainings out`);
}

function fromArrays(arrays: ReadonlyMap<string, NumpyArray>, file: string, column: number): Observations {
  const listed = [...arrays.keys()].join(', ') || 'none';
  const given = arrays.get('masks') ?? refuse(`${file}: expected an array named masks, got ${listed}; save it by that name`);
  const name = OUTCOMES.find((n) => arrays.has(n)) ?? refuse(`${file}: expected an array named ${OUTCOMES.join(' or ')}, got ${listed}`);
  const outcomes = arrays.get(name) as NumpyArray;
  const [count, players] = given.shape;
  if (given.shape.length !== 2 || count === 0 || players === 0 || players > MOST_PLAYERS || count * players > MOST_BITS)
    refuse(`${file}: expected masks of shape (count, players), got (${given.shape.join(', ')}); one row for each retraining`);
  const columns = outcomes.shape[1] ?? 1;
  if (outcomes.shape.length > 2 || outcomes.shape[0] !== count || columns === 0)
    refuse(`${file}: expected ${name} of shape (${count}) or (${count}, columns), got (${outcomes.shape.join(', ')})`);
  if (!Number.isInteger(column) || column < 0 || column >= columns)
    throw new WebspexError('usage', `column: expected 0 to ${columns - 1}, got ${column}; one column for each example that was tested`);
  const masks = createMasks(players, count);
  for (let r = 0; r < count; r++)
    for (let i = 0; i < players; i++) {
      const bit = given.values[r * players + i];
      if (bit === 1) setPresent(masks, r, i, true);
      else if (bit !== 0) refuse(`${file}: expected masks of 0 and 1, got ${bit} in row ${r}; 1 = the example was trained on`);
    }
  const values = Float32Array.from({ length: count }, (_, r) => outcomes.values[r * columns + column]);
  const bad = values.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) refuse(`${file}: expected finite ${name}, got ${values[bad]} in row ${bad}; leave failed retrainings out`);
  return { masks, values };
}
