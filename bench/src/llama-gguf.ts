import { decoderConfig } from '../../src/model/causal/config.ts';
import type { DecoderSizes } from '../../src/model/causal/decoder.ts';
import { ggufModel } from '../../src/model/gguf/model.ts';
import { readGguf } from '../../src/model/gguf/read.ts';
import { llamaOnnx } from './llama-onnx.ts';

/** A GGUF file of the Llama family as an ONNX model of the same numbers in float32, and its sizes. @throws as the reader of the file. */
export function onnxOfGguf(bytes: Uint8Array): { readonly model: Uint8Array<ArrayBuffer>; readonly sizes: DecoderSizes } {
  const { config: json, pairing, tensors } = ggufModel(readGguf(bytes));
  const config = decoderConfig(json);
  const take = (name: string, shape: readonly number[]) => {
    const tensor = tensors.get(name);
    if (!tensor || String(tensor.shape) !== String(shape)) throw new Error(`${name}: expected a tensor [${shape}], got ${tensor?.shape}`);
    return tensor.read();
  };
  return { model: llamaOnnx(config, { has: (name) => tensors.has(name), take }, pairing), sizes: config.sizes };
}
