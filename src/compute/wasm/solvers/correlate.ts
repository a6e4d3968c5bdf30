// Σ_r weights · z_rf for every player f, z = +1 absent, −1 present, of two lists of weights at once, one to a lane. Addresses are bytes.
// Twin: src/pursuit/correlate.ts.

/** Four tables of 256 pairs of sums, or eight of 16. */
const table = memory.data(16384, 16);

export function correlate(words: usize, count: i32, groups: i32, weights: usize, out: usize, nibbles: i32): void {
  let total = f64x2.splat(0);
  const end = weights + ((<usize>count) << 4);
  for (let at = weights; at < end; at += 16) total = f64x2.add(total, v128.load(at));
  for (let g = 0; g < groups; g++) {
    if (nibbles) {
      sumNibbles(words, weights, end);
      for (let q: usize = 0; q < 8; q++) fold(table + (q << 8), 4, out + (q << 6), total);
    } else {
      sumBytes(words, weights, end);
      for (let q: usize = 0; q < 4; q++) fold(table + (q << 12), 8, out + (q << 7), total);
    }
    words += (<usize>count) << 2;
    out += 512;
  }
}

function add(at: usize, v: v128): void {
  v128.store(at, f64x2.add(v128.load(at), v));
}

function sumBytes(words: usize, weights: usize, end: usize): void {
  memory.fill(table, 0, 16384);
  for (; weights < end; weights += 16, words += 4) {
    const w = load<u32>(words);
    const v = v128.load(weights);
    add(table + ((w << 4) & 0xff0), v);
    add(table + 4096 + ((w >> 4) & 0xff0), v);
    add(table + 8192 + ((w >> 12) & 0xff0), v);
    add(table + 12288 + ((w >> 20) & 0xff0), v);
  }
}

function sumNibbles(words: usize, weights: usize, end: usize): void {
  memory.fill(table, 0, 2048);
  for (; weights < end; weights += 16, words += 4) {
    const w = load<u32>(words);
    const v = v128.load(weights);
    add(table + ((w << 4) & 0xf0), v);
    add(table + 256 + (w & 0xf0), v);
    add(table + 512 + ((w >> 4) & 0xf0), v);
    add(table + 768 + ((w >> 8) & 0xf0), v);
    add(table + 1024 + ((w >> 12) & 0xf0), v);
    add(table + 1280 + ((w >> 16) & 0xf0), v);
    add(table + 1536 + ((w >> 20) & 0xf0), v);
    add(table + 1792 + ((w >> 24) & 0xf0), v);
  }
}

/** For each bit, the total less twice the sum of entries that have it; the table is folded in half from the highest bit down. */
function fold(start: usize, bits: i32, out: usize, total: v128): void {
  for (let bit = bits - 1; bit >= 0; bit--) {
    const half = (<usize>16) << bit;
    let sum = f64x2.splat(0);
    for (let at = start; at < start + half; at += 16) {
      const high = v128.load(at + half);
      sum = f64x2.add(sum, high);
      v128.store(at, f64x2.add(v128.load(at), high));
    }
    v128.store(out + ((<usize>bit) << 4), f64x2.sub(total, f64x2.mul(f64x2.splat(2), sum)));
  }
}
