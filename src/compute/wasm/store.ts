import type { Weights } from '../program.ts';
import type { WeightPlaces } from './layout.ts';
import { turnOfEventLoop } from './turns.ts';

/** A memory with a model's weights, in which any number of programs may lie. */
export interface Store {
  readonly memory: WebAssembly.Memory;
  /** The memory as it is now: other views than before where a program took more room. */
  readonly numbers: Float32Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  /** Zeros from one address to another, for a program to lie in; the memory grows where it must. @throws RangeError where it cannot. */
  clear(from: number, end: number): void;
}

const PAGE = 65_536;

/** Allocates so many bytes and fills in weights. @throws RangeError where there is no such memory. */
export async function createStore({ weights: places }: WeightPlaces, weights: Weights, bytes: number): Promise<Store> {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
  // What was left of making the weights can be collected before they are there twice.
  await turnOfEventLoop();
  let numbers = new Float32Array(memory.buffer);
  let words = new Uint32Array(memory.buffer);
  for (const { name, at } of places) {
    const values = weights.get(name) ?? [];
    (values instanceof Uint32Array ? words : numbers).set(values, at / 4);
  }
  // What lies above is as fresh memory is; writing zeros to it would make it resident.
  let used = 0;
  return {
    memory,
    get numbers() {
      return numbers;
    },
    get words() {
      return words;
    },
    clear(from, end) {
      const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE);
      if (missing > 0) {
        memory.grow(missing);
        numbers = new Float32Array(memory.buffer);
        words = new Uint32Array(memory.buffer);
      }
      words.fill(0, from / 4, Math.max(from, Math.min(end, used)) / 4);
      used = Math.max(used, end);
    },
  };
}
