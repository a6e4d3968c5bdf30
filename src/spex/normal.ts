import { popcount } from '../core/bits.ts';
import { type Masks, maskStride, pickMasks } from '../core/masks.ts';
import { pairFolds } from '../spectrum/cross-validate.ts';
import { parityColumns, parityMoments } from '../spectrum/gram.ts';
import { parityGram } from '../spectrum/gram-wasm.ts';
import { type Bins, projection, type Trace } from './bins.ts';
import type { Normal, Pattern, Problem } from './lasso.ts';

const FOLDS = 5;

/** For each frequency those that share a bin with it in some group, itself among them. */
function sharedBins(traces: readonly Trace[], b: number): Pattern {
  const groups = traces[0].bins.length;
  const inBin: number[][] = Array.from({ length: groups << b }, () => []);
  for (const [k, { bins }] of traces.entries()) for (let c = 0; c < groups; c++) inBin[(c << b) + bins[c]].push(k);
  const starts = new Uint32Array(traces.length + 1);
  const columns: number[] = [];
  const listed = new Int32Array(traces.length).fill(-1);
  for (const [k, { bins }] of traces.entries()) {
    for (const [c, bin] of bins.entries())
      for (const other of inBin[(c << b) + bin]) {
        if (listed[other] === k) continue;
        listed[other] = k;
        columns.push(other);
      }
    starts[k + 1] = columns.length;
  }
  return { size: traces.length, starts, columns: Uint32Array.from(columns) };
}

/**
 * The regression of all of a plan's queries, equal ones counted each time, on the characters of some frequencies, without a row of it being
 * written down: over the 2^b masks of one group and delay two characters are orthogonal unless their frequencies share a bin, and where they do
 * they agree but for the sign at that delay. So XᵀX, Xᵀy and yᵀy are sums over bins and delays. Folds are whole delays.
 */
export function binProblem(traces: readonly Trace[], { b, delays, values }: Bins): Problem {
  const pattern = sharedBins(traces, b);
  const groups = traces[0].bins.length;
  const size = 2 ** b;
  return {
    pattern,
    folds: FOLDS,
    part(fold) {
      const inside = new Uint32Array(traces[0].signature.length);
      let count = 0;
      for (let i = fold; i < delays; i += FOLDS, count++) inside[i >> 5] |= 1 << (i & 31);
      const gram = new Float64Array(pattern.columns.length);
      const moments = new Float64Array(traces.length);
      const part = maskDelays(values, delays, fold);
      for (const [k, { signature, bins }] of traces.entries()) {
        for (const [c, bin] of bins.entries()) moments[k] += size * projection(part, ((c << b) + bin) * delays, delays, signature);
        for (let e = pattern.starts[k]; e < pattern.starts[k + 1]; e++) {
          const other = traces[pattern.columns[e]];
          let differ = 0;
          for (let w = 0; w < inside.length; w++) differ += popcount((signature[w] ^ other.signature[w]) & inside[w]);
          let shared = 0;
          for (let c = 0; c < groups; c++) if (bins[c] === other.bins[c]) shared++;
          gram[e] = shared * size * (count - 2 * differ);
        }
      }
      let energy = 0;
      for (const v of part) energy += size * v * v;
      return { gram, moments, energy, rows: groups * size * count };
    },
  };
}

/** The values of one fold's delays, 0 elsewhere. */
function maskDelays(values: Float64Array, delays: number, fold: number): Float64Array {
  return values.map((v, at) => ((at % delays) % FOLDS === fold ? v : 0));
}

/** The same regression from any rows, written out: for rows that fill no bins. Folds are random. */
export function rowProblem(keys: Uint32Array, masks: Masks, values: ArrayLike<number>, seed: number): Problem {
  const size = keys.length / maskStride(masks.n);
  const folds = pairFolds(masks.count, FOLDS, seed).filter((rows) => rows.length > 0);
  const starts = Uint32Array.from({ length: size + 1 }, (_, k) => k * size);
  const columns = new Uint32Array(size * size);
  for (let e = 0; e < columns.length; e++) columns[e] = e % size;
  return {
    pattern: { size, starts, columns },
    folds: folds.length,
    part(fold): Normal {
      const own = pickMasks(masks, folds[fold]);
      const y = Float64Array.from(folds[fold], (r) => values[r]);
      const characters = parityColumns(own, keys);
      return {
        gram: parityGram(characters, own.count),
        moments: parityMoments(characters, own.count, y),
        energy: y.reduce((sum, v) => sum + v * v, 0),
        rows: own.count,
      };
    },
  };
}
