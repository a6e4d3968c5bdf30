import { readSafetensors, toFloat32 } from '../../../src/model/safetensors.ts';
import { createGraph, type GraphWriter } from './graph.ts';

/** Old enough for every runtime that reads these models. */
const OPERATOR_SET = 17;

/** A named weight, row-major. */
export type Weight = (name: string) => Float32Array;

/** Weights of docs/onnx/weights.safetensors. */
export function weightsOf(bytes: Uint8Array): Weight {
  const tensors = readSafetensors(bytes);
  return (name) => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`weights: expected ${name}, got none; run docs/onnx/train.py`);
    return toFloat32(name, tensor);
  };
}

/** x · weightᵀ + bias of a layer (outputs, inputs). */
function gemm(g: GraphWriter, weight: Weight, name: string, x: string, outputs: number, inputs: number): string {
  const w = g.floats(`${name}.weight`, [outputs, inputs], weight(`${name}.weight`));
  const b = g.floats(`${name}.bias`, [outputs], weight(`${name}.bias`));
  return g.node('Gemm', name, [x, w, b], { transB: { i: 1 } });
}

/** A 3 by 3 convolution, padded, rectified and halved. */
function halving(g: GraphWriter, weight: Weight, name: string, x: string, outputs: number, inputs: number): string {
  const w = g.floats(`${name}.weight`, [outputs, inputs, 3, 3], weight(`${name}.weight`));
  const b = g.floats(`${name}.bias`, [outputs], weight(`${name}.bias`));
  const convolved = g.node('Conv', name, [x, w, b], { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } });
  return g.node('MaxPool', `${name}.pooled`, [g.node('Relu', `${name}.relu`, [convolved])], {
    kernel_shape: { ints: [2, 2] },
    strides: { ints: [2, 2] },
  });
}

/** Digits from grey pictures: pixels (batch, 1, 8, 8) → logits (batch, 10). */
export function digitsOnnx(weight: Weight): Uint8Array<ArrayBuffer> {
  const g = createGraph('digits', OPERATOR_SET);
  const pixels = g.input('pixels', ['batch', 1, 8, 8], 'float32');
  const first = halving(g, weight, 'digits.0', pixels, 8, 1);
  const second = halving(g, weight, 'digits.3', first, 16, 8);
  const flat = g.node('Flatten', 'flat', [second]);
  const logits = gemm(g, weight, 'digits.7', flat, 10, 64);
  return g.finish(g.node('Identity', 'logits', [logits]), ['batch', 10]);
}

/** Cultivars of wine from its chemistry: columns (batch, 13) → probabilities (batch, 3). */
export function wineOnnx(weight: Weight): Uint8Array<ArrayBuffer> {
  const g = createGraph('wine', OPERATOR_SET);
  const columns = g.input('columns', ['batch', 13], 'float32');
  const centred = g.node('Sub', 'centred', [columns, g.floats('mean', [13], weight('wine.mean'))]);
  const scaled = g.node('Div', 'scaled', [centred, g.floats('std', [13], weight('wine.std'))]);
  const hidden = g.node('Relu', 'hidden', [gemm(g, weight, 'wine.0', scaled, 16, 13)]);
  const logits = gemm(g, weight, 'wine.2', hidden, 3, 16);
  return g.finish(g.node('Softmax', 'probabilities', [logits], { axis: { i: -1 } }), ['batch', 3]);
}
