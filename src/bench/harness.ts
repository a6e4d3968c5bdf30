import type { TransformTimes } from '../compute/webgpu/time-transform.ts';
import type { Method } from '../explain/options.ts';
import type { CausalModel, DeviceInfo, Model } from '../model/model.ts';
import type { BackendName } from './backends.ts';
import type { Game } from './coverage/games.ts';

/** One line of a benchmark. `ratio` = peer / ours, so above 1 ours is better; null where there is no peer in the run. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly ratio: number | null;
  readonly unit: string;
  readonly peerName: string | null;
  /** Whether ours and the peer (or the float64 reference) gave the same numbers within the row's tolerance; null where nothing was compared. */
  readonly equal: boolean | null;
  /** Software adapters are labelled and never ranked. */
  readonly adapter: string;
  readonly commit: string;
  readonly details: Readonly<Record<string, number | string>>;
}

/** What a GPU's tilings took for one product, in milliseconds; null where one is wrong or does not compile. */
export interface ProductTimes {
  readonly device: DeviceInfo;
  readonly entries: readonly { readonly name: string; readonly ms: number | null; readonly why: string }[];
}

/** What a benchmark needs of the machine; the command line and the page each supply their own. */
export interface BenchContext {
  readonly commit: string;
  /** CPU-seconds (user and system) of this process so far. */
  cpuSeconds(): number;
  /** Backends to measure, the quickest first; a model is destroyed by whoever loaded it. */
  readonly backends: readonly { readonly name: string; load(): Promise<Model> }[];
  /** Text of a file named on the command line, such as SST-2's dev.tsv. @throws not-found. */
  readText(name: string): Promise<string>;
  /** Whether a file of that name was named; absent where none can be. */
  hasText?(name: string): boolean;
  /** Times a product of this size in every tiling; absent where there is no WebGPU. */
  timeProduct?(size: { readonly rows: number; readonly K: number; readonly columns: number }): Promise<ProductTimes>;
  /** Times transforms of rows of `size` numbers that are on a GPU already; absent where there is no WebGPU. */
  timeTransform?(rows: Float32Array, size: number): Promise<TransformTimes>;
  /** Complete tables of the folder named on the command line; absent where none was. @throws not-found, bad-file. */
  readTables?(): Promise<readonly Game[]>;
  /** The method that coverage watches; default `auto`. */
  readonly method?: Method;
  /** Families of functions that masks-needed is to keep to; default all. */
  readonly families?: readonly string[];
  /** A file of masks-needed's games; null where there is none of that name. */
  readGame?(name: string): Promise<Uint8Array | null>;
  /** Stores a game that was gathered anew; absent where nothing is to be gathered. */
  writeGame?(name: string, bytes: Uint8Array): Promise<void>;
  /** Loads the causal model that was named on one backend; absent where none was. */
  loadCausal?(backend: BackendName): Promise<CausalModel>;
  report(line: string): void;
}

export interface Benchmark {
  readonly title: string;
  run(context: BenchContext): Promise<Row[]>;
}

/** Median, smallest and largest. */
export function spread(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

/**
 * Wall and CPU seconds of each of `times` runs after one warm-up that is not counted, unless `warm` says that all is warm already; and what
 * the last run gave.
 */
export async function measure<T>(
  context: BenchContext,
  times: number,
  work: () => Promise<T>,
  warm = false,
): Promise<{ wall: number[]; cpu: number[]; last: T }> {
  let last = warm ? undefined : await work();
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    const used = context.cpuSeconds();
    last = await work();
    wall.push((performance.now() - start) / 1000);
    cpu.push(context.cpuSeconds() - used);
  }
  return { wall, cpu, last: last as T };
}

/** A row of ours alone: no peer in the run, and nothing compared. */
export function rowOf(row: Pick<Row, 'id' | 'title' | 'ours' | 'unit' | 'adapter' | 'commit' | 'details'>): Row {
  const { id, title, ours, unit, ...rest } = row;
  return { id, title, ours, peer: null, ratio: null, unit, peerName: null, equal: null, ...rest };
}

/** A row of the median of what runs on the CPU took, with the ends beside what else is told of them. */
export function cpuRow({
  times,
  details,
  ...row
}: Omit<Parameters<typeof rowOf>[0], 'ours' | 'adapter'> & { times: readonly number[] }): Row {
  const { median, min, max } = spread(times);
  const ends = { least: rounded(min), most: rounded(max) };
  return rowOf({ ...row, ours: rounded(median), adapter: 'CPU, one thread', details: { ...details, ...ends } });
}

/** The adapter of a row: software ones are labelled, and never ranked. */
export function adapterOf({ backend, adapter, software }: DeviceInfo): string {
  return backend === 'webgpu' && software ? `${adapter} (software)` : adapter;
}

/** A detail's name in words: `masksPerSecond` as `masks per second`. */
export function spaced(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
}

/** How far logits of size 1 to 5 may stray where weights and activations have eleven bits. */
export const HALF_TOLERANCE = 5e-2;

/** A number to 4 significant digits, for tables. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** Sixteen ordinary words; longer texts repeat them, as only the number of tokens matters to the clock. */
const WORDS = 'the film is not without its charms but the plot drags on far too long here'.split(' ');

/** A text of so many words, alike in every run. */
export function textOf(words: number): string {
  return Array.from({ length: words }, (_, i) => WORDS[i % WORDS.length]).join(' ');
}

/** The largest difference of two lists of numbers. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}
