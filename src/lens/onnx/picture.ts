import { WebspexError } from '../../core/errors.ts';

/** A picture: (height, width, channels), row-major; numbers from 0 to 255 unless said otherwise. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: ArrayLike<number>;
}

/** Weights of one line of a picture scaled to `to` samples: triangles, wider where it shrinks, as Pillow's bilinear has them. */
function taps(from: number, to: number): { first: number; weights: Float64Array }[] {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(from, Math.floor(centre + reach + 0.5));
    const weights = Float64Array.from({ length: last - first }, (_, j) => Math.max(0, 1 - Math.abs((first + j + 0.5 - centre) / reach)));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((w) => w / sum) };
  });
}

/** The picture in another size, bilinear with area weights where it shrinks. */
export function resized(picture: Picture, width: number, height: number): Picture {
  if (picture.width === width && picture.height === height) return picture;
  const { channels } = picture;
  const across = taps(picture.width, width);
  const down = taps(picture.height, height);
  const rows = new Float64Array(picture.height * width * channels);
  for (let y = 0; y < picture.height; y++)
    across.forEach(({ first, weights }, x) => {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let j = 0; j < weights.length; j++) sum += weights[j] * picture.data[(y * picture.width + first + j) * channels + c];
        rows[(y * width + x) * channels + c] = sum;
      }
    });
  const line = width * channels;
  const data = new Float64Array(height * line);
  down.forEach(({ first, weights }, y) => {
    for (let j = 0; j < weights.length; j++) for (let i = 0; i < line; i++) data[y * line + i] += weights[j] * rows[(first + j) * line + i];
  });
  return { width, height, channels, data };
}

/** Passes of a box that come near a Gaussian. */
const BOX_PASSES = 3;

/** A blurred picture: three box filters with `radius` pixels to each side, edges repeated. */
export function blurred(picture: Picture, radius: number): Picture {
  const { width, height, channels } = picture;
  let data = Float64Array.from(picture.data);
  for (let pass = 0; pass < BOX_PASSES; pass++) {
    data = boxed(data, radius, { lines: height, count: width, line: width * channels, step: channels, channels });
    data = boxed(data, radius, { lines: width, count: height, line: channels, step: width * channels, channels });
  }
  return { width, height, channels, data };
}

interface Lines {
  readonly lines: number;
  readonly count: number;
  /** Elements from one line to the next, and from one sample of a line to the next. */
  readonly line: number;
  readonly step: number;
  readonly channels: number;
}

/** A moving sum along each line. */
function boxed(data: Float64Array<ArrayBuffer>, radius: number, { lines, count, line, step, channels }: Lines): Float64Array<ArrayBuffer> {
  const out = new Float64Array(data.length);
  const size = 2 * radius + 1;
  for (let l = 0; l < lines; l++)
    for (let c = 0; c < channels; c++) {
      const base = l * line + c;
      const at = (i: number) => data[base + Math.min(count - 1, Math.max(0, i)) * step];
      let sum = 0;
      for (let i = -radius; i <= radius; i++) sum += at(i);
      for (let i = 0; i < count; i++) {
        out[base + i * step] = sum / size;
        sum += at(i + radius + 1) - at(i - radius);
      }
    }
  return out;
}

/** The picture with 1 or 3 channels: grey by the weights of ITU-R 601, transparency left out. @throws usage for other numbers. */
export function withChannels(picture: Picture, channels: number): Picture {
  const { width, height, data } = picture;
  if (picture.channels === channels) return picture;
  const grey = picture.channels <= 2;
  if (channels !== 1 && channels !== 3)
    throw new WebspexError('usage', `picture: expected a model of 1 or 3 channels, got ${channels}; give an array of ${channels} channels`);
  const out = new Float64Array(width * height * channels);
  for (let p = 0; p < width * height; p++) {
    const from = p * picture.channels;
    const [r, g, b] = grey ? [data[from], data[from], data[from]] : [data[from], data[from + 1], data[from + 2]];
    if (channels === 3) out.set([r, g, b], 3 * p);
    else out[p] = grey ? r : 0.299 * r + 0.587 * g + 0.114 * b;
  }
  return { width, height, channels, data: out };
}
