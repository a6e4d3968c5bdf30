import { type Bytes, bytes, float, int, join, message, text } from './protobuf.ts';

/** Numbers of fields and enumerators are those of onnx.proto (ONNX 1.17). */
const IR_VERSION = 8;
const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE = { f: 2, i: 3, ints: 8, type: 20 } as const;
const ATTRIBUTE_TYPE = { f: 1, i: 2, ints: 7 } as const;

/** An attribute of a node: a whole number, a real one, or a list of whole ones. */
export type Attribute = { readonly i: number } | { readonly f: number } | { readonly ints: readonly number[] };

/** A graph being written: each call adds a node or a constant and names its result. */
export interface GraphWriter {
  /** A named input, int64 by default; a dimension that is no number is only a name. */
  input(name: string, dimensions: readonly (string | number)[], type?: 'int64' | 'float32'): string;
  /** A float32 weight or constant. */
  floats(name: string, shape: readonly number[], values: Float32Array): string;
  /** An int64 constant, such as a shape. */
  ints(name: string, values: readonly number[]): string;
  /** A node with one output; its name is that output's name. */
  node(operator: string, name: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string;
  /** Makes the result of a node a float32 output beside the one of `finish`. */
  output(name: string, dimensions: readonly (string | number)[]): string;
  /** The whole model, with this float32 output first. */
  finish(output: string, dimensions: readonly (string | number)[]): Uint8Array<ArrayBuffer>;
}

/** Writes an ONNX model of the default operator set of this version. */
export function createGraph(name: string, operatorSet: number): GraphWriter {
  const nodes: Bytes[] = [];
  const initializers: Bytes[] = [];
  const inputs: Bytes[] = [];
  const outputs: Bytes[] = [];
  const tensor = (tensorName: string, type: number, shape: readonly number[], raw: Uint8Array) => {
    const dimensions = shape.map((size) => int(1, size));
    initializers.push(message(5, ...dimensions, int(2, type), text(8, tensorName), bytes(9, raw)));
    return tensorName;
  };
  return {
    input(inputName, dimensions, type = 'int64') {
      inputs.push(message(11, ...valueInfo(inputName, type === 'int64' ? INT64 : FLOAT, dimensions)));
      return inputName;
    },
    floats(tensorName, shape, values) {
      const count = shape.reduce((a, b) => a * b, 1);
      if (count !== values.length) throw new Error(`${tensorName}: expected ${count} numbers for [${shape}], got ${values.length}`);
      return tensor(tensorName, FLOAT, shape, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    },
    ints(tensorName, values) {
      return tensor(tensorName, INT64, [values.length], new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
    },
    node(operator, output, from, attributes = {}) {
      const given = Object.entries(attributes).map(([key, value]) => message(5, ...attribute(key, value)));
      nodes.push(message(1, ...from.map((f) => text(1, f)), text(2, output), text(3, output), text(4, operator), ...given));
      return output;
    },
    output(outputName, dimensions) {
      outputs.push(message(12, ...valueInfo(outputName, FLOAT, dimensions)));
      return outputName;
    },
    finish(output, dimensions) {
      const first = message(12, ...valueInfo(output, FLOAT, dimensions));
      const graph = message(7, ...nodes, text(2, name), ...initializers, ...inputs, first, ...outputs);
      return join(int(1, IR_VERSION), text(2, 'webspex'), graph, message(8, text(1, ''), int(2, operatorSet)));
    },
  };
}

function valueInfo(name: string, type: number, dimensions: readonly (string | number)[]): Bytes[] {
  const sizes = dimensions.map((d) => message(1, typeof d === 'number' ? int(1, d) : text(2, d)));
  return [text(1, name), message(2, message(1, int(1, type), message(2, ...sizes)))];
}

function attribute(name: string, value: Attribute): Bytes[] {
  if ('f' in value) return [text(1, name), float(ATTRIBUTE.f, value.f), int(ATTRIBUTE.type, ATTRIBUTE_TYPE.f)];
  if ('i' in value) return [text(1, name), int(ATTRIBUTE.i, value.i), int(ATTRIBUTE.type, ATTRIBUTE_TYPE.i)];
  return [text(1, name), ...value.ints.map((v) => int(ATTRIBUTE.ints, v)), int(ATTRIBUTE.type, ATTRIBUTE_TYPE.ints)];
}
