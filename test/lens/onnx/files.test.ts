import { zlibSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { readTable } from '../../../src/lens/onnx/csv.ts';
import { readLabelMap, readPng } from '../../../src/lens/onnx/png.ts';
import { readWav } from '../../../src/lens/onnx/wav.ts';
import { mutants, thrownBy } from '../../model/support.ts';

const random = createRandom(5);
const SAMPLES = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

interface Wanted {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: keyof typeof SAMPLES;
  readonly palette?: Uint8Array;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  // The checksum at its end is not read.
  const out = new Uint8Array(12 + data.length);
  new DataView(out.buffer).setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  return out;
}

/** A PNG of these samples, each row by another filter, as the specification has them (PNG §9). */
function png({ width, height, depth, colour, palette }: Wanted, samples: ArrayLike<number>): Uint8Array {
  const each = SAMPLES[colour];
  const line = Math.ceil((width * each * depth) / 8);
  const stride = Math.max(1, (each * depth) / 8);
  const plain = Array.from({ length: height }, (_, y) => {
    const row = new Uint8Array(line);
    for (let i = 0; i < width * each; i++) {
      const v = samples[y * width * each + i];
      if (depth === 16) row.set([v >> 8, v & 255], 2 * i);
      else row[(i * depth) >> 3] |= v << (8 - depth - ((i * depth) & 7));
    }
    return row;
  });
  const raw = plain.map((row, y) => {
    const filter = y % 5;
    const at = (r: Uint8Array | undefined, i: number) => (i < 0 || !r ? 0 : r[i]);
    const filtered = row.map((v, i) => {
      const [a, b, c] = [at(row, i - stride), at(plain[y - 1], i), at(plain[y - 1], i - stride)];
      const nearest = [a, b, c].sort((p, q) => Math.abs(a + b - c - p) - Math.abs(a + b - c - q))[0];
      return v - [0, a, b, Math.floor((a + b) / 2), nearest][filter];
    });
    return Uint8Array.of(filter, ...filtered);
  });
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([depth, colour], 8);
  const pixels = zlibSync(Uint8Array.from(raw.flatMap((r) => [...r])));
  const parts = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    ...(palette ? [chunk('PLTE', palette)] : []),
    // Pixels may come in several chunks.
    chunk('IDAT', pixels.subarray(0, 5)),
    chunk('IDAT', pixels.subarray(5)),
    chunk('IEND', new Uint8Array(0)),
  ];
  return Uint8Array.from(parts.flatMap((p) => [...p]));
}

describe('a PNG', () => {
  it.each([
    [0, 1],
    [0, 2],
    [0, 4],
    [0, 8],
    [0, 16],
    [2, 8],
    [2, 16],
    [4, 8],
    [6, 8],
  ] as const)('of colour type %i and %i bits has its samples, from 0 to 255, whatever the filter', (colour, depth) => {
    const [width, height] = [7, 11];
    const samples = Array.from({ length: width * height * SAMPLES[colour] }, () => random.below(2 ** depth));
    const read = readPng(png({ width, height, depth, colour }, samples));
    expect(read).toMatchObject({ width, height, channels: SAMPLES[colour] });
    samples.forEach((s, i) => {
      expect(read.data[i]).toBeCloseTo((s * 255) / (2 ** depth - 1), 9);
    });
  });

  it('with a palette has its colours, and as a map its places', () => {
    const palette = Uint8Array.of(1, 2, 3, 40, 50, 60, 7, 8, 9);
    const bytes = png({ width: 3, height: 1, depth: 2, colour: 3, palette }, [2, 0, 1]);
    expect([...(readPng(bytes).data as Uint8Array)]).toEqual([7, 8, 9, 1, 2, 3, 40, 50, 60]);
    expect(readLabelMap(bytes)).toEqual({ width: 3, height: 1, labels: Uint16Array.of(2, 0, 1) });
  });

  it('as a map must have one number a pixel', () => {
    const bytes = png({ width: 1, height: 1, depth: 8, colour: 2 }, [1, 2, 3]);
    expect(thrownBy(() => readLabelMap(bytes)).message).toBe(
      'map: expected one number a pixel, got 3; save it as a grey picture or with a palette',
    );
  });

  it('that is broken anywhere is refused or read, never worse', () => {
    const bytes = png(
      { width: 9, height: 6, depth: 8, colour: 2 },
      Array.from({ length: 162 }, () => random.below(256)),
    );
    for (const broken of mutants(bytes, 300, createRandom(8)))
      try {
        const { width, height, channels, data } = readPng(broken);
        expect(data.length).toBe(width * height * channels);
      } catch (error) {
        expect(error).toMatchObject({ name: 'WebspexError', code: 'bad-file' });
      }
  });
});

/** A RIFF file of one format and these bytes of samples. */
function wav(kind: number, channels: number, rate: number, bits: number, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(44 + data.length);
  const view = new DataView(out.buffer);
  const text = (at: number, s: string) => out.set(new TextEncoder().encode(s), at);
  text(0, 'RIFF');
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, kind, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint16(34, bits, true);
  text(36, 'data');
  view.setUint32(40, data.length, true);
  out.set(data, 44);
  return out;
}

const bytesOf = (array: Int16Array | Int32Array | Float32Array | Float64Array) => new Uint8Array(array.buffer);

describe('a WAVE file', () => {
  it.each([
    ['16 bits', 1, 16, bytesOf(Int16Array.of(0, 16384, -32768))],
    ['8 bits', 1, 8, Uint8Array.of(128, 192, 0)],
    ['24 bits', 1, 24, Uint8Array.of(0, 0, 0, 0, 0, 0x40, 0, 0, 0x80)],
    ['32 bits', 1, 32, bytesOf(Int32Array.of(0, 2 ** 30, -(2 ** 31)))],
    ['floats', 3, 32, bytesOf(Float32Array.of(0, 0.5, -1))],
    ['doubles', 3, 64, bytesOf(Float64Array.of(0, 0.5, -1))],
  ] as const)('of %s has samples from −1 to 1', (_, kind, bits, data) => {
    expect(readWav(wav(kind, 1, 16000, bits, data))).toEqual({ rate: 16000, samples: Float32Array.of(0, 0.5, -1) });
  });

  it('of two channels is their mean', () => {
    const data = bytesOf(Int16Array.of(16384, 0, -16384, 16384));
    expect([...readWav(wav(1, 2, 8000, 16, data)).samples]).toEqual([0.25, 0]);
  });

  it('of another format is refused by its number', () => {
    expect(thrownBy(() => readWav(wav(6, 1, 8000, 8, Uint8Array.of(1)))).message).toMatch(/got format 6 of 8 bits; convert it$/);
    for (const broken of mutants(wav(1, 1, 8000, 16, bytesOf(Int16Array.of(1, 2, 3, 4))), 200, createRandom(9)))
      try {
        expect(readWav(broken).samples).toBeInstanceOf(Float32Array);
      } catch (error) {
        expect(error).toMatchObject({ name: 'WebspexError', code: 'bad-file' });
      }
  });
});

describe('a table', () => {
  it('has numbers in columns of nothing else, NaN where a cell is empty, and texts in the others', () => {
    const table = readTable('\ufeffage,"job, title",hours\r\n39,"a ""b""\nc",40\r\n50,x,\r\n', 'f.csv');
    expect(table).toEqual({
      columns: ['age', 'job, title', 'hours'],
      rows: [
        [39, 'a "b"\nc', 40],
        [50, 'x', Number.NaN],
      ],
    });
  });

  it.each(['a;b\n1;2', 'a\tb\n1\t2\n\n'])('may have semicolons or tabs (%j)', (text) => {
    expect(readTable(text, 'f.csv')).toEqual({ columns: ['a', 'b'], rows: [[1, 2]] });
  });

  it.each([
    ['a,b', /got no cells/],
    ['a,a\n1,2', /got a twice/],
    ['a,\n1,2', /a column without a name/],
    ['a,b\n1,2\n3', /expected 2 cells in row 1, got 1/],
    ['a,b\n"1,2', /expected a quotation mark to end/],
  ])('%j is refused', (text, message) => {
    const error = thrownBy(() => readTable(text, 'f.csv'));
    expect([error.code, error.message]).toEqual(['bad-file', expect.stringMatching(message)]);
  });
});
