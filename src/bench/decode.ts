import { createRandom } from '../core/random.ts';
import { ridgePath } from '../core/ridge-path.ts';
import { pairedMasks } from '../core/sample.ts';
import { pursuit } from '../pursuit/pursuit.ts';
import { rSquared } from '../spectrum/cross-validate.ts';
import { parityColumns, parityMoments } from '../spectrum/gram.ts';
import { parityGram } from '../spectrum/gram-wasm.ts';
import { evaluateSpectrum, type Spectrum, spectrumFromTerms } from '../spectrum/spectrum.ts';
import { boostRows } from './boost.ts';
import { gpRows } from './gp.ts';
import { type BenchContext, type Benchmark, cpuRow, measure, type Row, rounded } from './harness.ts';
import { spexRows } from './spex.ts';

const RUNS = 3;
/** Masks that grade a spectrum on the function before noise. */
const FRESH = 1000;
/** The path: characters, rows, players, and strengths from a millionth to ten times the number of rows. */
const PATH = { characters: 1000, rows: 8192, players: 256, strengths: 25 };
const PURSUITS = [
  { players: 128, masks: 1000 },
  { players: 1024, masks: 2000 },
  { players: 4096, masks: 4000 },
];

/** Sixty frequencies, those of degree 2 to 5 extensions of others, ever smaller by degree. */
function hierarchical(n: number): Spectrum {
  const random = createRandom(2, 9);
  const terms: (readonly [number[], number])[] = Array.from({ length: 20 }, () => [[random.below(n)], random.normal()]);
  while (terms.length < 60) {
    const [parent] = terms[random.below(terms.length)];
    const player = random.below(n);
    if (parent.length < 5 && !parent.includes(player)) terms.push([[...parent, player], random.normal() * 0.7 ** parent.length]);
  }
  return spectrumFromTerms(n, terms);
}

/** From masks and values to the coefficients of a support at every strength: columns, Gram matrix, moments, path. */
export async function pathRow(context: BenchContext): Promise<Row> {
  const { characters, rows, players, strengths } = PATH;
  context.report(`decode: ridge path of ${characters} characters`);
  const random = createRandom(3, 9);
  const masks = pairedMasks(players, rows, 1);
  const { keys } = spectrumFromTerms(players, [
    [[], 0],
    ...Array.from({ length: characters - 1 }, (_, k): [number[], number] => [
      k < players ? [k] : [k % players, random.below(players), random.below(players)],
      1,
    ]),
  ]);
  const values = Float64Array.from({ length: rows }, () => random.normal());
  const size = keys.length / (players / 32);
  const path = Array.from({ length: strengths }, (_, s) => rows * 10 ** (1 - (7 * s) / (strengths - 1)));
  const { cpu } = await measure(context, RUNS, () => {
    const columns = parityColumns(masks, keys);
    const gram = parityGram(columns, rows);
    return ridgePath(gram, size, new Float64Array(size).fill(1, 1), path, parityMoments(columns, rows, values));
  });
  return cpuRow({
    id: 'ridge-path',
    title: `ridge at ${strengths} strengths, ${size} characters, ${rows} masks`,
    times: cpu.map((s) => 1000 * s),
    unit: 'cpu-ms',
    commit: context.commit,
    details: { players },
  });
}

/** Pursuit of sixty hierarchical frequencies through noise of a tenth of their variance. */
export async function pursuitRow(context: BenchContext, n: number, count: number): Promise<Row> {
  context.report(`decode: pursuit, ${n} players`);
  const truth = hierarchical(n);
  const masks = pairedMasks(n, count, 1);
  const clean = evaluateSpectrum(truth, masks);
  const noise = createRandom(4, 9);
  const size = Math.sqrt(truth.coefficients.reduce((sum, c) => sum + c * c, 0));
  const values = clean.map((v) => v + Math.sqrt(0.1) * size * noise.normal());
  const { cpu, last } = await measure(context, RUNS, () => pursuit(masks, values, { seed: 1 }));
  const fresh = pairedMasks(n, FRESH, 2);
  return cpuRow({
    id: `pursuit-${n}`,
    title: `pursuit, ${n} players, ${count} masks`,
    times: cpu,
    unit: 'cpu-s',
    commit: context.commit,
    details: {
      terms: last.spectrum.coefficients.length,
      r2: rounded(rSquared(evaluateSpectrum(last.spectrum, fresh), evaluateSpectrum(truth, fresh))),
    },
  });
}

/** Every decoder's work from masks and values to its spectrum on the CPU, one thread. */
export const decode: Benchmark = {
  title: 'decoders: boosted trees and their spectrum, ridge path, pursuit, Gaussian process, SPEX; CPU time of one thread',
  async run(context) {
    const out = [...(await boostRows(context)), await pathRow(context)];
    for (const { players, masks } of PURSUITS) out.push(await pursuitRow(context, players, masks));
    for (const count of [256, 512, 1000]) out.push(...(await gpRows(context, count)));
    out.push(...(await spexRows(context)));
    return out;
  },
};
