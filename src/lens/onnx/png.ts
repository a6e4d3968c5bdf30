import { unzlibSync } from 'fflate';
import { WebspexError } from '../../core/errors.ts';
import type { Picture } from './picture.ts';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Samples a pixel by colour type: grey, RGB, palette, grey and alpha, RGB and alpha. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const PALETTE = 3;
const MOST_PIXELS = 1 << 26;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
}

function refuse(name: string, what: string, then = 'save it as a PNG again'): never {
  throw new WebspexError('bad-file', `${name}: ${what}; ${then}`);
}

/** Chunks by type; those of pixels in one. */
function chunksOf(bytes: Uint8Array, name: string): Map<string, Uint8Array> {
  if (bytes.length < 33 || SIGNATURE.some((b, i) => bytes[i] !== b))
    refuse(name, 'expected a PNG, got something else', 'convert it to PNG');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = new Map<string, Uint8Array>();
  const pixels: Uint8Array[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) refuse(name, `expected ${length} bytes of ${type}, got the end of the file`, 'download it again');
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (type === 'IDAT') pixels.push(data);
    else chunks.set(type, data);
    at += 12 + length;
  }
  const all = new Uint8Array(pixels.reduce((sum, p) => sum + p.length, 0));
  let to = 0;
  for (const part of pixels) {
    all.set(part, to);
    to += part.length;
  }
  return chunks.set('IDAT', all);
}

function headerOf(chunk: Uint8Array | undefined, name: string): Header {
  if (chunk?.length !== 13) return refuse(name, 'expected a header of 13 bytes, got another');
  const view = new DataView(chunk.buffer, chunk.byteOffset, 13);
  const header = { width: view.getUint32(0), height: view.getUint32(4), depth: chunk[8], colour: chunk[9] };
  if (header.width * header.height === 0 || header.width * header.height > MOST_PIXELS)
    refuse(name, `expected 1 to ${MOST_PIXELS} pixels, got ${header.width} by ${header.height}`, 'make it smaller');
  if (!(header.colour in SAMPLES) || ![1, 2, 4, 8, 16].includes(header.depth)) refuse(name, 'expected a colour type of PNG, got another');
  if (chunk[12] !== 0) refuse(name, 'expected rows in order, got an interlaced picture', 'save it without interlacing');
  return header;
}

const paeth = (a: number, b: number, c: number) => {
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};

/** Undoes the filter of each row (PNG §9), in place; `stride` bytes lie between a byte and the same one of the pixel before. */
function unfilter(raw: Uint8Array, rows: number, line: number, stride: number, name: string): void {
  for (let y = 0; y < rows; y++) {
    const from = y * (line + 1);
    const filter = raw[from];
    if (filter > 4) refuse(name, `expected a filter from 0 to 4, got ${filter}`, 'download it again');
    for (let i = 1; i <= line; i++) {
      const at = from + i;
      const left = i > stride ? raw[at - stride] : 0;
      const up = y > 0 ? raw[at - line - 1] : 0;
      const corner = y > 0 && i > stride ? raw[at - line - 1 - stride] : 0;
      const guess = [0, left, up, (left + up) >> 1, filter === 4 ? paeth(left, up, corner) : 0][filter];
      raw[at] = (raw[at] + guess) & 0xff;
    }
  }
}

/** Samples as they are stored, and how many a pixel has. */
function storedSamples(bytes: Uint8Array, name: string) {
  const chunks = chunksOf(bytes, name);
  const header = headerOf(chunks.get('IHDR'), name);
  const { width, height, depth, colour } = header;
  const samples = SAMPLES[colour];
  const line = Math.ceil((width * samples * depth) / 8);
  let raw: Uint8Array;
  try {
    raw = unzlibSync(chunks.get('IDAT') as Uint8Array, { out: new Uint8Array(height * (line + 1)) });
  } catch (cause) {
    throw new WebspexError('bad-file', `${name}: expected pixels that unpack, got others; download it again`, { cause });
  }
  if (raw.length !== height * (line + 1)) refuse(name, `expected ${height} rows, got fewer`, 'download it again');
  unfilter(raw, height, line, Math.max(1, (samples * depth) / 8), name);
  const out = new Uint16Array(width * height * samples);
  const mask = (1 << Math.min(depth, 8)) - 1;
  for (let y = 0; y < height; y++)
    for (let i = 0; i < width * samples; i++) {
      const bit = i * depth;
      const at = y * (line + 1) + 1 + (bit >> 3);
      out[y * width * samples + i] = depth === 16 ? (raw[at] << 8) | raw[at + 1] : (raw[at] >> (8 - depth - (bit & 7))) & mask;
    }
  return { header, samples, stored: out, palette: chunks.get('PLTE') };
}

/** A PNG as numbers from 0 to 255, palettes in RGB. @throws bad-file. */
export function readPng(bytes: Uint8Array, name = 'picture'): Picture {
  const { header, samples, stored, palette } = storedSamples(bytes, name);
  const { width, height, depth, colour } = header;
  if (colour !== PALETTE) return { width, height, channels: samples, data: Float64Array.from(stored, (v) => (v * 255) / (2 ** depth - 1)) };
  if (!palette || palette.length < 3) return refuse(name, 'expected a palette, got none');
  const data = new Uint8Array(3 * stored.length);
  stored.forEach((index, p) => {
    data.set(palette.subarray(3 * index, 3 * index + 3), 3 * p);
  });
  return { width, height, channels: 3, data };
}

/** A PNG as a map of labels: places in its palette, or grey levels as they are stored. @throws bad-file where it has colours. */
export function readLabelMap(bytes: Uint8Array, name = 'map'): { width: number; height: number; labels: Uint16Array } {
  const { header, samples, stored } = storedSamples(bytes, name);
  if (samples !== 1) refuse(name, `expected one number a pixel, got ${samples}`, 'save it as a grey picture or with a palette');
  return { width: header.width, height: header.height, labels: stored };
}
