import { WebspexError } from '../../core/errors.ts';
import { elementsOf, isReal } from './elements.ts';
import { type MaskedInput, type MaskedTensor, otherInputs } from './masked.ts';
import { type OnnxModel, type Slot, slotLine } from './model.ts';

export const WINDOW_FILLS = ['zero', 'mean'] as const;
/** What stands in for an absent window: silence, or the mean of all samples. */
export type WindowFill = (typeof WINDOW_FILLS)[number];

/** Samples of one channel. */
export interface Sound {
  readonly samples: Float32Array;
  /** Samples a second. */
  readonly rate: number;
}

export interface WindowsOptions {
  /** Length of a window in seconds; default a twentieth of the sound. */
  readonly seconds?: number;
  readonly fill?: WindowFill;
  /** Samples a second that the model expects, where that is known. */
  readonly rate?: number;
  /** Sounds are brought to mean 0 and variance 1, as wav2vec 2.0 wants them. */
  readonly normalise?: boolean;
  readonly constants?: Readonly<Record<string, number>>;
}

const DEFAULT_WINDOWS = 20;
const MOST_WINDOWS = 100_000;
/** What is added to a variance, as in Hugging Face's feature extractors. */
const EPSILON = 1e-7;

/** The input that holds samples: [samples], [N, samples] or [N, 1, samples]. */
function soundSlot({ id, inputs }: OnnxModel): Slot {
  const found = inputs.find(
    ({ type, dims }) => type !== null && isReal(type) && dims.length >= 1 && dims.length <= 3 && (dims.length < 3 || dims[1] === 1),
  );
  if (found) return found;
  throw new WebspexError(
    'unsupported-model',
    `${id}: expected an input of samples [rows, samples], got ${inputs.map(slotLine).join('; ')}; explain a text, columns or a picture`,
  );
}

function normalised(samples: Float32Array): Float32Array {
  const mean = samples.reduce((a, b) => a + b, 0) / samples.length;
  const variance = samples.reduce((a, b) => a + (b - mean) ** 2, 0) / samples.length;
  return samples.map((s) => (s - mean) / Math.sqrt(variance + EPSILON));
}

function windowLength(sound: Sound, seconds: number | undefined): number {
  const length = seconds === undefined ? Math.ceil(sound.samples.length / DEFAULT_WINDOWS) : Math.round(seconds * sound.rate);
  if (length >= 1 && Math.ceil(sound.samples.length / length) <= MOST_WINDOWS) return length;
  throw new WebspexError('usage', `window: expected at least one sample and at most ${MOST_WINDOWS} windows, got ${seconds} s; change it`);
}

/**
 * Windows of a sound as players, in order of time; what the model wants beyond the sound's end is silence that belongs to none.
 * @throws usage for another rate, a window or a fill that does not fit, too-long, unsupported-model where no input holds samples.
 */
export function windowsInput(model: OnnxModel, sound: Sound, options: WindowsOptions = {}): MaskedInput {
  const { fill = 'zero', rate, constants } = options;
  if (!WINDOW_FILLS.includes(fill))
    throw new WebspexError('usage', `fill: expected ${WINDOW_FILLS.join(' or ')}, got ${fill}; choose one of them`);
  if (sound.samples.length === 0) throw new WebspexError('empty-input', 'sound: expected some samples, got none; give a sound');
  if (rate !== undefined && rate !== sound.rate)
    throw new WebspexError('usage', `sound: expected ${rate} samples a second, as the model takes them, got ${sound.rate}; resample it`);
  const slot = soundSlot(model);
  const size = slot.dims.at(-1);
  const length = typeof size === 'number' ? size : sound.samples.length;
  if (sound.samples.length > length)
    throw new WebspexError(
      'too-long',
      `sound: expected at most ${length} samples for ${slotLine(slot)}, got ${sound.samples.length}; cut it`,
    );
  const samples = options.normalise ? normalised(sound.samples) : sound.samples;
  const each = windowLength(sound, options.seconds);
  const present = new Float64Array(length);
  present.set(samples);
  const rest = fill === 'zero' ? 0 : samples.reduce((a, b) => a + b, 0) / samples.length;
  const absent = present.map((_, i) => (i < samples.length ? rest : 0));
  const type = slot.type ?? 'float32';
  const tensor: MaskedTensor = {
    name: slot.name,
    type,
    shape: slot.dims.length === 3 ? [1, length] : [length],
    batched: slot.dims.length > 1,
    present: elementsOf(type, present, slot.name),
    absent: elementsOf(type, absent, slot.name),
    owners: Int32Array.from({ length }, (_, i) => (i < samples.length ? Math.floor(i / each) : -1)),
  };
  const at = (sample: number) => (Math.min(sample, samples.length) / sound.rate).toFixed(3);
  return {
    lens: 'windows',
    players: Array.from({ length: Math.ceil(samples.length / each) }, (_, id) => ({
      id,
      label: `${at(id * each)}–${at((id + 1) * each)} s`,
      start: 0,
      end: 0,
    })),
    tensors: [tensor, ...otherInputs(model, [tensor], constants)],
    mask: fill === 'zero' ? 'silence' : 'mean',
    units: `window of ${at(each)} s`,
  };
}
