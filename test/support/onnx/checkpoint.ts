import { readConfig } from '../../../src/model/config.ts';
import type { ModelSource } from '../../../src/model/model.ts';
import { dequantiseRows, readSafetensors, toFloat32 } from '../../../src/model/safetensors.ts';
import { type BertSizes, bertOnnx } from './bert.ts';

/** A folder of a BERT that `loadClassifier` loads, as an ONNX model of the same weights in float32. @throws bad-file, not-found. */
export async function onnxOfFolder(source: ModelSource): Promise<Uint8Array<ArrayBuffer>> {
  const { architecture, labels, vocabularySize, positions, types, ...config } = readConfig(await source.read('config.json'));
  if (architecture.modelType !== 'bert')
    throw new Error(`ONNX: expected a bert, got ${architecture.modelType}; add it to test/support/onnx`);
  const tensors = readSafetensors(await source.read('model.safetensors'));
  const take = (name: string, shape: readonly number[]) => {
    const tensor = tensors.get(name);
    if (!tensor || String(tensor.shape) !== String(shape))
      throw new Error(`${name}: expected a tensor [${shape}], got ${tensor ? `[${tensor.shape}]` : 'none'}`);
    const scale = tensors.get(`${name}.scale`);
    return scale ? dequantiseRows(name, tensor, scale) : toFloat32(name, tensor);
  };
  const sizes: BertSizes = { ...config, labels: labels.length };
  return bertOnnx(sizes, { vocabulary: vocabularySize, positions, types }, take);
}
