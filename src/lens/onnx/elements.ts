import { fromHalf, toHalf } from '../../compute/half.ts';
import { WebspexError } from '../../core/errors.ts';
import { oneLine } from '../../model/json.ts';
import type { Elements, ElementType } from './runtime.ts';

/** A number, or a text where the input holds texts. */
export type Cell = number | string;

const NUMBERS: Readonly<Record<Exclude<ElementType, 'string' | 'int64' | 'float16'>, (values: ArrayLike<number>) => Elements>> = {
  float32: (values) => Float32Array.from(values),
  float64: (values) => Float64Array.from(values),
  int32: (values) => Int32Array.from(values, Math.round),
  int8: (values) => Int8Array.from(values, Math.round),
  uint8: (values) => Uint8Array.from(values, (v) => Math.min(255, Math.max(0, Math.round(v)))),
  bool: (values) => Uint8Array.from(values, (v) => Number(v !== 0)),
};

export const ELEMENT_TYPES: readonly ElementType[] = ['float32', 'float64', 'float16', 'int64', 'int32', 'int8', 'uint8', 'bool', 'string'];

/** Whether an input of this type holds fractions. */
export function isReal(type: ElementType): boolean {
  return type === 'float32' || type === 'float64' || type === 'float16';
}

/** Cells as elements of a type, whole numbers rounded. @throws usage where a text stands in the place of a number. */
export function elementsOf(type: ElementType, cells: ArrayLike<Cell>, name: string): Elements {
  if (type === 'string') return Array.from(cells, String);
  const values = numbersOf(cells, name);
  if (type === 'float16') return toHalf(Float32Array.from(values));
  if (type === 'int64') return BigInt64Array.from(values as ArrayLike<number> & Iterable<number>, (v) => wholeOf(v, name));
  return NUMBERS[type](values);
}

function numbersOf(cells: ArrayLike<Cell>, name: string): ArrayLike<number> {
  for (let i = 0; i < cells.length; i++)
    if (typeof cells[i] !== 'number')
      throw new WebspexError('usage', `input ${name}: expected numbers, got ${oneLine(String(cells[i]), 40)}; give a column of numbers`);
  return cells as ArrayLike<number>;
}

function wholeOf(value: number, name: string): bigint {
  if (!Number.isFinite(value)) throw new WebspexError('usage', `input ${name}: expected whole numbers, got ${value}; fill what is missing`);
  return BigInt(Math.round(value));
}

/** As many elements of the same kind, all empty. */
export function emptyLike(elements: Elements, count: number): Elements {
  if (Array.isArray(elements)) return new Array<string>(count).fill('');
  return new (elements.constructor as new (n: number) => Exclude<Elements, string[]>)(count);
}

/** An output's elements as numbers; halves come as bits where the engine has no array of them. */
export function numbersFrom(type: string, data: unknown): Float32Array {
  if (type === 'float32' && data instanceof Float32Array) return data;
  if (type === 'float16' && data instanceof Uint16Array) return Float32Array.from(data, fromHalf);
  return Float32Array.from(data as ArrayLike<number>, Number);
}
