import { type Masks, maskStride } from '../core/masks.ts';

/** Neighbours this far apart may interact beyond what the product kernel expects. */
export const REACH = 6;
/** Players whose sums one table holds, and the bits that these depend on. */
export const OWN = 4;
const BITS = OWN + REACH;
const SIZE = 1 << BITS;

/**
 * Masks as overlapping windows: bits[r·groups + b] holds players 4b … 4b + 9 of row r. Kernels depend on two masks only through where they
 * differ, and the windows of the difference are the XOR of the windows.
 */
export interface Windows {
  readonly n: number;
  readonly count: number;
  readonly groups: number;
  readonly bits: Uint16Array;
}

/** The windows of every `step`-th mask. */
export function windowsOf(masks: Masks, step = 1): Windows {
  const { n, words } = masks;
  const stride = maskStride(n);
  const groups = Math.ceil(n / OWN);
  const count = Math.ceil(masks.count / step);
  const bits = new Uint16Array(count * groups);
  for (let r = 0; r < count; r++)
    for (let b = 0; b < groups; b++) {
      const word = (OWN * b) >> 5;
      const shift = (OWN * b) & 31;
      const at = r * step * stride + word;
      const above = shift > 32 - BITS && word + 1 < stride ? words[at + 1] << (32 - shift) : 0;
      bits[r * groups + b] = ((words[at] >>> shift) | above) & (SIZE - 1);
    }
  return { n, count, groups, bits };
}

/**
 * Two sums over the players at which two masks differ, by one look-up a window: entry 2(1024b + w) holds Σ c_i over the differing players of
 * group b, and the entry after it Σ q_ij z_i z_j over its local pairs, z = −1 where the masks differ.
 */
export type Tables = Float64Array;

/** Room for the tables of n players. */
export function createTables(n: number): Tables {
  return new Float64Array(2 * SIZE * Math.ceil(n / OWN));
}

/** What an entry takes to be filled, or gathered, beside a multiply-add. */
export const TABLE_WORK = 6;

/** Local pairs per player: q[REACH·i + δ − 1] belongs to players i and i + δ. */
export function fillTables(c: Float64Array, q: Float64Array, out: Tables): void {
  const ahead = new Float64Array(1 << REACH);
  for (let b = 0; OWN * b < c.length; b++) {
    const base = 2 * SIZE * b;
    out.fill(0, base, base + 2 * SIZE);
    for (let k = 0; k < OWN && OWN * b + k < c.length; k++) {
      const i = OWN * b + k;
      for (let v = 0; v < ahead.length; v++) {
        let sum = 0;
        for (let d = 0; d < REACH; d++) sum += (v >> d) & 1 ? -q[REACH * i + d] : q[REACH * i + d];
        ahead[v] = sum;
      }
      for (let w = 0; w < SIZE; w++) {
        const differs = (w >> k) & 1;
        const sum = ahead[(w >> (k + 1)) & (ahead.length - 1)];
        if (differs) out[base + 2 * w] += c[i];
        out[base + 2 * w + 1] += differs ? -sum : sum;
      }
    }
  }
}

/** The transpose of `fillTables`: derivatives by the table's entries become derivatives by c and q, which are overwritten. */
export function gatherTables(tables: Tables, c: Float64Array, q: Float64Array): void {
  const ahead = new Float64Array(1 << REACH);
  q.fill(0);
  for (let i = 0; i < c.length; i++) {
    const base = 2 * SIZE * (i >> 2);
    const k = i & (OWN - 1);
    let sum = 0;
    ahead.fill(0);
    for (let w = 0; w < SIZE; w++) {
      const by = tables[base + 2 * w + 1];
      const v = (w >> (k + 1)) & (ahead.length - 1);
      if ((w >> k) & 1) {
        sum += tables[base + 2 * w];
        ahead[v] -= by;
      } else ahead[v] += by;
    }
    c[i] = sum;
    for (let v = 0; v < ahead.length; v++) for (let d = 0; d < REACH; d++) q[REACH * i + d] += (v >> d) & 1 ? -ahead[v] : ahead[v];
  }
}
