import { ACTIVATIONS } from '../kernels.ts';
import { PANEL } from '../panels.ts';
import { erf } from './erf.ts';
import type { KernelCall } from './kernel-call.ts';

/** A constant of this module: module runners read an imported name through a getter, which halves the speed of the inner loop. */
const WIDTH = PANEL;

/** The functions behind ACTIVATIONS, exactly. */
export function activate(kind: number, x: number): number {
  switch (kind) {
    case ACTIVATIONS.gelu:
      return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
    case ACTIVATIONS['gelu-tanh']:
      return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case ACTIVATIONS.relu:
      return Math.max(x, 0);
    case ACTIVATIONS.tanh:
      return Math.tanh(x);
    case ACTIVATIONS.silu:
      return x / (1 + Math.exp(-x));
    default:
      return x;
  }
}

/**
 * Twin of the matmul shaders: output[:, outputColumn …] = activation(input (rows, K) · weight[:, weightColumn …] + bias) (+ residual, laid
 * out as the output). Four rows by four columns at a time; each sum runs over k in order, whatever the rows beside it.
 */
export function matmul(call: KernelCall): void {
  const { buffers, constants, params, rows } = call;
  const { K } = constants;
  const { columns, weightColumn } = params;
  const input = buffers.input as Float64Array;
  const panel = new Float64Array(K * WIDTH);
  const sums = new Float64Array(rows * WIDTH);
  for (let n = 0; n < columns; n += WIDTH) {
    panel.set((buffers.weight as Float32Array).subarray((weightColumn + n) * K, (weightColumn + n + WIDTH) * K));
    let r = 0;
    for (; r + 4 <= rows; r += 4) {
      multiplyFour(input, r * K, panel, 0, K, sums, r * WIDTH);
      multiplyFour(input, r * K, panel, 4, K, sums, r * WIDTH);
    }
    for (; r < rows; r++) multiplyOne(input, r * K, panel, K, sums, r * WIDTH);
    store(call, sums, n);
  }
}

function multiplyFour(a: Float64Array, at: number, panel: Float64Array, column: number, K: number, out: Float64Array, to: number): void {
  let s00 = 0,
    s01 = 0,
    s02 = 0,
    s03 = 0;
  let s10 = 0,
    s11 = 0,
    s12 = 0,
    s13 = 0;
  let s20 = 0,
    s21 = 0,
    s22 = 0,
    s23 = 0;
  let s30 = 0,
    s31 = 0,
    s32 = 0,
    s33 = 0;
  const row1 = at + K;
  const row2 = row1 + K;
  const row3 = row2 + K;
  for (let k = 0, b = column; k < K; k++, b += WIDTH) {
    const b0 = panel[b];
    const b1 = panel[b + 1];
    const b2 = panel[b + 2];
    const b3 = panel[b + 3];
    const a0 = a[at + k];
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s03 += a0 * b3;
    const a1 = a[row1 + k];
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
    s13 += a1 * b3;
    const a2 = a[row2 + k];
    s20 += a2 * b0;
    s21 += a2 * b1;
    s22 += a2 * b2;
    s23 += a2 * b3;
    const a3 = a[row3 + k];
    s30 += a3 * b0;
    s31 += a3 * b1;
    s32 += a3 * b2;
    s33 += a3 * b3;
  }
  const t = to + column;
  out[t] = s00;
  out[t + 1] = s01;
  out[t + 2] = s02;
  out[t + 3] = s03;
  out[t + 8] = s10;
  out[t + 9] = s11;
  out[t + 10] = s12;
  out[t + 11] = s13;
  out[t + 16] = s20;
  out[t + 17] = s21;
  out[t + 18] = s22;
  out[t + 19] = s23;
  out[t + 24] = s30;
  out[t + 25] = s31;
  out[t + 26] = s32;
  out[t + 27] = s33;
}

function multiplyOne(a: Float64Array, at: number, panel: Float64Array, K: number, out: Float64Array, to: number): void {
  for (let j = 0; j < WIDTH; j++) {
    let sum = 0;
    for (let k = 0; k < K; k++) sum += a[at + k] * panel[k * WIDTH + j];
    out[to + j] = sum;
  }
}

function store({ buffers, constants, params, rows }: KernelCall, sums: Float64Array, n: number): void {
  const { bias, residual, output } = buffers;
  const { outputStride, outputColumn, weightColumn } = params;
  for (let r = 0; r < rows; r++)
    for (let j = 0; j < WIDTH; j++) {
      const at = r * outputStride + outputColumn + n + j;
      const value = activate(constants.ACTIVATION, sums[r * WIDTH + j] + bias[weightColumn + n + j]);
      output[at] = constants.RESIDUAL ? value + residual[at] : value;
    }
}
