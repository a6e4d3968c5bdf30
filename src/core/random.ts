/** A seeded stream of random numbers: the only source of randomness in the library. */
export interface Random {
  /** Uniform integer in [0, 2³²). */
  uint32(): number;
  /** Uniform number in [0, 1) with 32 random bits. */
  uniform(): number;
  /** Uniform integer in [0, bound). */
  below(bound: number): number;
  /** Standard normal. */
  normal(): number;
}

function splitmix32(state: number): () => number {
  let s = state >>> 0;
  return () => {
    s = (s + 0x9e3779b9) >>> 0;
    let z = s;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
}

/** xoshiro128** 1.1 (Blackman and Vigna), seeded through splitmix32; `stream` gives independent streams of one seed. */
export function createRandom(seed: number, stream = 0): Random {
  const next = splitmix32((seed ^ Math.imul(stream + 1, 0x632be5ab)) >>> 0);
  let [a, b, c, d] = [next(), next(), next(), next() | 1];
  const uint32 = () => {
    const m = Math.imul(b, 5);
    const out = Math.imul((m << 7) | (m >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return out;
  };
  const uniform = () => uint32() / 0x1_0000_0000;
  return {
    uint32,
    uniform,
    below(bound) {
      const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
      let v = uint32();
      while (v >= limit) v = uint32();
      return v % bound;
    },
    normal() {
      const u = 1 - uniform();
      return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * uniform());
    },
  };
}

/** Shuffles in place (Fisher–Yates) and returns its argument. */
export function shuffle<T extends { length: number; [i: number]: number }>(items: T, random: Random): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const t = items[i];
    items[i] = items[j];
    items[j] = t;
  }
  return items;
}
