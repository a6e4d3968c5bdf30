import * as ort from 'onnxruntime-web';
import { afterAll } from 'vitest';
import { type OnnxModel, type OnnxOptions, openOnnx } from '../../../src/lens/onnx/model.ts';
import type { OnnxRuntime } from '../../../src/lens/onnx/runtime.ts';

export const runtime = ort as unknown as OnnxRuntime;

const opened: OnnxModel[] = [];

/** Opens a model for one file of tests. */
export async function open(bytes: Uint8Array, options?: OnnxOptions): Promise<OnnxModel> {
  const model = await openOnnx(runtime, bytes, options);
  opened.push(model);
  return model;
}

afterAll(async () => {
  for (const model of opened) await model.destroy();
});
