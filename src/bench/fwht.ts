import { createRandom } from '../core/random.ts';
import { fwhtRows } from '../spectrum/fwht.ts';
import { wasmTransform } from '../spectrum/fwht-wasm.ts';
import { adapterOf, type BenchContext, type Benchmark, cpuRow, farthest, measure, type Row, rounded } from './harness.ts';

const PLAYERS = 20;
const RUNS = 9;
/** Transforms in one time that is taken: one alone is a millisecond. */
const TIMES = 10;
/** Twenty stages in float32, of numbers whose sums are about 2¹⁰: some steps of it. */
const FLOAT32 = 2e-6;

/** The textbook, in place: one stage a pass. */
function radix2(data: Float32Array): void {
  for (let h = 1; h < data.length; h *= 2)
    for (let base = 0; base < data.length; base += 2 * h)
      for (let i = base; i < base + h; i++) {
        const a = data[i];
        const b = data[i + h];
        data[i] = a + b;
        data[i + h] = a - b;
      }
}

/** A table of 2ⁿ float32 in memory, transformed in turn by the kernel and by plain JavaScript. */
export async function fwhtRow(context: BenchContext, players = PLAYERS): Promise<Row | null> {
  const random = createRandom(1, 9);
  const table = Float32Array.from({ length: 2 ** players }, () => random.normal());
  const kernel = wasmTransform(table);
  if (!kernel) return null;
  const plain = table.slice();
  kernel.run();
  radix2(plain);
  const largest = plain.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const off = plain.reduce((most, v, i) => Math.max(most, Math.abs(v - kernel.data[i])), 0);
  const equal = off <= FLOAT32 * largest;
  context.report(`fwht: 2^${players} numbers`);
  // Zeros stay zeros: nothing grows beyond float32 however often they are transformed.
  kernel.data.fill(0);
  plain.fill(0);
  const repeat = (work: () => void) => async () => {
    for (let i = 0; i < TIMES; i++) work();
  };
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    ours.push(...(await measure(context, 1, repeat(kernel.run), i > 0)).cpu);
    theirs.push(
      ...(
        await measure(
          context,
          1,
          repeat(() => radix2(plain)),
          i > 0,
        )
      ).cpu,
    );
  }
  const ms = (seconds: readonly number[]) => seconds.map((s) => (1000 * s) / TIMES);
  const details = { largestDifference: rounded(off / largest) };
  const common = { unit: 'cpu-ms', commit: context.commit, details };
  const row = cpuRow({ id: 'fwht', title: `Walsh–Hadamard transform of 2^${players} float32, in WASM`, times: ms(ours), ...common });
  const peer = cpuRow({ id: '', title: '', times: ms(theirs), ...common }).ours;
  return { ...row, peer, peerName: 'radix-2 JavaScript', ratio: rounded(peer / row.ours), equal };
}

/** Sizes of a transform, in all 2^24 numbers, as the default binding of 128 MiB holds them; on software adapters fewer rows, or a shorter one. */
const ON_A_GPU = [
  { size: 2 ** 24, rows: 1 },
  { size: 2 ** 8, rows: 65_536 },
];
const ON_SOFTWARE = [
  { size: 2 ** 16, rows: 1 },
  { size: 2 ** 8, rows: 256 },
];

/** Transforms of numbers that are on a GPU, by the clock, against copies of the same bytes: as many as the transform has passes. */
async function onDevice({ timeTransform, report, commit }: BenchContext): Promise<Row[]> {
  if (!timeTransform) {
    report('fwht: no WebGPU here, so WebAssembly alone');
    return [];
  }
  const time = async ({ size, rows }: (typeof ON_A_GPU)[number]) => {
    const bits = Math.log2(size);
    report(`fwht: ${rows} × 2^${bits} numbers on the GPU`);
    const random = createRandom(2, bits);
    const numbers = Float32Array.from({ length: rows * size }, () => random.normal());
    const { device, passes, ms, copyMs, transformed } = await timeTransform(numbers, size);
    const want = fwhtRows(numbers, size);
    const largest = want.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const off = farthest(transformed, want) / largest;
    const row: Row = {
      id: `G5-${bits}`,
      title: `Walsh–Hadamard transforms of ${rows} × 2^${bits} float32 on the GPU`,
      ours: rounded(ms),
      peer: rounded(passes * copyMs),
      ratio: rounded((passes * copyMs) / ms),
      unit: 'ms',
      peerName: `copies from buffer to buffer, × ${passes}`,
      equal: transformed.length === want.length && off <= FLOAT32,
      adapter: adapterOf(device),
      commit,
      details: { largestDifference: rounded(off), gigabytesPerSecond: rounded((8 * numbers.length * passes) / ms / 1e6) },
    };
    return { row, software: device.software };
  };
  const small = [];
  for (const size of ON_SOFTWARE) small.push(await time(size));
  if (small[0].software) return small.map(({ row }) => row);
  const out: Row[] = [];
  for (const size of ON_A_GPU) out.push((await time(size)).row);
  return out;
}

/** The transform of a whole table, against the textbook in JavaScript, and on a GPU where there is one. */
export const fwht: Benchmark = {
  title: `Walsh–Hadamard transform of a table of 2^${PLAYERS} float32 in memory against radix-2 JavaScript, and many on a GPU against copies`,
  async run(context: BenchContext) {
    const row = await fwhtRow(context);
    return [...(row ? [row] : []), ...(await onDevice(context))];
  },
};
