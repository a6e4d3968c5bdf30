import { createRandom } from '../core/random.ts';
import { pairedMasks } from '../core/sample.ts';
import { boostTrees } from '../proxyspex/boost.ts';
import { treesToSpectrum } from '../proxyspex/trees.ts';
import { evaluateSpectrum, spectrumFromTerms } from '../spectrum/spectrum.ts';
import { type BenchContext, cpuRow, measure, type Row } from './harness.ts';

const PLAYERS = 256;
const ROWS = 8192;
const TREES = 100;
/** Trees whose spectrum is taken. */
const MANY_TREES = 1000;
const RUNS = 5;

/** Sixty random frequencies of degree 1 to 5, and noise of a tenth of their variance. */
function problem() {
  const random = createRandom(1, 9);
  const masks = pairedMasks(PLAYERS, ROWS, 1);
  const terms = Array.from({ length: 60 }, (_, k) => {
    const members = Array.from({ length: 1 + (k % 5) }, () => random.below(PLAYERS));
    return [[...new Set(members)], random.normal() * 0.7 ** (k % 5)] as const;
  });
  const values = evaluateSpectrum(spectrumFromTerms(PLAYERS, terms), masks).map((v) => v + random.normal());
  return { masks, values };
}

/** A tree of boosting, and the exact spectrum of a thousand. */
export async function boostRows(context: BenchContext): Promise<Row[]> {
  const { masks, values } = problem();
  const options = { depth: 5, leaves: 31, trees: TREES, learningRate: 0.1, minLeaf: 20 };
  context.report(`decode: ${TREES} trees`);
  const trees = await measure(context, RUNS, () => boostTrees(masks, values, options));
  context.report(`decode: the spectrum of ${MANY_TREES} trees`);
  const many = await boostTrees(masks, values, { ...options, trees: MANY_TREES });
  const fourier = await measure(context, RUNS, async () => treesToSpectrum(many, PLAYERS));
  return [
    cpuRow({
      id: 'boost',
      title: `one tree of ${TREES}, ${PLAYERS} players, ${ROWS} rows, depth 5, 31 leaves`,
      times: trees.cpu.map((s) => (1000 * s) / TREES),
      unit: 'cpu-ms a tree',
      commit: context.commit,
      details: { trees: TREES },
    }),
    cpuRow({
      id: 'tree-fourier',
      title: `exact spectrum of ${MANY_TREES} such trees`,
      times: fourier.cpu.map((s) => 1000 * s),
      unit: 'cpu-ms',
      commit: context.commit,
      details: { terms: fourier.last.coefficients.length },
    }),
  ];
}
