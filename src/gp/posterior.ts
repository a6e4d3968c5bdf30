import type { Functional } from '../spectrum/spectrum.ts';
import { quadratic } from './factor.ts';
import type { Hyper } from './hyper.ts';
import { blocksOf, type Rows } from './kernel.ts';
import type { Pace } from './pace.ts';
import type { Process } from './process.ts';
import { suffixCovariances, suffixVariance, suffixVarianceWork } from './suffix-spectrum.ts';
import { symmetric, without } from './symmetric.ts';
import { REACH } from './windows.ts';

/** What a covariance with one unit takes beside multiply-adds of matrices. */
const COVARIANCE_WORK = 100;
/** What the sign of a player in a unit takes. */
const SIGN_WORK = 8;
/** Functionals whose covariances by endings are found at once: what all of them need of a row is found once for these. */
const SLICE = 128;

interface Expansion {
  /** Prior variance of the constant under the product kernel, and what each member multiplies it by. */
  readonly scale: number;
  readonly rho: Float64Array;
  /** Elementary symmetric polynomials of ρ, and of ρ_i z_i for every unit. */
  readonly prior: Float64Array;
  readonly byUnit: readonly Float64Array[];
  readonly signs: readonly Float64Array[];
}

async function expand({ rows, hyper }: Process, top: number, pace: Pace): Promise<Expansion> {
  const rho = hyper.c.map((c) => Math.tanh(c / 2));
  const { groups, bits } = rows.windows;
  const signs: Float64Array[] = [];
  const byUnit: Float64Array[] = [];
  for (let p = 0; p < rows.units; p++) {
    const z = rho.map((_, i) => ((bits[p * groups + (i >> 2)] >> (i & 3)) & 1 ? -1 : 1));
    signs.push(z);
    byUnit.push(
      symmetric(
        rho.map((r, i) => r * z[i]),
        top,
      ),
    );
    const rest = pace(rho.length * (top + SIGN_WORK));
    if (rest) await rest;
  }
  return {
    scale: rho.reduce((product, r) => product / (1 + r), hyper.product),
    rho,
    prior: symmetric(rho, top),
    signs,
    byUnit,
  };
}

/**
 * Latent posterior variance of I_S = Σ_{T ⊇ S} w(|T|, |S|) F(T), over all 2ⁿ frequencies: prior variances v_T less qᵀK⁻¹q, q = Σ w v_T χ_T on
 * the fitting rows. Sums over T are elementary symmetric polynomials, so nothing is enumerated; where endings count, those are no
 * product and come beside.
 */
export async function interactionVariances(process: Process, functionals: readonly Functional[], pace: Pace): Promise<Float64Array> {
  const top = functionals.reduce(
    (most, { byDegree }) =>
      Math.max(
        most,
        byDegree.findLastIndex((w) => w !== 0),
      ),
    0,
  );
  const expansion = await expand(process, top, pace);
  const { rows, hyper, inverses } = process;
  const work = inverses.length * ((rows.size * rows.size) / 2) + COVARIANCE_WORK * rows.units;
  const out = new Float64Array(functionals.length);
  let endings: Float64Array[] = [];
  for (const [f, functional] of functionals.entries()) {
    let prior = priorVariance(hyper, expansion, functional);
    const columns = covariances(rows, hyper, expansion, functional);
    if (rows.suffix) {
      if (f % SLICE === 0) endings = await suffixCovariances(process, functionals.slice(f, f + SLICE), top, pace);
      const column = endings[f % SLICE];
      for (let r = 0; r < rows.units; r++) columns[0][r] += column[r];
      prior += suffixVariance(hyper, functional, top);
      await pace(suffixVarianceWork(hyper.c.length, top));
    }
    out[f] = Math.max(
      0,
      columns.reduce((left, column, b) => (column.some((v) => v !== 0) ? left - quadratic(inverses[b], column) : left), prior),
    );
    const rest = pace(work);
    if (rest) await rest;
  }
  return out;
}

function priorVariance(hyper: Hyper, { scale, rho, prior }: Expansion, { members, byDegree }: Functional): number {
  const size = members.length;
  const own = members.reduce((product, i) => product * rho[i], scale);
  const rest = without(
    prior,
    members.map((i) => rho[i]),
  );
  let sum = 0;
  for (let t = size; t < byDegree.length && t - size < rest.length; t++) sum += byDegree[t] ** 2 * own * rest[t - size];
  if (size === 1) sum += byDegree[1] ** 2 * hyper.single * hyper.c[members[0]];
  for (const { weight } of localPairs(hyper, members)) sum += byDegree[2] ** 2 * weight;
  return sum;
}

/** Cov(I_S, g) at the rows, one column a matrix: characters of even degree are even under complement, so √2 of them lies in the sum of a pair. */
function covariances(rows: Rows, hyper: Hyper, { scale, rho, signs, byUnit }: Expansion, { members, byDegree }: Functional) {
  const size = members.length;
  const columns = blocksOf(rows, rows.size);
  const near = localPairs(hyper, members);
  for (let p = 0; p < rows.units; p++) {
    const z = signs[p];
    const own = members.reduce((product, i) => product * rho[i] * z[i], scale);
    const rest = without(
      byUnit[p],
      members.map((i) => rho[i] * z[i]),
    );
    const sums = [0, 0];
    for (let t = size; t < byDegree.length && t - size < rest.length; t++) sums[t & 1] += byDegree[t] * own * rest[t - size];
    if (size === 1) sums[1] += byDegree[1] * hyper.single * hyper.c[members[0]] * z[members[0]];
    for (const { i, j, weight } of near) sums[0] += byDegree[2] * weight * z[i] * z[j];
    if (rows.paired) for (const b of [0, 1]) columns[b][p] = Math.SQRT2 * sums[b];
    else columns[0][p] = sums[0] + sums[1];
  }
  return columns;
}

/** Neighbouring pairs T ⊇ S and their prior variance beside the product kernel's. */
function localPairs({ q, c }: Hyper, members: readonly number[]): { i: number; j: number; weight: number }[] {
  const n = c.length;
  const out: { i: number; j: number; weight: number }[] = [];
  if (members.length > 2) return out;
  for (const i of members)
    for (let d = 1; d <= REACH; d++)
      for (const [from, to] of [
        [i, i + d],
        [i - d, i],
      ])
        if (from >= 0 && to < n && members.every((m) => m === from || m === to))
          out.push({ i: from, j: to, weight: q[REACH * from + d - 1] });
  // Both members of a pair find it.
  return members.length === 2 ? out.slice(0, 1) : out;
}
