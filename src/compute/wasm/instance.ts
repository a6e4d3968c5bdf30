import { type Inputs, type RowCounts, rowsOf, type Weights } from '../program.ts';
import type { Layout, Place } from './layout.ts';
import { slicesOf } from './slices.ts';

/** A program in a memory of its own. */
export interface Instance {
  /**
   * Runs all steps, a kernel call at each `next`; at the end the output rows, as words: a view that holds until the next run. A run may be left
   * where it is, but no other may begin before its last call.
   */
  run(inputs: Inputs, counts: RowCounts, serial: number): Generator<void, Uint32Array<ArrayBuffer>>;
}

const PAGE = 65_536;

/** Allocates all a program will ever need and fills in its weights. @throws RangeError where there is no such memory. */
export async function createInstance(module: WebAssembly.Module, layout: Layout, weights: Weights): Promise<Instance> {
  const pages = Math.ceil(layout.bytes / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const numbers = new Float32Array(memory.buffer);
  const words = new Uint32Array(memory.buffer);
  for (const { name, at } of layout.weights) {
    const values = weights.get(name) ?? [];
    (values instanceof Uint32Array ? words : numbers).set(values, at / 4);
  }
  const steps = layout.calls.map((call) => ({ ...call, kernel: exports[call.kernel] as (...numbers: number[]) => void }));
  return {
    *run(inputs, counts, serial) {
      words[layout.serialAt / 4] = serial;
      for (const place of layout.inputs) {
        const values = inputs[place.name].subarray(0, lengthOf(place, counts));
        (values instanceof Float32Array ? numbers : words).set(values, place.at / 4);
      }
      for (const step of steps) {
        for (const slice of slicesOf(step.arguments, step.cut, rowsOf(counts, step.rows))) {
          step.kernel(...slice);
          yield;
        }
      }
      const { output } = layout;
      return words.subarray(output.at / 4, output.at / 4 + lengthOf(output, counts));
    },
  };
}

/** Elements of a buffer that a run of so many rows uses. */
export function lengthOf({ rows, columns }: Place, counts: RowCounts): number {
  return (typeof rows === 'number' ? rows : rowsOf(counts, rows)) * columns;
}
