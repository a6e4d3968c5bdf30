import { padWidth } from '../../compute/program.ts';
import { type Fields, isNone, refuse } from '../config.ts';
import { shown } from '../json.ts';

/** Angles of rotary positions: pair i of a head turns by position · frequencies[i]. */
export interface Rope {
  readonly frequencies: Float32Array;
}

const KINDS = 'default, linear, llama3, factors';

function positive(json: Fields, key: string, otherwise?: number): number {
  const value = json[key] ?? otherwise;
  if (typeof value !== 'number' || !(value > 0 && Number.isFinite(value))) refuse(`${key}: expected a number above 0, got ${shown(value)}`);
  return value;
}

/**
 * The frequencies base^(−2i / size), slowed down as `rope_scaling` or `rope_parameters` say: `linear` all by one factor, `llama3` the long
 * waves alone, `factors` each by its own, as GGUF files have them. @throws bad-file, and whatever `unsupported` throws, naming the kind, for others.
 */
export function readRope(json: Fields, headSize: number, unsupported: (what: string) => never): Rope {
  const given = [json.rope_parameters, json.rope_scaling].find((value) => !isNone(value)) ?? {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) refuse(`rope_scaling: expected an object, got ${shown(given)}`);
  const scaling = given as Fields;
  const base = positive({ rope_theta: scaling.rope_theta ?? json.rope_theta }, 'rope_theta', 10_000);
  if (!isNone(scaling.partial_rotary_factor) && scaling.partial_rotary_factor !== 1)
    unsupported(`partial_rotary_factor: expected 1, got ${shown(scaling.partial_rotary_factor)}`);
  const kind = scaling.rope_type ?? scaling.type ?? 'default';
  const plain = Array.from({ length: headSize / 2 }, (_, i) => base ** ((-2 * i) / headSize));
  const slowed = () => {
    if (kind === 'default') return plain;
    if (kind === 'linear') return plain.map((f) => f / positive(scaling, 'factor'));
    if (kind === 'llama3') return plain.map(slowLongWaves(scaling));
    if (kind === 'factors') return plain.map((f, i) => f / factorOf(scaling.factors, i, plain.length));
    return unsupported(`rope_scaling: expected ${KINDS}, got ${shown(kind)}`);
  };
  return { frequencies: Float32Array.from(slowed()) };
}

function factorOf(factors: unknown, i: number, count: number): number {
  const factor: unknown = Array.isArray(factors) && factors.length === count ? factors[i] : undefined;
  if (typeof factor !== 'number' || !(factor > 0 && Number.isFinite(factor)))
    refuse(`rope_scaling: expected ${count} factors above 0, got ${shown(factors)}`);
  return factor;
}

/** Llama 3.1: waves longer than the original context by the whole factor, short ones not at all, in between by degrees. */
function slowLongWaves(scaling: Fields): (frequency: number) => number {
  const [factor, low, high, original] = ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'].map((key) =>
    positive(scaling, key),
  );
  return (frequency) => {
    const wave = (2 * Math.PI) / frequency;
    if (wave < original / high) return frequency;
    if (wave > original / low) return frequency / factor;
    const smooth = (original / wave - low) / (high - low);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  };
}

/**
 * A function that gives cosines and, behind them, sines for positions 0 … count − 1: (count, padded head size), each half of a row padded
 * with zeros. Angles are rounded to float32 as in training. Rows are kept, as every chunk asks for the same ones.
 */
export function createRotations({ frequencies }: Rope): (count: number) => Float32Array {
  const width = padWidth(2 * frequencies.length);
  let table = new Float32Array(0);
  return (count) => {
    if (table.length < count * width) {
      const rows = Math.max(count, (2 * table.length) / width);
      table = new Float32Array(rows * width);
      for (let p = 0; p < rows; p++)
        frequencies.forEach((frequency, i) => {
          const angle = Math.fround(p * frequency);
          table[p * width + i] = Math.cos(angle);
          table[p * width + width / 2 + i] = Math.sin(angle);
        });
    }
    return table.subarray(0, count * width);
  };
}
