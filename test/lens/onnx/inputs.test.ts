import { describe, expect, it } from 'vitest';
import { masksFromRows } from '../../../src/core/masks.ts';
import { createRandom } from '../../../src/core/random.ts';
import { columnsInput } from '../../../src/lens/onnx/columns.ts';
import { type MaskedInput, maskedScores } from '../../../src/lens/onnx/masked.ts';
import type { Feed, OnnxModel, Slot } from '../../../src/lens/onnx/model.ts';
import { patchesInput } from '../../../src/lens/onnx/patches.ts';
import { blurred, type Picture, resized } from '../../../src/lens/onnx/picture.ts';
import { windowsInput } from '../../../src/lens/onnx/windows.ts';
import { thrownBy } from '../../model/support.ts';
import { createGraph } from '../../support/onnx/graph.ts';
import { open } from './runtime.ts';

/** Sums of float64 in another order. */
const ROUNDING = 1e-9;

/** A model that only says what it was fed. */
function model(...inputs: Slot[]): OnnxModel & { readonly fed: ReadonlyMap<string, Feed>[] } {
  const fed: ReadonlyMap<string, Feed>[] = [];
  return {
    id: 'm.onnx',
    sha256: '',
    device: { backend: 'wasm', adapter: 'none', software: false },
    inputs,
    outputs: [{ name: 'y', type: 'float32', dims: [null, 1] }],
    fed,
    async run(feeds) {
      fed.push(feeds);
      const rows = [...feeds.values()][0].dims[0];
      return { dims: [rows, 1], values: new Float32Array(rows) };
    },
    destroy: async () => {},
  };
}

const numbers = (input: MaskedInput, which: 'present' | 'absent', t = 0) =>
  Array.from(input.tensors[t][which] as ArrayLike<number>, Number);

describe('columns', () => {
  const table = {
    columns: ['age', 'Job', 'hours', 'label'],
    rows: [
      [20, 'cook', 10, 0],
      [30, 'nurse', Number.NaN, 1],
      [60, 'cook', 40, 1],
      [70, 'baker', 60, 0],
    ],
  };
  const one: Slot = { name: 'x', type: 'float32', dims: [null, 2] };

  it('hold the mean or median of the other rows, passing over what is missing, or another row', () => {
    const columns = ['hours', 'age'];
    expect(numbers(columnsInput(model(one), table, { row: 0, columns }), 'absent').map((v) => Number(v.toFixed(4)))).toEqual([50, 53.3333]);
    expect(numbers(columnsInput(model(one), table, { row: 0, columns, baseline: 'median' }), 'absent')).toEqual([50, 60]);
    const input = columnsInput(model(one), table, { row: 0, without: ['label', 'Job'], baseline: 3 });
    expect([numbers(input, 'present'), numbers(input, 'absent')]).toEqual([
      [20, 10],
      [70, 60],
    ]);
    expect(input.players.map((p) => p.label)).toEqual(['age=20', 'hours=10']);
    expect(input.mask).toBe('row 3');
  });

  it('fill each the input of its name, texts and whole numbers too; the commonest text stands in', async () => {
    const m = model(
      { name: 'job', type: 'string', dims: ['n', 1] },
      { name: 'age', type: 'int64', dims: ['n', 1] },
      { name: 'hours', type: 'float64', dims: [null] },
    );
    const input = columnsInput(m, table, { row: 3 });
    expect(input.players.map((p) => p.label)).toEqual(['Job=baker', 'age=70', 'hours=60']);
    await maskedScores(
      m,
      'y',
      input,
      masksFromRows([
        [1, 0, 1],
        [0, 1, 0],
      ]),
    );
    expect(Object.fromEntries(m.fed[0])).toEqual({
      job: { type: 'string', data: ['baker', 'cook'], dims: [2, 1] },
      age: { type: 'int64', data: BigInt64Array.of(37n, 70n), dims: [2, 1] },
      hours: { type: 'float64', data: Float64Array.of(60, 25), dims: [2] },
    });
  });

  it.each([
    [[one], { row: 4 }, 'usage', /^row: expected a row from 0 to 3, got 4/],
    [[one], { row: 0, columns: ['age', 'size'] }, 'usage', /^columns: expected columns of the table \(age, Job, hours, label\), got size/],
    [[one], { row: 0 }, 'usage', /^columns: expected 2 for input x float32 \[\?, 2\], got 4 \(age, Job, hours, label\)/],
    [[one], { row: 0, columns: ['age', 'job'] }, 'usage', /^input x: expected numbers, got cook/],
    [[one], { row: 0, columns: ['age', 'hours'], constants: { z: 1 } }, 'usage', /^constants: expected names of other inputs .*got z/],
    [[{ ...one, dims: [1, 3, 8, 8] }], { row: 0 }, 'unsupported-model', /expected an input of columns/],
    [[one, { ...one, name: 'size', dims: [null, 1] }], { row: 0 }, 'usage', /expected a column x for its input of that name, got age, Job/],
  ] as const)('say what does not fit (%#)', (inputs, options, code, message) => {
    const error = thrownBy(() => columnsInput(model(...inputs), table, options));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });
});

const random = createRandom(3);
const noise = (width: number, height: number, channels: number): Picture => ({
  width,
  height,
  channels,
  data: Float64Array.from({ length: width * height * channels }, () => 255 * random.uniform()),
});

describe('a picture', () => {
  it('blurred is three passes of a mean over a square whose edges repeat', () => {
    const picture = noise(7, 5, 2);
    let want = Array.from(picture.data);
    for (let pass = 0; pass < 3; pass++)
      want = want.map((_, i) => {
        const [y, x, c] = [Math.floor(i / 14), Math.floor(i / 2) % 7, i % 2];
        let sum = 0;
        for (let dy = -2; dy <= 2; dy++)
          for (let dx = -2; dx <= 2; dx++) sum += want[(Math.min(4, Math.max(0, y + dy)) * 7 + Math.min(6, Math.max(0, x + dx))) * 2 + c];
        return sum / 25;
      });
    const got = blurred(picture, 2).data;
    want.forEach((v, i) => {
      expect(Math.abs(got[i] - v)).toBeLessThan(1000 * ROUNDING);
    });
  });

  it('halved and doubled has the values of Pillow 13.0 (bilinear)', () => {
    const four: Picture = { width: 4, height: 1, channels: 1, data: [0, 100, 200, 40] };
    // Image.fromarray(numpy.float32([[0, 100, 200, 40]])).resize((n, 1), Image.BILINEAR)
    const close = (got: ArrayLike<number>, want: number[]) => want.forEach((v, i) => void expect(got[i]).toBeCloseTo(v, 3));
    close(resized(four, 2, 1).data, PILLOW.two);
    close(resized(four, 3, 1).data, PILLOW.three);
    close(resized(four, 8, 1).data, PILLOW.eight);
  });
});

/** What Pillow gives; see the test. */
const PILLOW = {
  two: [71.42857, 117.14286],
  three: [30, 150, 88],
  eight: [0, 25, 75, 125, 175, 160, 80, 40],
};

describe('patches', () => {
  const first: Slot = { name: 'pixels', type: 'float32', dims: ['n', 3, 4, 6] };
  const last: Slot = { name: 'pixels', type: 'uint8', dims: [1, 4, 6, 3] };

  it('cover the picture in rows and columns, all channels together, wherever channels lie', () => {
    const picture = noise(6, 4, 3);
    for (const slot of [first, last]) {
      const { tensors, players } = patchesInput(model(slot), picture, { grid: [2, 3] });
      expect(players.map((p) => p.label)).toEqual(['0.0', '0.1', '0.2', '1.0', '1.1', '1.2']);
      const [{ owners, shape }] = tensors;
      expect(shape).toEqual(slot.dims.slice(1));
      for (let y = 0; y < 4; y++)
        for (let x = 0; x < 6; x++)
          for (let c = 0; c < 3; c++) {
            const at = slot === first ? (c * 4 + y) * 6 + x : (y * 6 + x) * 3 + c;
            expect(owners[at]).toBe((y >> 1) * 3 + (x >> 1));
          }
    }
  });

  it('hold pixels as the model wants them: scaled, or whole numbers as they are', () => {
    const picture = noise(6, 4, 3);
    const scaled = patchesInput(model(first), picture, { mean: [0.5, 0.4, 0.3], std: [0.2], fill: 'mean' });
    const at = (y: number, x: number, c: number) => picture.data[(y * 6 + x) * 3 + c];
    expect(numbers(scaled, 'present')[(2 * 4 + 1) * 6 + 5]).toBeCloseTo((at(1, 5, 2) / 255 - 0.3) / 0.2, 5);
    const mean =
      Array.from(picture.data)
        .filter((_, i) => i % 3 === 1)
        .reduce((a, b) => a + b, 0) / 24;
    for (const v of numbers(scaled, 'absent').slice(24, 48)) expect(v).toBeCloseTo((mean / 255 - 0.4) / 0.2, 5);
    expect(numbers(patchesInput(model(last), picture), 'present')).toEqual(Array.from(picture.data, Math.round));
    expect(numbers(patchesInput(model(first), picture, { fill: 'zero', mean: [0.5] }), 'absent').every((v) => v === 0)).toBe(true);
  });

  it('may be regions of a map, scaled to the picture without new labels', () => {
    const map = { width: 2, height: 2, labels: [7, 7, 0, 9] };
    const { tensors, players, units } = patchesInput(model(first), noise(6, 4, 3), { map });
    expect([units, ...players.map((p) => p.label)]).toEqual(['region', 'region 0', 'region 7', 'region 9']);
    expect(Array.from(tensors[0].owners.subarray(0, 24))).toEqual([...Array(12).fill(1), 0, 0, 0, 2, 2, 2, 0, 0, 0, 2, 2, 2]);
  });

  it.each([
    [[first], { grid: [5, 1] }, /^grid: expected at most 4 rows and 6 columns of patches, got 5 by 1/],
    [[first], { mean: [1, 2] }, /^mean: expected 1 or 3 numbers, one a channel, got 2/],
    [[first], { map: { width: 2, height: 2, labels: [1] } }, /^map: expected 4 labels, got 1/],
    [[first], { fill: 'grey' as 'mean' }, /^fill: expected blur, mean, zero, got grey/],
    [[{ ...first, dims: [null, 13] }], {}, /expected an input of pixels .*got pixels float32 \[\?, 13\]/],
    [
      [first, { name: 'size', type: 'int64', dims: [2] }],
      {},
      /expected a number for its input size int64 \[2\], got none; name it as a constant/,
    ],
  ] as const)('say what does not fit (%#)', (inputs, options, message) => {
    expect(thrownBy(() => patchesInput(model(...(inputs as readonly Slot[])), noise(6, 4, 3), options)).message).toMatch(message);
  });
});

describe('windows', () => {
  const slot: Slot = { name: 'input_values', type: 'float32', dims: ['n', 'samples'] };
  const sound = { rate: 100, samples: Float32Array.from({ length: 95 }, (_, i) => Math.sin(i)) };

  it('lie one after the other, the last one shorter; what is beyond the sound belongs to none', () => {
    const { players, tensors } = windowsInput(model({ ...slot, dims: [1, 1, 120] }), sound, { seconds: 0.2 });
    expect(players.map((p) => p.label)).toEqual(['0.000–0.200 s', '0.200–0.400 s', '0.400–0.600 s', '0.600–0.800 s', '0.800–0.950 s']);
    expect(Array.from(tensors[0].owners)).toEqual(Array.from({ length: 120 }, (_, i) => (i < 95 ? Math.floor(i / 20) : -1)));
    expect(tensors[0].shape).toEqual([1, 120]);
  });

  it('are silent where they are absent, in a model that sums the samples: each window adds its own sum', async () => {
    const g = createGraph('sum', 17);
    const samples = g.input('samples', ['n', 'samples'], 'float32');
    g.input('attention_mask', ['n', 'samples']);
    const kept = g.node('Mul', 'kept', [samples, g.node('Cast', 'mask', ['attention_mask'], { to: { i: 1 } })]);
    const m = await open(g.finish(g.node('ReduceSum', 'score', [kept, g.ints('axis', [1])], { keepdims: { i: 1 } }), ['n', 1]));
    const input = windowsInput(m, sound, { seconds: 0.25 });
    const rows = [
      [1, 1, 1, 1],
      [0, 1, 0, 0],
      [0, 0, 0, 0],
      [1, 0, 0, 1],
    ];
    const { values } = await maskedScores(m, 'score', input, masksFromRows(rows));
    rows.forEach((row, r) => {
      const want = Array.from(sound.samples).reduce((sum, s, i) => sum + row[Math.floor(i / 25)] * s, 0);
      expect(values[r]).toBeCloseTo(want, 4);
    });
  });

  it.each([
    [{ ...slot, dims: [1, 50] }, {}, /^sound: expected at most 50 samples for input_values float32 \[1, 50\], got 95; cut it/],
    [slot, { rate: 16000 }, /^sound: expected 16000 samples a second, as the model takes them, got 100; resample it/],
    [slot, { fill: 'noise' as 'mean' }, /^fill: expected zero or mean, got noise/],
    [slot, { seconds: 1e-6 }, /^window: expected at least one sample/],
    [{ ...slot, type: 'int64' as const }, {}, /expected an input of samples/],
  ])('say what does not fit (%#)', (input, options, message) => {
    expect(thrownBy(() => windowsInput(model(input), sound, options)).message).toMatch(message);
  });
});

describe('a batch that the file fixes', () => {
  it('is filled with copies, and inputs besides are constants or masks of ones', async () => {
    const m = model(
      { name: 'x', type: 'float32', dims: [4, 'f'] },
      { name: 'sr', type: 'int64', dims: [] },
      { name: 'pixel_mask', type: 'int64', dims: [4, 'f'] },
    );
    const table = {
      columns: ['a', 'b'],
      rows: [
        [1, 2],
        [3, 4],
      ],
    };
    const input = columnsInput(m, table, { row: 0, columns: ['a', 'b'], constants: { sr: 16000, pixel_mask: 1 } });
    const rows = Array.from({ length: 6 }, (_, r) => [r & 1, (r >> 1) & 1]);
    await maskedScores(m, 'y', input, masksFromRows(rows));
    expect(m.fed.map((f) => f.get('x')?.dims)).toEqual([
      [4, 2],
      [4, 2],
    ]);
    expect(Array.from(m.fed[1].get('x')?.data as Float32Array)).toEqual([3, 4, 1, 4, 3, 4, 3, 4]);
    expect(m.fed[0].get('sr')).toEqual({ type: 'int64', data: BigInt64Array.of(16000n), dims: [] });
    expect(m.fed[0].get('pixel_mask')?.dims).toEqual([4, 2]);
  });
});
