import { describeAdapter } from '../../compute/webgpu/device.ts';
import { throwIfAborted, WebspexError } from '../../core/errors.ts';
import { oneLine } from '../../model/json.ts';
import { sha256Hex } from '../../model/manifest.ts';
import type { DeviceInfo } from '../../model/model.ts';
import { ELEMENT_TYPES, numbersFrom } from './elements.ts';
import { type Elements, type ElementType, type OnnxRuntime, type OrtMetadata, type OrtSession, tensorOf } from './runtime.ts';

/** Sizes of a tensor; a name, or null without one, where any size goes. */
export type Dimensions = readonly (number | string | null)[];

/** An input or output as the file declares it. */
export interface Slot {
  readonly name: string;
  /** Null for what is no tensor, or of a type that is not known here. */
  readonly type: ElementType | null;
  readonly dims: Dimensions;
}

export interface Feed {
  readonly type: ElementType;
  readonly data: Elements;
  readonly dims: readonly number[];
}

/** An ONNX model in onnxruntime; one call at a time. */
export interface OnnxModel {
  readonly id: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string;
  readonly device: DeviceInfo;
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  /** One output as numbers. @throws value-function with the runtime's own words, aborted. */
  run(feeds: ReadonlyMap<string, Feed>, output: string, signal?: AbortSignal): Promise<{ dims: readonly number[]; values: Float32Array }>;
  destroy(): Promise<void>;
}

export interface OnnxOptions {
  /** Name in results; default `model.onnx`. */
  readonly id?: string;
  /** `webgpu` needs the build `onnxruntime-web/webgpu` and a browser; default `wasm`. */
  readonly device?: 'wasm' | 'webgpu';
  /** With `webgpu` the page's own GPU device, so that it has one; default one that the runtime opens. */
  readonly gpuDevice?: object;
  /** Weights that lie in files of their own, by the path that the model names. */
  readonly externalData?: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** What onnxruntime says for a size that has no name. */
const UNNAMED = 2 ** 32 - 1;

function slotOf({ name, isTensor, type, shape }: OrtMetadata): Slot {
  const known = ELEMENT_TYPES.find((t) => isTensor && t === type) ?? null;
  return { name, type: known, dims: (shape ?? []).map((d) => (typeof d === 'number' ? (d >= 0 && d < UNNAMED ? d : null) : d || null)) };
}

/** A slot as an error says it: `pixels float32 [N, 3, 224, 224]`. */
export function slotLine({ name, type, dims }: Slot): string {
  return `${oneLine(name)} ${type ?? 'no tensor'} [${dims.map((d) => (d === null ? '?' : typeof d === 'string' ? oneLine(d, 20) : d)).join(', ')}]`;
}

/** The runtime's own words, on one line and without where in its sources it says them. */
function wordsOf(error: unknown): string {
  const said = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
  return oneLine(said.replace(/^.*ERROR_MESSAGE: /, '').replace(/^.*\[ONNXRuntimeError\] : \d+ : \w+ : /, ''), 300);
}

function refusal(id: string, error: unknown): WebspexError {
  const said = wordsOf(error);
  if (/protobuf|No graph|ModelProto|flatbuffer/i.test(said))
    return new WebspexError(
      'bad-file',
      `${id}: expected an ONNX model, got a file that onnxruntime cannot read; download or export it again`,
    );
  if (/external|\.data\b|onnx_data/i.test(said))
    return new WebspexError(
      'not-found',
      `${id}: expected its weights in a file beside it, got none (${said}); put it there, or export one file`,
    );
  return new WebspexError('unsupported-model', `${id}: expected a model that onnxruntime runs, got ${said}; export it anew`, {
    cause: error,
  });
}

/**
 * Opens an ONNX model: `openOnnx(await import('onnxruntime-web'), bytes)`. Names, types and shapes of inputs and outputs come from the file.
 * @throws bad-file, not-found for weights in another file, unsupported-model with the runtime's words.
 */
export async function openOnnx(runtime: OnnxRuntime, bytes: Uint8Array, options: OnnxOptions = {}): Promise<OnnxModel> {
  const { id = 'model.onnx', device = 'wasm', gpuDevice, externalData } = options;
  if (gpuDevice !== undefined && device !== 'webgpu')
    throw new WebspexError('usage', `gpuDevice: expected device webgpu beside it, got ${device}; name it, or leave gpuDevice out`);
  let session: OrtSession;
  try {
    // Warnings of the optimiser go to a console that is not ours.
    const created = runtime.InferenceSession.create(bytes, {
      // Its type says that env.webgpu.device does the same; in 1.30 that is not looked at.
      executionProviders: [gpuDevice === undefined ? device : { name: device, device: gpuDevice }],
      logSeverityLevel: 3,
      ...(externalData && { externalData }),
    });
    session = (await created) as OrtSession;
  } catch (error) {
    throw refusal(id, error);
  }
  if (!session.inputMetadata || !session.outputMetadata)
    throw new WebspexError(
      'usage',
      'runtime: expected onnxruntime 1.22 or newer, which tells of inputs and outputs, got an older one; update it',
    );
  return {
    id,
    sha256: await sha256Hex(bytes),
    device: deviceOf(runtime, device, gpuDevice),
    inputs: session.inputMetadata.map(slotOf),
    outputs: session.outputMetadata.map(slotOf),
    async run(feeds, output, signal) {
      throwIfAborted(signal);
      const given = Object.fromEntries(Array.from(feeds, ([name, { type, data, dims }]) => [name, tensorOf(runtime, type, data, dims)]));
      try {
        const { [output]: found } = await session.run(given, [output]);
        return { dims: found.dims, values: numbersFrom(found.type, found.data) };
      } catch (error) {
        const said = wordsOf(error);
        throw new WebspexError(
          'value-function',
          `${id}: expected output ${output}, got an error of onnxruntime: ${said}; check the inputs`,
          {
            cause: error,
          },
        );
      }
    },
    destroy: () => session.release(),
  };
}

function deviceOf({ env }: OnnxRuntime, device: 'wasm' | 'webgpu', gpuDevice: object | undefined): DeviceInfo {
  const build = `onnxruntime-web ${env.versions.web ?? env.versions.common}`;
  if (device === 'webgpu') {
    const info: unknown = gpuDevice && Reflect.get(gpuDevice, 'adapterInfo');
    if (!info) return { backend: 'webgpu', adapter: build, software: false };
    const { adapter, software } = describeAdapter({ info } as never);
    return { backend: 'webgpu', adapter: `${adapter} (${build})`, software };
  }
  const threads = env.wasm?.numThreads ?? 1;
  return { backend: 'wasm', adapter: `CPU (${build}, ${threads} ${threads === 1 ? 'thread' : 'threads'})`, software: false };
}
