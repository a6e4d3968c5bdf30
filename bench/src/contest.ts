import type * as Common from 'onnxruntime-common';

/** What is used of onnxruntime, in each of its packages. */
export type Engine = Pick<typeof Common, 'InferenceSession' | 'Tensor'>;

/** A GGUF file. */
export interface CausalFile {
  /** Ends with a slash. */
  readonly folder: string;
  readonly file: string;
}

/** Where a contest takes place. */
export interface Surroundings {
  readonly web: Engine;
  /** The native package, in Node. */
  readonly native?: Engine;
  /** A GPU other than navigator.gpu. */
  readonly gpu?: GPU;
  /** Folder of the embedded model. */
  readonly model: string;
  /** A causal language model of the Llama family, where one is given. */
  readonly causal?: CausalFile;
  /** Address of the files of wllama, in a page. */
  readonly wllama?: string;
}

/** Several programs doing the same work; the first side is the measure of the others' numbers. */
export interface Contest {
  readonly sides: readonly string[];
  /** Enough of the work for code to be compiled and memory to be allocated. */
  warm(side: string): Promise<void>;
  /** The work once; its numbers are kept until the next time. */
  run(side: string): Promise<void>;
  /** Largest difference between this side's last numbers and the first side's. */
  apart(side: string): number;
  /** Sizes of the work, and exact counts of what was done for it. */
  facts(): Readonly<Record<string, number | string>>;
  close(): Promise<void>;
}

export type Setup = (around: Surroundings, sides: readonly string[]) => Promise<Contest>;

/** One thread of one CPU, as ours has. */
export const ONE_THREAD = {
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
} as const;

/** Opens a peer for each engine that asks, once; all of them are closed together. */
export function onceForEach<P extends { close(): Promise<void> }>(open: (engine: Engine, provider: string) => Promise<P>) {
  const known = new Map<Engine, Promise<P>>();
  return {
    open(engine: Engine, provider: string): Promise<P> {
      const peer = known.get(engine) ?? open(engine, provider);
      known.set(engine, peer);
      return peer;
    },
    async close(): Promise<void> {
      for (const peer of known.values()) await (await peer).close();
    },
  };
}

/** Largest absolute difference; infinite where lengths differ or a number is none. */
export function farthest(a: Float32Array, b: Float32Array): number {
  let most = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(a[i] - b[i]);
    if (!(off <= most)) most = Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
  }
  return most;
}
