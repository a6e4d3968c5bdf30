/** What onnxruntime-web is asked for. It is handed in and never imported, so whoever explains no ONNX model needs none. */

export type ElementType = 'float32' | 'float64' | 'float16' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool' | 'string';
export type Elements = Float32Array | Float64Array | Uint16Array | BigInt64Array | Int32Array | Int8Array | Uint8Array | string[];

export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** What a session says of an input or output; a dimension without a size is a name, or 2³² − 1 where it has none. */
export interface OrtMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata?: readonly OrtMetadata[];
  readonly outputMetadata?: readonly OrtMetadata[];
  run(feeds: Record<string, OrtTensor>, fetches: readonly string[]): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/** The module `onnxruntime-web`, or another build of it. */
export interface OnnxRuntime {
  readonly InferenceSession: { create(model: Uint8Array, options?: object): Promise<unknown> };
  readonly Tensor: new (type: never, data: never, dims: readonly number[]) => unknown;
  readonly env: {
    readonly versions: { readonly web?: string; readonly common: string };
    readonly wasm?: { numThreads?: number };
  };
}

/** A tensor as the runtime takes it. */
export function tensorOf(runtime: OnnxRuntime, type: ElementType, data: Elements, dims: readonly number[]): OrtTensor {
  return new runtime.Tensor(type as never, data as never, dims) as OrtTensor;
}
