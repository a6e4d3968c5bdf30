import type { Code } from './code.ts';

/** A codeword near a noisy word: the players among the errors, and how many errors there were, in players and in parity bits together. */
export interface Decoded {
  readonly members: readonly number[];
  readonly errors: number;
}

/** What decoding one word needs again and again: syndromes of single parity bits, and room to work in. */
export interface Decoder {
  readonly code: Code;
  /** p × t: S_1, S_3, … S_{2t−1} of parity bit i alone. */
  readonly syndromes: Uint32Array;
  readonly work: {
    s: Uint32Array;
    locator: Uint32Array;
    previous: Uint32Array;
    next: Uint32Array;
    exponents: Int32Array;
    steps: Int32Array;
  };
}

/** A decoder of the parity bits of `code`. */
export function createDecoder(code: Code): Decoder {
  const { p, t, field } = code;
  const syndromes = new Uint32Array(p * t);
  for (let i = 0; i < p; i++) for (let j = 0; j < t; j++) syndromes[i * t + j] = field.exp[((2 * j + 1) * (p - 1 - i)) % field.order];
  const room = () => new Uint32Array(2 * t + 2);
  return {
    code,
    syndromes,
    work: {
      s: room(),
      locator: room(),
      previous: room(),
      next: room(),
      exponents: new Int32Array(t),
      steps: new Int32Array(t),
    },
  };
}

/** Berlekamp–Massey on S_1 … S_2t: leaves the error locator in `work.locator` and returns its length, or −1 where that exceeds t. */
function locate({ code: { t, field }, work }: Decoder, odd: Uint32Array): number {
  const { exp, log } = field;
  const { s } = work;
  // The word is binary, so S_2j = S_j².
  for (let j = 1; j <= 2 * t; j++) s[j] = j & 1 ? odd[(j - 1) >> 1] : s[j >> 1] === 0 ? 0 : exp[2 * log[s[j >> 1]]];
  let { locator, previous, next } = work;
  locator.fill(0);
  previous.fill(0);
  locator[0] = previous[0] = 1;
  let length = 0;
  let gap = 1;
  let last = 1;
  for (let r = 0; r < 2 * t; r++) {
    let discrepancy = s[r + 1];
    for (let i = 1; i <= length; i++) if (locator[i] !== 0 && s[r + 1 - i] !== 0) discrepancy ^= exp[log[locator[i]] + log[s[r + 1 - i]]];
    if (discrepancy === 0) {
      gap++;
      continue;
    }
    const ratio = log[discrepancy] + field.order - log[last];
    next.set(locator);
    for (let i = 0; i + gap < next.length; i++) if (previous[i] !== 0) next[i + gap] ^= exp[(log[previous[i]] + ratio) % field.order];
    if (2 * length > r) gap++;
    else {
      length = r + 1 - length;
      [previous, locator] = [locator, previous];
      last = discrepancy;
      gap = 1;
    }
    [locator, next] = [next, locator];
  }
  Object.assign(work, { locator, previous, next });
  return length <= t && locator[length] !== 0 ? length : -1;
}

/** Chien search over the places of the shortened code: the roots of the locator, or null where some lie elsewhere or coincide. */
function roots({ code: { n, p, field }, work }: Decoder, length: number): Decoded | null {
  const { exp, log, order } = field;
  const { locator, exponents, steps } = work;
  let terms = 0;
  for (let i = 1; i <= length; i++) {
    if (locator[i] === 0) continue;
    exponents[terms] = log[locator[i]];
    steps[terms++] = i;
  }
  const members: number[] = [];
  let errors = 0;
  for (let degree = 0; degree < p + n && errors < length; degree++) {
    let sum = 1;
    for (let k = 0; k < terms; k++) {
      sum ^= exp[exponents[k]];
      const e = exponents[k] - steps[k];
      exponents[k] = e < 0 ? e + order : e;
    }
    if (sum !== 0) continue;
    errors++;
    if (degree >= p) members.push(p + n - 1 - degree);
  }
  return errors === length ? { members: members.reverse(), errors } : null;
}

/** Bounded-distance decoding of odd syndromes; null where no codeword is within t errors. */
function decodeSyndromes(decoder: Decoder, odd: Uint32Array): Decoded | null {
  if (odd.every((v) => v === 0)) return { members: [], errors: 0 };
  const length = locate(decoder, odd);
  return length < 0 ? null : roots(decoder, length);
}

function syndromesOf({ code: { t }, syndromes }: Decoder, bits: ArrayLike<number>): Uint32Array {
  const odd = new Uint32Array(t);
  for (let i = 0; i < bits.length; i++) if (bits[i]) for (let j = 0; j < t; j++) odd[j] ^= syndromes[i * t + j];
  return odd;
}

/**
 * The players whose signatures add up to these p parity bits but for some wrong bits: at most t players and wrong bits in all. Null where
 * there are none. (The information part of the word is 0, so that the players appear as its errors; SPEX §2.)
 */
export function decodeHard(decoder: Decoder, bits: ArrayLike<number>): Decoded | null {
  return decodeSyndromes(decoder, syndromesOf(decoder, bits));
}

/** Subsets of ascending weights by ascending sum, as bit sets; the first is empty. */
export function lightestSubsets(weights: ArrayLike<number>, count: number): number[] {
  const out = [0];
  // Each subset is reached once: by moving its largest element on, or by adding the next one.
  const open = weights.length > 0 ? [{ sum: weights[0], set: 1, top: 0 }] : [];
  while (out.length < count && open.length > 0) {
    let least = 0;
    for (let i = 1; i < open.length; i++) if (open[i].sum < open[least].sum) least = i;
    const { sum, set, top } = open[least];
    open[least] = open[open.length - 1];
    open.pop();
    out.push(set);
    if (top + 1 >= weights.length) continue;
    open.push({ sum: sum + weights[top + 1], set: set | (1 << (top + 1)), top: top + 1 });
    open.push({ sum: sum - weights[top] + weights[top + 1], set: (set ^ (1 << top)) | (1 << (top + 1)), top: top + 1 });
  }
  return out;
}

/**
 * Chase decoding of p reliabilities, negative for bit 1: where the plain word fails, the `depth` least reliable bits are flipped by the
 * depth(depth + 1)/2 likeliest patterns (the plain one included), and the codeword with the fewest errors, counted
 * where it is first met, is taken (Chase 1972, algorithm 2; the SPEX experiments use depth 2t).
 */
export function decodeSoft(decoder: Decoder, reliabilities: Float64Array, depth = 2 * decoder.code.t): Decoded | null {
  const { t } = decoder.code;
  const odd = syndromesOf(
    decoder,
    Uint8Array.from(reliabilities, (r) => (r < 0 ? 1 : 0)),
  );
  const plain = decodeSyndromes(decoder, odd);
  if (plain) return plain;
  const weak = Array.from(reliabilities.keys())
    .sort((a, b) => Math.abs(reliabilities[a]) - Math.abs(reliabilities[b]) || a - b)
    .slice(0, depth);
  const patterns = lightestSubsets(
    weak.map((i) => Math.abs(reliabilities[i])),
    (weak.length * (weak.length + 1)) / 2,
  );
  const seen = new Set<string>();
  let best: Decoded | null = null;
  const flipped = new Uint32Array(t);
  for (let q = 1; q < patterns.length; q++) {
    flipped.set(odd);
    for (let bits = patterns[q]; bits !== 0; bits &= bits - 1) {
      const at = weak[31 - Math.clz32(bits & -bits)] * t;
      for (let j = 0; j < t; j++) flipped[j] ^= decoder.syndromes[at + j];
    }
    const found = decodeSyndromes(decoder, flipped);
    if (!found || seen.has(found.members.join())) continue;
    seen.add(found.members.join());
    if (!best || found.errors < best.errors) best = found;
  }
  return best;
}
