// The rows of a tree's leaves and their sums, player by player. Addresses are bytes. Each row's weight is 2^k + its rounded gradient, so that
// one sum holds the number of rows and the gradient; all sums are integers below 2⁵³, exact in any order. Twin: src/proxyspex/leaves.ts.

/** Four tables of 256 sums, or eight of 16. */
const table = memory.data(8192, 16);
/** Below this many rows, 8 tables of 16 entries are cheaper than 4 of 256. */
const NIBBLE_ROWS = 300;

let foundGain: f64 = 0;

/** weights[r] = unit + residual[r] · scale, rounded to even; rows[r] = r. Returns the sum of the weights. */
export function packRows(count: i32, residual: usize, scale: f64, unit: f64, rows: usize, weights: usize): f64 {
  let sum: f64 = 0;
  for (let r = 0; r < count; r++) {
    const v = unit + nearest<f64>(load<f64>(residual + ((<usize>r) << 3)) * scale);
    store<i32>(rows + ((<usize>r) << 2), r);
    store<f64>(weights + ((<usize>r) << 3), v);
    sum += v;
  }
  return sum;
}

/** The largest |residual|. */
export function largestOf(count: i32, residual: usize): f64 {
  let top = f64x2.splat(0);
  const pairs = residual + ((<usize>(count & ~1)) << 3);
  for (let at = residual; at < pairs; at += 16) top = f64x2.max(top, f64x2.abs(v128.load(at)));
  let most = max(f64x2.extract_lane(top, 0), f64x2.extract_lane(top, 1));
  if (count & 1) most = max(most, abs(load<f64>(pairs)));
  return most;
}

/** out[32g + b] = Σ weights over the places from … to − 1 whose row has player 32g + b, for every group g. */
export function histogram(words: usize, count: i32, groups: i32, rows: usize, weights: usize, from: i32, to: i32, out: usize): void {
  const first = rows + ((<usize>from) << 2);
  const end = rows + ((<usize>to) << 2);
  const weight = weights + ((<usize>from) << 3);
  for (let g = 0; g < groups; g++) {
    if (to - from < NIBBLE_ROWS) {
      sumNibbles(words, first, end, weight);
      for (let q: usize = 0; q < 8; q++) fold(table + (q << 7), 4, out + (q << 5));
    } else {
      sumBytes(words, first, end, weight);
      for (let q: usize = 0; q < 4; q++) fold(table + (q << 11), 8, out + (q << 6));
    }
    words += (<usize>count) << 2;
    out += 256;
  }
}

function add(at: usize, v: f64): void {
  store<f64>(at, load<f64>(at) + v);
}

function sumBytes(words: usize, first: usize, end: usize, weight: usize): void {
  memory.fill(table, 0, 8192);
  for (let at = first; at < end; at += 4) {
    const w = load<u32>(words + ((<usize>load<u32>(at)) << 2));
    const v = load<f64>(weight);
    weight += 8;
    add(table + ((w << 3) & 0x7f8), v);
    add(table + 2048 + ((w >> 5) & 0x7f8), v);
    add(table + 4096 + ((w >> 13) & 0x7f8), v);
    add(table + 6144 + ((w >> 21) & 0x7f8), v);
  }
}

function sumNibbles(words: usize, first: usize, end: usize, weight: usize): void {
  memory.fill(table, 0, 1024);
  for (let at = first; at < end; at += 4) {
    const w = load<u32>(words + ((<usize>load<u32>(at)) << 2));
    const v = load<f64>(weight);
    weight += 8;
    add(table + ((w << 3) & 0x78), v);
    add(table + 128 + ((w >> 1) & 0x78), v);
    add(table + 256 + ((w >> 5) & 0x78), v);
    add(table + 384 + ((w >> 9) & 0x78), v);
    add(table + 512 + ((w >> 13) & 0x78), v);
    add(table + 640 + ((w >> 17) & 0x78), v);
    add(table + 768 + ((w >> 21) & 0x78), v);
    add(table + 896 + ((w >> 25) & 0x78), v);
  }
}

/** out[b] = sum of the entries whose index has bit b; the table is folded in half from the top. */
function fold(start: usize, bits: i32, out: usize): void {
  for (let b = bits - 1; b > 0; b--) {
    const half = (<usize>8) << b;
    let sum = f64x2.splat(0);
    for (let at = start; at < start + half; at += 16) {
      const high = v128.load(at + half);
      sum = f64x2.add(sum, high);
      v128.store(at, f64x2.add(v128.load(at), high));
    }
    store<f64>(out + ((<usize>b) << 3), f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
  }
  store<f64>(out, load<f64>(start, 8));
}

/** whole[f] −= part[f]. */
export function subtract(players: i32, whole: usize, part: usize): void {
  for (let end = whole + ((<usize>players) << 3); whole < end; whole += 16, part += 16)
    v128.store(whole, f64x2.sub(v128.load(whole), v128.load(part)));
}

/**
 * The player whose split of a leaf of `whole` rows and gradient `g` gains most, −1 where none gains more than ½; the lowest wins a tie. The
 * gain is `bestGain()` until the next call.
 */
export function bestSplit(players: i32, histogram: usize, g: f64, whole: f64, unit: f64, minLeaf: f64): i32 {
  const floor = f64x2.splat((g * g) / whole);
  const units = f64x2.splat(unit);
  const inverse = f64x2.splat(1 / unit);
  const all = f64x2.splat(whole);
  const sum = f64x2.splat(g);
  const least = f64x2.splat(minLeaf);
  let feature = -1;
  let limit: f64 = 0.5;
  foundGain = 0;
  for (let f = 0; f < players; f += 2, histogram += 16) {
    const h = v128.load(histogram);
    const kept = f64x2.nearest(f64x2.mul(h, inverse));
    const gone = f64x2.sub(all, kept);
    const gp = f64x2.sub(h, f64x2.mul(kept, units));
    const gn = f64x2.sub(sum, gp);
    const gain = f64x2.sub(f64x2.add(f64x2.div(f64x2.mul(gp, gp), kept), f64x2.div(f64x2.mul(gn, gn), gone)), floor);
    const enough = v128.and(f64x2.ge(kept, least), f64x2.ge(gone, least));
    if (!v128.any_true(v128.and(enough, f64x2.gt(gain, f64x2.splat(limit))))) continue;
    for (let lane = 0; lane < 2; lane++) {
      const better = lane ? f64x2.extract_lane(gain, 1) : f64x2.extract_lane(gain, 0);
      if (!(lane ? i64x2.extract_lane(enough, 1) : i64x2.extract_lane(enough, 0)) || !(better > limit)) continue;
      foundGain = better;
      feature = f + lane;
      limit = max(0.5, better * (1 + 1e-12));
    }
  }
  return feature;
}

export function bestGain(): f64 {
  return foundGain;
}

/**
 * Moves the rows of the places from … to − 1 that lack a player before those that have it, each side in its old order, with their weights;
 * returns where the others begin. `words` are those of the player's group.
 */
export function partition(words: usize, shift: i32, from: i32, to: i32, rows: usize, weights: usize, spare: usize): i32 {
  const spareWeights = spare + (((<usize>(to - from + 1)) << 2) & ~7);
  let low = from;
  let high = 0;
  for (let i = from; i < to; i++) {
    const r = load<u32>(rows + ((<usize>i) << 2));
    const v = load<f64>(weights + ((<usize>i) << 3));
    const bit = (load<u32>(words + ((<usize>r) << 2)) >> shift) & 1;
    store<u32>(rows + ((<usize>low) << 2), r);
    store<f64>(weights + ((<usize>low) << 3), v);
    store<u32>(spare + ((<usize>high) << 2), r);
    store<f64>(spareWeights + ((<usize>high) << 3), v);
    high += bit;
    low += 1 - bit;
  }
  memory.copy(rows + ((<usize>low) << 2), spare, (<usize>high) << 2);
  memory.copy(weights + ((<usize>low) << 3), spareWeights, (<usize>high) << 3);
  return low;
}

/** Takes a leaf's value off the residual of each of its rows. */
export function settle(rows: usize, from: i32, to: i32, residual: usize, value: f64): void {
  const end = rows + ((<usize>to) << 2);
  for (let at = rows + ((<usize>from) << 2); at < end; at += 4) {
    const place = residual + ((<usize>load<u32>(at)) << 3);
    store<f64>(place, load<f64>(place) - value);
  }
}
