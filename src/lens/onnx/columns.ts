import { WebspexError } from '../../core/errors.ts';
import { oneLine } from '../../model/json.ts';
import { type Cell, elementsOf } from './elements.ts';
import { type MaskedInput, type MaskedTensor, otherInputs } from './masked.ts';
import { type OnnxModel, type Slot, slotLine } from './model.ts';

/** Rows of a data set under the names of its columns. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface ColumnsOptions {
  /** The row to explain, from 0. */
  readonly row: number;
  /** What stands in for an absent column: its mean or median over the other rows (of texts the commonest), or the number of a row. */
  readonly baseline?: 'mean' | 'median' | number;
  /** Columns that are the input, in its order; default those of the table. */
  readonly columns?: readonly string[];
  /** Columns of the table that are no input, such as what is predicted. */
  readonly without?: readonly string[];
  readonly constants?: Readonly<Record<string, number>>;
}

const MOST_NAMED = 12;

function named(columns: readonly string[]): string {
  const shown = columns.slice(0, MOST_NAMED).map((c) => oneLine(c, 30));
  return shown.join(', ') + (columns.length > MOST_NAMED ? ` and ${columns.length - MOST_NAMED} more` : '');
}

function rowAt({ rows }: Table, row: number, what: string): readonly Cell[] {
  if (!Number.isInteger(row) || row < 0 || row >= rows.length)
    throw new WebspexError('usage', `${what}: expected a row from 0 to ${rows.length - 1}, got ${row}; change it`);
  return rows[row];
}

function columnAt({ columns }: Table, name: string): number {
  const exact = columns.indexOf(name);
  const found = exact >= 0 ? exact : columns.findIndex((c) => c.toLowerCase() === name.toLowerCase());
  if (found < 0)
    throw new WebspexError('usage', `columns: expected columns of the table (${named(columns)}), got ${oneLine(name)}; name those`);
  return found;
}

/** What a column holds in the other rows, in one cell. */
function baselineOf(values: readonly Cell[], baseline: 'mean' | 'median'): Cell {
  const numbers = values.filter((v): v is number => typeof v === 'number' && !Number.isNaN(v));
  if (numbers.length < values.filter((v) => typeof v === 'string').length) return commonest(values);
  if (numbers.length === 0) return Number.NaN;
  if (baseline === 'mean') return numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The first of equally common ones. */
function commonest(values: readonly Cell[]): Cell {
  const counts = new Map<Cell, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}

/** For each input the columns that fill it, in order. @throws usage, unsupported-model naming what does not fit. */
function filled(
  model: OnnxModel,
  table: Table,
  { columns, without = [], constants = {} }: ColumnsOptions,
): { slot: Slot; columns: number[] }[] {
  const open = model.inputs.filter(({ name }) => !Object.hasOwn(constants, name));
  if (open.length > 1) return open.map((slot) => ({ slot, columns: [oneOf(model, table, slot, columns)] }));
  const [slot] = open;
  const left = new Set(without.map((name) => columnAt(table, name)));
  const chosen = (columns ? columns.map((name) => columnAt(table, name)) : [...table.columns.keys()]).filter((c) => !left.has(c));
  if (!slot || slot.type === null || slot.dims.length > 2)
    throw new WebspexError(
      'unsupported-model',
      `${model.id}: expected an input of columns [rows, columns], or one for each column, got ${model.inputs.map(slotLine).join('; ')}; explain a text, a picture or sound`,
    );
  const size = slot.dims.at(-1);
  const wanted = slot.dims.length === 2 && typeof size === 'number' ? size : slot.dims.length === 1 ? 1 : null;
  if (wanted !== null && wanted !== chosen.length)
    throw new WebspexError(
      'usage',
      `columns: expected ${wanted} for input ${slotLine(slot)}, got ${chosen.length} (${named(chosen.map((c) => table.columns[c]))}); name ${wanted} of them in the order of training, or those to go without`,
    );
  return [{ slot, columns: chosen }];
}

function oneOf({ id }: OnnxModel, table: Table, slot: Slot, allowed: readonly string[] | undefined): number {
  const found = table.columns.indexOf(slot.name);
  const column = found >= 0 ? found : table.columns.findIndex((c) => c.toLowerCase() === slot.name.toLowerCase());
  if (column < 0)
    throw new WebspexError(
      'usage',
      `${id}: expected a column ${oneLine(slot.name)} for its input of that name, got ${named(table.columns)}; add it to the table`,
    );
  if (allowed && !allowed.some((c) => columnAt(table, c) === column))
    throw new WebspexError(
      'usage',
      `columns: expected ${oneLine(slot.name)} among them, which the model reads, got ${named(allowed)}; add it`,
    );
  if (slot.type === null || slot.dims.length > 2 || (slot.dims.length === 2 && slot.dims[1] !== 1 && typeof slot.dims[1] === 'number'))
    throw new WebspexError(
      'unsupported-model',
      `${id}: expected inputs of one column each, got ${slotLine(slot)}; export one input for all columns`,
    );
  return column;
}

const shown = (cell: Cell) => oneLine(typeof cell === 'number' ? String(Number(cell.toPrecision(6))) : cell, 24);

/**
 * The columns of a row as players: absent ones hold the baseline. Columns fill the one input in order, or each the input of its name.
 * @throws usage for a row, column or baseline there is not; unsupported-model for inputs that are no columns.
 */
export function columnsInput(model: OnnxModel, table: Table, options: ColumnsOptions): MaskedInput {
  const { row, baseline = 'mean', constants } = options;
  const own = rowAt(table, row, 'row');
  if (typeof baseline !== 'number' && table.rows.length < 2)
    throw new WebspexError('usage', `baseline ${baseline}: expected other rows to take it over, got none; give a table of several rows`);
  const others = table.rows.filter((_, r) => r !== row);
  const base = typeof baseline === 'number' ? rowAt(table, baseline, 'baseline') : null;
  const parts = filled(model, table, options);
  const columns = parts.flatMap((part) => part.columns);
  const absentAt = (c: number) =>
    base?.[c] ??
    baselineOf(
      others.map((r) => r[c]),
      baseline as 'mean' | 'median',
    );
  let player = 0;
  const tensors = parts.map(({ slot, columns: cs }): MaskedTensor => {
    const type = slot.type ?? 'float32';
    return {
      name: slot.name,
      type,
      shape: slot.dims.length === 2 ? [cs.length] : [],
      batched: true,
      present: elementsOf(
        type,
        cs.map((c) => own[c]),
        slot.name,
      ),
      absent: elementsOf(type, cs.map(absentAt), slot.name),
      owners: Int32Array.from(cs, () => player++),
    };
  });
  return {
    lens: 'columns',
    players: columns.map((c, id) => ({ id, label: `${oneLine(table.columns[c], 40)}=${shown(own[c])}`, start: 0, end: 0 })),
    tensors: [...tensors, ...otherInputs(model, tensors, constants)],
    mask: base ? `row ${baseline}` : `${baseline} of ${others.length} ${others.length === 1 ? 'row' : 'rows'}`,
    units: 'column',
  };
}
