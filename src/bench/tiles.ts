import { adapterOf, type BenchContext, type Benchmark, type ProductTimes, type Row, rounded } from './harness.ts';

/** The widths of MiniLM's and BERT-base's largest products, at as many rows as the default binding of 128 MiB holds. */
const ON_A_GPU = [
  { rows: 16_384, K: 384, columns: 1536 },
  { rows: 8192, K: 768, columns: 3072 },
];
/** Enough to see on software that all tiles are right. */
const ON_SOFTWARE = [{ rows: 256, K: 384, columns: 384 }];

type Size = (typeof ON_A_GPU)[number];

function rowsOf({ rows, K, columns }: Size, { device, entries }: ProductTimes, commit: string): Row[] {
  return entries.map(
    ({ name, ms, why }): Row => ({
      id: `G1-${K}x${columns}-${name}`,
      title: `${rows} × ${K} by ${K} × ${columns}, tiles ${name}`,
      ours: rounded(ms ?? 0),
      peer: null,
      ratio: null,
      unit: 'ms',
      peerName: null,
      equal: ms !== null,
      adapter: adapterOf(device),
      commit,
      details: ms === null ? { why } : { gigaflopsPerSecond: rounded((2 * rows * K * columns) / ms / 1e6) },
    }),
  );
}

/** Every tiling of a matrix product on the GPU, checked against float64 and timed by the clock. */
export const tiles: Benchmark = {
  title: 'WebGPU’s tilings of a matrix product, each checked and timed',
  async run({ timeProduct, report, commit }: BenchContext) {
    if (!timeProduct) {
      report('tiles: no WebGPU here, nothing to time');
      return [];
    }
    const small = await timeProduct(ON_SOFTWARE[0]);
    if (small.device.software) return rowsOf(ON_SOFTWARE[0], small, commit);
    const out: Row[] = [];
    for (const size of ON_A_GPU) {
      report(`tiles: ${size.K} by ${size.columns}`);
      out.push(...rowsOf(size, await timeProduct(size), commit));
    }
    return out;
  },
};
