import { isPresent, type Masks } from '../../src/core/masks.ts';
import { createRandom, type Random } from '../../src/core/random.ts';

/** A planted function: Fourier terms (members, coefficient). */
export type Terms = [number[], number][];

/** Σ c · (−1)^(kept members), by the definition and one mask at a time. */
export function evaluateTerms(terms: Terms, masks: Masks): Float64Array {
  return Float64Array.from({ length: masks.count }, (_, r) =>
    terms.reduce((sum, [members, c]) => sum + (members.filter((i) => isPresent(masks, r, i)).length % 2 ? -c : c), 0),
  );
}

/** Sixty terms, each of degree ≥ 2 an extension of one that is there already; coefficients fall with the degree. */
export function hierarchical(n: number, terms: number, seed: number): Terms {
  const random = createRandom(seed, 77);
  const out: Terms = [[[], random.normal()]];
  const seen = new Set(['']);
  const singles = Math.min(n, Math.ceil(terms / 3));
  while (out.length <= terms) {
    const parent = out.length <= singles ? [] : out[1 + random.below(out.length - 1)][0];
    if (parent.length >= 5) continue;
    const player = random.below(n);
    const members = [...new Set([...parent, player])].sort((a, b) => a - b);
    if (seen.has(members.join())) continue;
    seen.add(members.join());
    out.push([members, (random.below(2) ? 1 : -1) * (0.5 + random.uniform()) * 0.7 ** (members.length - 1)]);
  }
  return out;
}

/** Values plus normal noise of the given share of their variance. */
export function withNoise(values: Float64Array, share: number, random: Random): Float64Array {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  return values.map((v) => v + Math.sqrt(share) * deviation * random.normal());
}

/** 1 − Σ(p − y)²/Σ(y − ȳ)². */
export function rSquaredOf(predicted: ArrayLike<number>, values: Float64Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const total = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return 1 - values.reduce((sum, v, i) => sum + (v - predicted[i]) ** 2, 0) / total;
}

/** Distinct random frequencies of the given degrees, coefficients from 0.5 to 1.5 in size. */
export function scattered(n: number, count: number, degreesOf: (k: number) => number, random: Random): Terms {
  const terms = new Map<string, [number[], number]>();
  while (terms.size < count) {
    const members = new Set<number>();
    const degree = degreesOf(terms.size);
    while (members.size < degree) members.add(random.below(n));
    const sorted = [...members].sort((a, b) => a - b);
    terms.set(sorted.join(), [sorted, (random.below(2) ? 1 : -1) * (0.5 + random.uniform())]);
  }
  return [...terms.values()];
}
