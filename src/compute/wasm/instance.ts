import { type Inputs, type RowCounts, rowsOf } from '../program.ts';
import type { Layout, Place } from './layout.ts';
import { slicesOf } from './slices.ts';
import type { Store } from './store.ts';

/** A program in the memory of its weights. */
export interface Instance {
  /**
   * Runs all steps, a kernel call at each `next`; at the end the output rows, as words. A run may be left where it is, but no other may begin
   * before its last call.
   */
  run(inputs: Inputs, counts: RowCounts, serial: number): Generator<void, Uint32Array<ArrayBuffer>>;
}

/** Allocates all a program will ever need beside its weights. @throws RangeError where there is no such memory. */
export async function createInstance(module: WebAssembly.Module, layout: Layout, store: Store): Promise<Instance> {
  store.clear(layout.from, layout.bytes);
  const { exports } = await WebAssembly.instantiate(module, { env: { memory: store.memory } });
  const steps = layout.calls.map((call) => ({ ...call, kernel: exports[call.kernel] as (...numbers: number[]) => void }));
  return {
    *run(inputs, counts, serial) {
      const { numbers, words } = store;
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
      return store.words.slice(output.at / 4, output.at / 4 + lengthOf(output, counts));
    },
  };
}

/** Elements of a buffer that a run of so many rows uses. */
export function lengthOf({ rows, columns }: Place, counts: RowCounts): number {
  return (typeof rows === 'number' ? rows : rowsOf(counts, rows)) * columns;
}
