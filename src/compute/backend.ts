import type { Inputs, Program, RowCounts, Weights } from './program.ts';

/** What ran the forward passes; part of every explanation. */
export interface DeviceInfo {
  readonly backend: 'webgpu' | 'wasm' | 'reference';
  /** Adapter as the driver names it, "CPU (WASM relaxed SIMD, 2 threads)" or "CPU (float64)". */
  readonly adapter: string;
  /** A GPU's work done in software, or the oracle: results right, speed meaningless. False for `wasm`: it is as fast as the CPU is. */
  readonly software: boolean;
  /** Of `webgpu`: the tiles of its matrix products, by rows and columns; `direct` is without barriers. Results may differ in the last bits. */
  readonly tiling?: string;
}

/** How much a backend wants in one run. */
export interface BackendLimits {
  /** Largest single buffer, in bytes. */
  readonly bufferBytes: number;
  /** All buffers of a program together, where there is a bound to that. */
  readonly totalBytes?: number;
  /** Token rows of a first run, and the least and the most that later ones may come to. */
  readonly firstTokens: number;
  readonly leastTokens: number;
  readonly mostTokens: number;
  /** Milliseconds a run should take; runs grow and shrink towards it. */
  readonly targetMs: number;
  /** Runs computed side by side; default 1. Work is cut so that each has its share. */
  readonly threads?: number;
  /** Runs that should be under way at once; default 2. */
  readonly inFlight?: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** What errors call an output row; default `row 3`. */
  readonly nameRow?: (row: number) => string;
  /** Run it wherever the program is prepared, not in the first free place: what it leaves in scratch buffers is then there for any later run. */
  readonly everywhere?: boolean;
}

/** A program with its weights on a device. Runs may be started before earlier ones are done; results come in order. */
export interface Executable {
  /**
   * The output rows (sequences, labels), row-major. The signal is looked at before the run starts; a started run ends, or on the CPU stops soon.
   * @throws device-lost, out-of-memory, non-finite, self-check, aborted: never a wrong number.
   */
  run(inputs: Inputs, counts: RowCounts, options?: RunOptions): Promise<Float32Array>;
  /** Frees its buffers; runs still under way fail. */
  destroy(): void;
}

/** A model's weights on a device, once for all programs that are prepared with them. */
export interface DeviceWeights {
  /** Gives them up: they are freed with the last program that was prepared with them. */
  destroy(): void;
}

/** A device that runs programs. */
export interface Backend {
  readonly info: DeviceInfo;
  readonly limits: BackendLimits;
  /** How weights and activations lie in memory; default f32. */
  readonly dtype?: 'f32' | 'f16';
  /** Whether the weights that were given go on being read; otherwise there are copies of them. */
  readonly keepsWeights?: boolean;
  /** Lays weights down for `program` and others that have the same ones. @throws device-lost, out-of-memory, self-check. */
  upload(program: Program, weights: Weights): Promise<DeviceWeights>;
  /**
   * Compiles and allocates everything a run needs; runs create nothing. Weights that are on the device are shared, others are the program's own.
   * @throws device-lost, out-of-memory, self-check.
   */
  prepare(program: Program, weights: Weights | DeviceWeights): Promise<Executable>;
  /** Opens the device anew after a loss, where that can help; executables of the old one stay dead. @throws no-adapter, device-lost. */
  reopen?(): Promise<void>;
  destroy(): void;
}
