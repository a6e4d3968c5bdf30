import type { Row } from '../../src/bench.ts';
import type { AdapterFacts } from '../../src/webgpu.ts';

/** What the page asks of the worker: benchmarks by name, in this order. */
export interface Ask {
  readonly names: readonly string[];
  readonly model: string;
  readonly commit: string;
}

/** A benchmark that needs no files; one that needs a real GPU is not possible without. */
export interface Case {
  readonly name: string;
  readonly title: string;
  readonly possible: boolean;
}

/** What the worker says: the adapter it found first of all, then lines of progress, the rows of each benchmark, and an end. */
export type Said =
  | { readonly said: 'adapter'; readonly facts: AdapterFacts | null; readonly cases: readonly Case[] }
  | { readonly said: 'line'; readonly line: string }
  | { readonly said: 'rows'; readonly rows: readonly Row[] }
  | { readonly said: 'failed'; readonly name: string; readonly message: string }
  | { readonly said: 'done' };
