// Unnormalised Walsh–Hadamard transform in place: out[k] = Σ_m (−1)^⟨k,m⟩ in[m], of float32 or float64, a power of two of at least sixteen.
// Stages are done in the order of radix 2, so their sums are the same; as many of them as a first-level cache holds before any of those
// beyond it, then as many as a second-level one does, three at a time in registers. Addresses are bytes. Twin: src/spectrum/fwht.ts.
const FIRST_LEVEL: usize = 32_768;
const SECOND_LEVEL: usize = 131_072;

export function fwht32(data: usize, count: usize): void {
  transform<f32>(data, count << 2);
}

export function fwht64(data: usize, count: usize): void {
  transform<f64>(data, count << 3);
}

function transform<T>(data: usize, bytes: usize): void {
  const chunk = min(bytes, SECOND_LEVEL);
  const block = min(bytes, FIRST_LEVEL);
  for (let c = data; c < data + bytes; c += chunk) {
    for (let at = c; at < c + chunk; at += block) {
      within<T>(at, at + block);
      stages<T>(at, 64, block);
    }
    stages<T>(c, block, chunk);
  }
  stages<T>(data, chunk, bytes);
}

/** The stages inside of 64 bytes: of each vector, then of four of them. */
function within<T>(data: usize, end: usize): void {
  for (let p = data; p < end; p += 64) {
    const a = vector<T>(v128.load(p));
    const b = vector<T>(v128.load(p, 16));
    const c = vector<T>(v128.load(p, 32));
    const d = vector<T>(v128.load(p, 48));
    storeFour<T>(p, 16, a, b, c, d);
  }
}

function vector<T>(v: v128): v128 {
  if (sizeof<T>() === 8) return v128.add<f64>(v128.xor(v, i64x2(0, i64.MIN_VALUE)), v128.shuffle<f64>(v, v, 1, 0));
  const pairs = v128.add<f32>(v128.xor(v, i32x4(0, i32.MIN_VALUE, 0, i32.MIN_VALUE)), v128.shuffle<f32>(v, v, 1, 0, 3, 2));
  return v128.add<f32>(v128.xor(pairs, i32x4(0, 0, i32.MIN_VALUE, i32.MIN_VALUE)), v128.shuffle<f32>(pairs, pairs, 2, 3, 0, 1));
}

/** The stages from distance `from` to below `bytes`. */
export function stages<T>(data: usize, from: usize, bytes: usize): void {
  const end = data + bytes;
  let h = from;
  for (; h << 3 <= bytes; h <<= 3)
    for (let base = data; base < end; base += h << 3) for (let p = base; p < base + h; p += 16) eight<T>(p, h);
  if (h << 2 <= bytes)
    for (let p = data; p < data + h; p += 16)
      storeFour<T>(p, h, v128.load(p), v128.load(p + h), v128.load(p + 2 * h), v128.load(p + 3 * h));
  else if (h << 1 <= bytes)
    for (let p = data; p < data + h; p += 16) {
      const a = v128.load(p);
      const b = v128.load(p + h);
      v128.store(p, v128.add<T>(a, b));
      v128.store(p + h, v128.sub<T>(a, b));
    }
}

function storeFour<T>(p: usize, h: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.add<T>(a, b);
  const aLessB = v128.sub<T>(a, b);
  const cd = v128.add<T>(c, d);
  const cLessD = v128.sub<T>(c, d);
  v128.store(p, v128.add<T>(ab, cd));
  v128.store(p + h, v128.add<T>(aLessB, cLessD));
  v128.store(p + 2 * h, v128.sub<T>(ab, cd));
  v128.store(p + 3 * h, v128.sub<T>(aLessB, cLessD));
}

function eight<T>(p: usize, h: usize): void {
  const q = p + 4 * h;
  const a0 = v128.load(p);
  const b0 = v128.load(p + h);
  const c0 = v128.load(p + 2 * h);
  const d0 = v128.load(p + 3 * h);
  const ab = v128.add<T>(a0, b0);
  const aLessB = v128.sub<T>(a0, b0);
  const cd = v128.add<T>(c0, d0);
  const cLessD = v128.sub<T>(c0, d0);
  const a = v128.add<T>(ab, cd);
  const b = v128.add<T>(aLessB, cLessD);
  const c = v128.sub<T>(ab, cd);
  const d = v128.sub<T>(aLessB, cLessD);
  const e0 = v128.load(q);
  const f0 = v128.load(q + h);
  const g0 = v128.load(q + 2 * h);
  const i0 = v128.load(q + 3 * h);
  const ef = v128.add<T>(e0, f0);
  const eLessF = v128.sub<T>(e0, f0);
  const gi = v128.add<T>(g0, i0);
  const gLessI = v128.sub<T>(g0, i0);
  const e = v128.add<T>(ef, gi);
  const f = v128.add<T>(eLessF, gLessI);
  const g = v128.sub<T>(ef, gi);
  const i = v128.sub<T>(eLessF, gLessI);
  v128.store(p, v128.add<T>(a, e));
  v128.store(p + h, v128.add<T>(b, f));
  v128.store(p + 2 * h, v128.add<T>(c, g));
  v128.store(p + 3 * h, v128.add<T>(d, i));
  v128.store(q, v128.sub<T>(a, e));
  v128.store(q + h, v128.sub<T>(b, f));
  v128.store(q + 2 * h, v128.sub<T>(c, g));
  v128.store(q + 3 * h, v128.sub<T>(d, i));
}
