import { openSolver } from '../compute/wasm/solver.ts';

/** Fewest numbers that a kernel transforms. */
export const LEAST_KERNEL = 16;

/** A table in the memory of the kernels, transformed in place by every run. */
export interface Transform<T> {
  readonly data: T;
  run(): void;
}

/**
 * The transform of a copy of these 2ⁿ numbers, at least 16, in WebAssembly, or of rows of as many among them; null where there is none, or no
 * memory for it.
 */
export function wasmTransform<T extends Float32Array | Float64Array>(table: T, size = table.length): Transform<T> | null {
  const solver = openSolver(table.byteLength);
  if (!solver) return null;
  const { kernels, buffer, at } = solver;
  const wide = table instanceof Float64Array;
  const data = wide ? new Float64Array(buffer, at, table.length) : new Float32Array(buffer, at, table.length);
  data.set(table);
  const transform = wide ? kernels.fwht64 : kernels.fwht32;
  return {
    data: data as T,
    run() {
      for (let row = 0; row < table.length; row += size) transform(at + row * table.BYTES_PER_ELEMENT, size);
    },
  };
}
