/** Sums by a pair of words, each with the path and the subset that it was first met as. */
export interface TermTable {
  add(a: number, b: number, path: number, subset: number, value: number): void;
  /** The sums in the order in which they were met. */
  sums(): Float64Array;
  pathOf(term: number): number;
  subsetOf(term: number): number;
}

/** Slots at first, at least and at most; the table doubles when half full. */
const FIRST_SLOTS = { least: 1024, most: 2 ** 20 };

/** Open addressing from two words to a term; `expected` sums are added at most, equal ones counted each time. */
export function createTermTable(expected: number): TermTable {
  let slots = FIRST_SLOTS.least;
  while (slots < expected && slots < FIRST_SLOTS.most) slots *= 2;
  /** Three numbers a slot: both words and the term, counted from 1; 0 is free. */
  let table = new Int32Array(3 * slots);
  let room = slots >> 1;
  let sums = new Float64Array(room);
  let paths = new Int32Array(room);
  let subsets = new Int32Array(room);
  let size = 0;

  const grow = () => {
    const old = table;
    slots *= 2;
    room *= 2;
    table = new Int32Array(3 * slots);
    for (let i = 0; i < old.length; i += 3) {
      if (old[i + 2] === 0) continue;
      let at = old[i] & (slots - 1);
      while (table[3 * at + 2] !== 0) at = (at + 1) & (slots - 1);
      table[3 * at] = old[i];
      table[3 * at + 1] = old[i + 1];
      table[3 * at + 2] = old[i + 2];
    }
    sums = longer(sums, new Float64Array(room));
    paths = longer(paths, new Int32Array(room));
    subsets = longer(subsets, new Int32Array(room));
  };

  return {
    add(a, b, path, subset, value) {
      let at = a & (slots - 1);
      for (;;) {
        const term = table[3 * at + 2];
        if (term === 0) break;
        if (table[3 * at] === a && table[3 * at + 1] === b) {
          sums[term - 1] += value;
          return;
        }
        at = (at + 1) & (slots - 1);
      }
      table[3 * at] = a;
      table[3 * at + 1] = b;
      sums[size] = value;
      paths[size] = path;
      subsets[size] = subset;
      table[3 * at + 2] = ++size;
      if (size === room) grow();
    },
    sums: () => sums.subarray(0, size),
    pathOf: (term) => paths[term],
    subsetOf: (term) => subsets[term],
  };
}

function longer<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Bits a pass: six passes make 64. */
const DIGIT = 11;
const DIGITS = 2 ** DIGIT;

/** Places by |value|, largest first, equal ones in their order: by the bits of the numbers, digit by digit from the lowest. */
export function descendingSizes(values: Float64Array): Uint32Array {
  const sizes = Float64Array.from(values);
  const words = new Uint32Array(sizes.buffer);
  // Without their signs numbers are ordered as their bits are; the complement turns the order round.
  for (let i = 0; i < words.length; i += 2) {
    words[i] = ~words[i];
    words[i + 1] = ~(words[i + 1] & 0x7fffffff);
  }
  let order = new Uint32Array(values.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  let next = new Uint32Array(values.length);
  for (let word = 0; word < 2; word++)
    for (let shift = 0; shift < 32; shift += DIGIT) {
      sortByDigit(words, word, shift, order, next);
      [order, next] = [next, order];
    }
  return order;
}

/** A stable counting sort of places by one digit of their numbers. */
function sortByDigit(words: Uint32Array, word: number, shift: number, order: Uint32Array, out: Uint32Array): void {
  const starts = new Uint32Array(DIGITS);
  for (let i = word; i < words.length; i += 2) starts[(words[i] >>> shift) & (DIGITS - 1)]++;
  let sum = 0;
  for (let d = 0; d < DIGITS; d++) {
    const count = starts[d];
    starts[d] = sum;
    sum += count;
  }
  for (let k = 0; k < order.length; k++) out[starts[(words[2 * order[k] + word] >>> shift) & (DIGITS - 1)]++] = order[k];
}
