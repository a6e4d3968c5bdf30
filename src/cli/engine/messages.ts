import type { BenchContext, Row } from '../../bench.ts';
import type { DeviceInfo, ErrorCode } from '../../index.ts';
import type { DeviceChoice, DtypeChoice } from '../../text.ts';

/** What the GPU process found, said before anything else. */
export interface Hello {
  readonly engine: 'hello';
  readonly adapter: DeviceInfo | null;
  /** Why there is no adapter; empty where there is one. */
  readonly why: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/** Asks the GPU process to run one benchmark. */
export interface BenchRequest {
  readonly engine: 'bench';
  readonly name: string;
  /** Files and folders by the option that named them. */
  readonly files: Readonly<Record<string, string>>;
  /** Families of functions that masks-needed keeps to; none: all. */
  readonly families?: readonly string[];
  /** The method that coverage watches. */
  readonly method?: BenchContext['method'];
  readonly commit: BenchContext['commit'];
  /** Measure this backend only; `auto`: each that there is. */
  readonly device: DeviceChoice;
  /** Measure the GPU in this precision only; default every one that it has. */
  readonly dtype?: DtypeChoice;
}

export type BenchReply =
  | { readonly engine: 'bench-line'; readonly line: string }
  | { readonly engine: 'bench-rows'; readonly rows: readonly Row[] }
  | { readonly engine: 'bench-failed'; readonly code: ErrorCode; readonly message: string };

export type EngineMessage = Hello | BenchReply;

/** Messages between the two processes that are not part of the explainer's own conversation. */
export function isEngineMessage(message: unknown): message is EngineMessage | BenchRequest {
  return typeof message === 'object' && message !== null && 'engine' in message;
}
