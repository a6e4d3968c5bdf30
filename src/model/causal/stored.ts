import { toHalf } from '../../compute/half.ts';
import { BLOCK_TERMS, emptyLevels, type Levels, type Packed, packLevels, panelWords } from '../../compute/packed.ts';
import { PANEL, panelIndex } from '../../compute/panels.ts';

/** How the weights of a product lie in a program. */
export type WeightType = 'f32' | Packed;

/** A matrix as its file has it, an output of a linear map or an entry of a table in each row. */
export interface StoredMatrix {
  readonly rows: number;
  readonly columns: number;
  /** The smallest type that holds it exactly. */
  readonly type: WeightType;
  /** Writes a row as float32. @throws bad-file where a number is NaN or infinite, naming the tensor. */
  row(row: number, out: Float32Array): void;
  /** Reads 32 elements of a row, the `block`th of it, of `q8` and `q4`. @throws bad-file as `row` does. */
  levels?(row: number, block: number, out: Levels): void;
}

/** A matrix of float32 that were stored as `type`; `inputsFirst`: its rows are (columns, rows) in memory. */
export function matrixOf(values: Float32Array, rows: number, columns: number, type: WeightType = 'f32', inputsFirst = false): StoredMatrix {
  return {
    rows,
    columns,
    type: type === 'q8' || type === 'q4' ? 'f32' : type,
    row(row, out) {
      if (inputsFirst) for (let c = 0; c < columns; c++) out[c] = values[c * rows + row];
      else out.set(values.subarray(row * columns, (row + 1) * columns));
    },
  };
}

/** The smallest type that holds matrices of all these types side by side. */
export function commonType(types: readonly WeightType[]): WeightType {
  if (types.every((type) => type === types[0])) return types[0];
  return types.every((type) => type === 'q8' || type === 'q4') ? 'q8' : 'f32';
}

/**
 * The type of a matrix once it is multiplied by `factor`: scales of levels take it in, bfloat16 where it is a power of two; a half has no digits
 * to spare for small numbers.
 */
export function scaledType(type: WeightType, factor: number): WeightType {
  if (factor === 1 || type === 'q8' || type === 'q4') return type;
  return type === 'bf16' && Number.isInteger(Math.log2(factor)) ? 'bf16' : 'f32';
}

/** A matrix of K terms in panels, yet to be filled with rows of stored ones. */
export interface Panels {
  readonly type: WeightType;
  readonly K: number;
  readonly values: Float32Array | Uint32Array;
}

export function emptyPanels(type: WeightType, K: number, columns: number): Panels {
  const length = (columns / PANEL) * panelWords(type, K);
  return { type, K, values: type === 'f32' ? new Float32Array(length) : new Uint32Array(length) };
}

/** Where the rows of a stored matrix go: which column each becomes, which term each of its elements, times what. */
export interface Placement {
  readonly first?: number;
  readonly count?: number;
  readonly output?: (n: number) => number;
  readonly input?: (k: number) => number;
  readonly scale?: number;
}

/** Writes rows of a matrix as columns of panels that hold its type; `q8` and `q4` keep the order of their terms. */
export function fillPanels(to: Panels, from: StoredMatrix, placement: Placement = {}): void {
  const { first = 0, count = from.rows, output, input, scale = 1 } = placement;
  const { type, K, values } = to;
  const column = (n: number) => (output ? output(n) : n);
  if ((type === 'q8' || type === 'q4') && from.levels) {
    const part = emptyLevels();
    for (let n = 0; n < count; n++)
      for (let block = 0; block < from.columns / BLOCK_TERMS; block++) {
        from.levels(first + n, block, part);
        packLevels(type, values as Uint32Array, K, block, column(n), part, scale);
      }
    return;
  }
  const row = new Float32Array(from.columns);
  const elements = type === 'f32' ? values : new Uint16Array(values.buffer);
  for (let n = 0; n < count; n++) {
    from.row(first + n, row);
    for (let k = 0; k < row.length; k++) row[k] *= scale;
    const stored = type === 'f16' ? toHalf(row) : type === 'bf16' ? upperHalves(row) : row;
    for (let k = 0; k < row.length; k++) elements[panelIndex(K, input ? input(k) : k, column(n))] = stored[k];
  }
}

function upperHalves(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.buffer);
  return Uint16Array.from(values, (_, i) => halves[2 * i + 1]);
}
