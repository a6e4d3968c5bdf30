import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allMasks, masksFromRows } from '../../../src/core/masks.ts';
import { createRandom } from '../../../src/core/random.ts';
import { onnxExplainer } from '../../../src/explain/onnx.ts';
import { columnsInput } from '../../../src/lens/onnx/columns.ts';
import { readTable } from '../../../src/lens/onnx/csv.ts';
import { maskedScores } from '../../../src/lens/onnx/masked.ts';
import { patchesInput } from '../../../src/lens/onnx/patches.ts';
import { readPng } from '../../../src/lens/onnx/png.ts';
import { digitsOnnx, weightsOf, wineOnnx } from '../../support/onnx/examples.ts';
import { open } from './runtime.ts';

const FOLDER = join(import.meta.dirname, '../../../docs/onnx');
const read = (name: string) => new Uint8Array(readFileSync(join(FOLDER, name)));
const weight = weightsOf(read('weights.safetensors'));
/** Float32 in onnxruntime against float64 here: logits are about 10. */
const LOGIT = 1e-4;
const PROBABILITY = 1e-5;

/** The two models by their definitions, in float64, one input at a time. */
function dense(name: string, x: ArrayLike<number>): number[] {
  const [w, b] = [weight(`${name}.weight`), weight(`${name}.bias`)];
  return Array.from(b, (bias, o) => Array.from(x).reduce((sum, v, i) => sum + v * w[o * x.length + i], bias));
}

function convolved(name: string, x: number[][][]): number[][][] {
  const [w, b] = [weight(`${name}.weight`), weight(`${name}.bias`)];
  const size = x[0].length;
  return Array.from(b, (bias, o) =>
    Array.from({ length: size / 2 }, (_, py) =>
      Array.from({ length: size / 2 }, (_, px) => {
        const at = (y: number, x0: number) => {
          let sum = bias;
          x.forEach((channel, c) => {
            for (let ky = 0; ky < 3; ky++)
              for (let kx = 0; kx < 3; kx++) sum += (channel[y + ky - 1]?.[x0 + kx - 1] ?? 0) * w[((o * x.length + c) * 3 + ky) * 3 + kx];
          });
          return Math.max(0, sum);
        };
        return Math.max(at(2 * py, 2 * px), at(2 * py, 2 * px + 1), at(2 * py + 1, 2 * px), at(2 * py + 1, 2 * px + 1));
      }),
    ),
  );
}

function naiveDigit(pixels: number[][]): number[] {
  return dense('digits.7', convolved('digits.3', convolved('digits.0', [pixels])).flat(2));
}

function naiveWine(row: readonly number[]): number[] {
  const [mean, std] = [weight('wine.mean'), weight('wine.std')];
  const hidden = dense(
    'wine.0',
    row.map((v, i) => (v - mean[i]) / std[i]),
  ).map((h) => Math.max(0, h));
  const logits = dense('wine.2', hidden);
  const sum = logits.reduce((s, z) => s + Math.exp(z), 0);
  return logits.map((z) => Math.exp(z) / sum);
}

describe.each([
  ['digits.onnx', digitsOnnx],
  ['wine.onnx', wineOnnx],
] as const)('docs/onnx/%s', (name, write) => {
  it('is, byte for byte, what the exporter writes from the weights', () => {
    const bytes = write(weight);
    if (process.env.WRITE_ONNX) writeFileSync(join(FOLDER, name), bytes);
    expect(Buffer.compare(read(name), bytes)).toBe(0);
  });
});

describe('the digit', () => {
  const png = readPng(read('digit.png'));
  const random = createRandom(11);

  it('with patches blackened gives, for every mask tried, the logits of a float64 network on those pixels', async () => {
    const model = await open(read('digits.onnx'));
    const input = patchesInput(model, png, { grid: [4, 4], fill: 'zero' });
    const masks = masksFromRows([
      ...Array.from({ length: 70 }, () => Array.from({ length: 16 }, () => random.below(2))),
      Array(16).fill(1),
    ]);
    const { values, width } = await maskedScores(model, 'logits', input, masks);
    expect(width).toBe(10);
    for (let r = 0; r < masks.count; r++) {
      const kept = (y: number, x: number) => (masks.words[r] >>> ((y >> 1) * 4 + (x >> 1))) & 1;
      const pixels = Array.from({ length: 8 }, (_, y) => Array.from({ length: 8 }, (_, x) => (kept(y, x) * png.data[8 * y + x]) / 255));
      naiveDigit(pixels).forEach((z, k) => {
        expect(Math.abs(values[10 * r + k] - z)).toBeLessThan(LOGIT);
      });
    }
  });

  it('is an 8 by its patches, with log-odds that the float64 network gives, and the document says how they were masked', async () => {
    const model = await open(read('digits.onnx'), { id: 'digits.onnx' });
    const ex = onnxExplainer(model, { input: patchesInput(model, png, { grid: [2, 2], fill: 'zero' }) });
    const e = await ex.explain('').result;
    expect(e).toMatchObject({
      text: '',
      lens: 'patches',
      target: '8',
      scalar: 'log-odds',
      mask: 'zero',
      units: 'patch in a grid of 2 by 2',
    });
    expect(e.players.map((p) => p.label)).toEqual(['0.0', '0.1', '1.0', '1.1']);
    expect(e.model?.id).toBe('digits.onnx');
    expect(e.device).toMatchObject({ backend: 'wasm', software: false });
    const z = naiveDigit(Array.from({ length: 8 }, (_, y) => Array.from({ length: 8 }, (_, x) => png.data[8 * y + x] / 255)));
    const rest = Math.log(z.filter((_, k) => k !== 8).reduce((sum, v) => sum + Math.exp(v), 0));
    expect(Math.abs(e.values.full - (z[8] - rest))).toBeLessThan(LOGIT);
    expect(e.fit.queries).toBe(16);
  });
});

describe('a wine', () => {
  const table = readTable(new TextDecoder().decode(read('wine.csv')), 'wine.csv');
  const numbers = table.rows.map((row) => row.slice(0, 13) as number[]);
  const without = ['cultivar'];

  it('with columns at the mean of the other rows gives the probabilities of a float64 network there', async () => {
    const model = await open(read('wine.onnx'));
    const input = columnsInput(model, table, { row: 5, without });
    const mean = numbers[0].map((_, c) => numbers.reduce((sum, row, r) => sum + (r === 5 ? 0 : row[c]), 0) / (numbers.length - 1));
    const masks = allMasks(13);
    const { values } = await maskedScores(model, 'probabilities', input, { ...masks, count: 300 });
    for (let r = 0; r < 300; r++)
      naiveWine(numbers[5].map((v, c) => ((r >>> c) & 1 ? v : mean[c]))).forEach((p, k) => {
        expect(Math.abs(values[3 * r + k] - p)).toBeLessThan(PROBABILITY);
      });
  });

  it('is explained in the log-odds of its cultivar, read off probabilities', async () => {
    const model = await open(read('wine.onnx'), { id: 'wine.onnx' });
    const labels = ['first', 'second', 'third'];
    const ex = onnxExplainer(model, { input: columnsInput(model, table, { row: 140, baseline: 'median', without }), labels });
    const about = await ex.describe('');
    expect(about).toMatchObject({ target: 'third', scalar: 'log-odds', mask: 'median of 177 rows' });
    const p = naiveWine(numbers[140])[2];
    const [full] = await ex.evaluate('', { masks: [Array(13).fill(1)] });
    expect(Math.abs(full - Math.log(p / (1 - p)))).toBeLessThan(1e-2);
    const [prob] = await ex.evaluate('', { masks: [Array(13).fill(1)], target: 'first', scalar: 'prob' });
    expect(Math.abs(prob - naiveWine(numbers[140])[0])).toBeLessThan(PROBABILITY);
  });
});
