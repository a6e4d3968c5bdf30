/**
 * What removals change, as a polynomial in the removed players: change(X) = Σ_{U ⊆ X} d_U. All subsets of every frequency have a place, so that
 * taking a player out only moves numbers between places.
 */
export interface Monomials {
  readonly n: number;
  /** d_U of nobody removed, by place; place 0 is ∅ and holds 0. */
  readonly start: Float64Array;
  /** What removing one more player changes. */
  alone(d: Float64Array, i: number): number;
  /** The polynomial once the player is removed, in the others. */
  remove(d: Float64Array, i: number): Float64Array;
  /** For each allowed player a bound on what it can bring among `left` more: any `left` of them bring at most the sum of their bounds. */
  bounds(d: Float64Array, allowed: Uint8Array, left: number): Float64Array;
}

/** Monomials of Σ_S c_S (−1)^|S ∩ X| less its value at X = ∅: d_U = (−2)^|U| Σ_{S ⊇ U} c_S. */
export function createMonomials(n: number, sets: readonly (readonly number[])[], c: Float64Array): Monomials {
  const places = new Map<string, number>([['', 0]]);
  const members: number[][] = [[]];
  const start: number[] = [0];
  const placeOf = (set: number[]) => {
    const key = set.join();
    let place = places.get(key);
    if (place === undefined) {
      place = members.length;
      places.set(key, place);
      members.push(set);
      start.push(0);
    }
    return place;
  };
  for (const [s, set] of sets.entries())
    for (let bits = 1; bits < 2 ** set.length; bits++) {
      const subset = set.filter((_, i) => (bits >> i) & 1);
      start[placeOf(subset)] += (-2) ** subset.length * c[s];
    }
  /** For each player, pairs of places: U with it, U without it. */
  const pairs: [number, number][][] = Array.from({ length: n }, () => []);
  const single = new Int32Array(n).fill(-1);
  for (const [place, set] of members.entries())
    for (const i of set) {
      pairs[i].push([place, places.get(set.filter((j) => j !== i).join()) as number]);
      if (set.length === 1) single[i] = place;
    }
  return {
    n,
    start: Float64Array.from(start),
    alone: (d, i) => (single[i] < 0 ? 0 : d[single[i]]),
    remove(d, i) {
      const out = Float64Array.from(d);
      for (const [withIt, without] of pairs[i]) {
        out[without] += d[withIt];
        out[withIt] = 0;
      }
      return out;
    },
    bounds(d, allowed, left) {
      const out = new Float64Array(n);
      for (let place = 1; place < d.length; place++) {
        const set = members[place];
        const value = d[place];
        if (value === 0 || (set.length > 1 && (value < 0 || set.length > left)) || !set.every((i) => allowed[i])) continue;
        // A gain of several comes only where all of them are removed: each carries its part.
        for (const i of set) out[i] += value / set.length;
      }
      return out;
    },
  };
}
