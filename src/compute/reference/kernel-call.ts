/** One step as a reference twin sees it: whole buffers by slot, and how many rows to compute. */
export interface KernelCall {
  readonly buffers: Readonly<Record<string, Float64Array | Float32Array | Uint32Array>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  readonly rows: number;
  /** Number of this run, written into every output row by the last kernel. */
  readonly serial: number;
}
