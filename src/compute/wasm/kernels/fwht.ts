// Some stages of the unnormalised Walsh–Hadamard transform of each row, (a, b) to (a + b, a − b), from those at distance 2^first on, in the
// order and with the sums of radix 2. Columns are a multiple of 8 and of the numbers that depend on each other. Addresses are bytes.
// Twin: src/compute/reference/fwht.ts.
import { fwht32, stages as vectorStages } from '../solvers/fwht';

/** Fewest numbers that vectors transform. */
const LEAST_VECTORS = 16;

export function fwht(rows: i32, input: usize, output: usize, columns: i32, first: i32, stages: i32): void {
  const bytes = <usize>rows * ((<usize>columns) << 2);
  memory.copy(output, input, bytes);
  const block = (<usize>4) << (first + stages);
  for (let at = output; at < output + bytes; at += block) {
    if (first >= 2) vectorStages<f32>(at, (<usize>4) << first, block);
    else if (first === 0 && 1 << stages >= LEAST_VECTORS) fwht32(at, 1 << stages);
    else for (let h = (<usize>4) << first; h < block; h <<= 1) stage(at, at + block, h);
  }
}

/** The stage at distance `h`, one number at a time. */
function stage(from: usize, end: usize, h: usize): void {
  for (let base = from; base < end; base += h << 1)
    for (let p = base; p < base + h; p += 4) {
      const a = load<f32>(p);
      const b = load<f32>(p + h);
      store<f32>(p, a + b);
      store<f32>(p + h, a - b);
    }
}
