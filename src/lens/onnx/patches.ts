import { WebspexError } from '../../core/errors.ts';
import { elementsOf, isReal } from './elements.ts';
import { type MaskedInput, type MaskedTensor, otherInputs } from './masked.ts';
import { type OnnxModel, type Slot, slotLine } from './model.ts';
import { blurred, type Picture, resized, withChannels } from './picture.ts';

export const PATCH_FILLS = ['blur', 'mean', 'zero'] as const;
/** What stands in for an absent patch: the picture blurred by about a patch, its mean colour, or 0 in the model's own numbers. */
export type PatchFill = (typeof PATCH_FILLS)[number];

/** How pixels become the model's numbers: (pixel · scale − mean) / std by channel. */
export interface PixelScale {
  /** Default 1/255, and 1 where the input holds whole numbers. */
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

export interface PatchesOptions extends PixelScale {
  /** Rows and columns of patches; default 6 by 6, or a patch for each pixel of a smaller picture. */
  readonly grid?: readonly [rows: number, columns: number];
  /** Instead of a grid a label for each pixel (height, width): pixels of one label are one player. */
  readonly map?: { readonly width: number; readonly height: number; readonly labels: ArrayLike<number> };
  readonly fill?: PatchFill;
  readonly constants?: Readonly<Record<string, number>>;
}

const DEFAULT_GRID = 6;
const MOST_PATCHES = 4096;

interface Layout {
  readonly slot: Slot;
  readonly batched: boolean;
  readonly channelsFirst: boolean;
  readonly channels: number;
  readonly width: number;
  readonly height: number;
}

/** The input that holds a picture: [N, C, H, W], [N, H, W, C] or either without N, C being 1 or 3. */
function layoutOf({ id, inputs }: OnnxModel, picture: Picture): Layout {
  for (const slot of inputs) {
    const dims = slot.dims.slice(-3);
    if (slot.type === null || slot.type === 'string' || dims.length < 3 || slot.dims.length > 4) continue;
    const isChannel = (d: unknown) => d === 1 || d === 3;
    const channelsFirst = isChannel(dims[0]) || !isChannel(dims[2]);
    const [c, h, w] = channelsFirst ? dims : [dims[2], dims[0], dims[1]];
    const size = (d: typeof c, otherwise: number) => (typeof d === 'number' ? d : otherwise);
    return {
      slot,
      channelsFirst,
      batched: slot.dims.length === 4,
      channels: size(c, 3),
      height: size(h, picture.height),
      width: size(w, picture.width),
    };
  }
  throw new WebspexError(
    'unsupported-model',
    `${id}: expected an input of pixels [rows, channels, height, width], got ${inputs.map(slotLine).join('; ')}; explain a text, columns or sound`,
  );
}

/** The patch of each pixel, and their names: row.column of a grid, or labels. */
interface Patches {
  readonly owners: Int32Array;
  readonly names: readonly string[];
  /** About how many pixels wide a patch is. */
  readonly side: number;
  readonly units: string;
}

function ownersOf({ width, height }: Layout, { grid, map }: PatchesOptions): Patches {
  if (map) return ownersOfMap(width, height, map);
  const [rows, columns] = grid ?? [Math.min(DEFAULT_GRID, height), Math.min(DEFAULT_GRID, width)];
  if (![rows, columns].every((n) => Number.isInteger(n) && n >= 1) || rows > height || columns > width)
    throw new WebspexError(
      'usage',
      `grid: expected at most ${height} rows and ${width} columns of patches, got ${rows} by ${columns}; change it`,
    );
  const owners = Int32Array.from({ length: width * height }, (_, p) => {
    const [y, x] = [Math.floor(p / width), p % width];
    return Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
  });
  const names = Array.from({ length: rows * columns }, (_, i) => `${Math.floor(i / columns)}.${i % columns}`);
  return { owners, names, side: Math.max(height / rows, width / columns), units: `patch in a grid of ${rows} by ${columns}` };
}

function ownersOfMap(width: number, height: number, map: NonNullable<PatchesOptions['map']>): Patches {
  if (map.labels.length !== map.width * map.height)
    throw new WebspexError('usage', `map: expected ${map.width * map.height} labels, got ${map.labels.length}; give one for each pixel`);
  const labels = Int32Array.from({ length: width * height }, (_, p) => {
    const y = Math.floor((Math.floor(p / width) + 0.5) * (map.height / height));
    const x = Math.floor(((p % width) + 0.5) * (map.width / width));
    return map.labels[y * map.width + x];
  });
  const distinct = [...new Set(labels)].sort((a, b) => a - b);
  if (distinct.length > MOST_PATCHES)
    throw new WebspexError('usage', `map: expected at most ${MOST_PATCHES} labels, got ${distinct.length}; give one number to each region`);
  const place = new Map(distinct.map((label, i) => [label, i]));
  return {
    owners: labels.map((label) => place.get(label) as number),
    names: distinct.map((label) => `region ${label}`),
    side: Math.sqrt((width * height) / distinct.length),
    units: 'region',
  };
}

function meanOf({ data, channels }: Picture): number[] {
  const sums = new Array<number>(channels).fill(0);
  for (let i = 0; i < data.length; i++) sums[i % channels] += data[i];
  return sums.map((sum) => (sum * channels) / data.length);
}

function filledWith(fill: PatchFill, picture: Picture, side: number): Picture {
  if (fill === 'blur') return blurred(picture, Math.max(1, Math.round(side / 2)));
  const mean = meanOf(picture);
  return { ...picture, data: Float64Array.from(picture.data, (_, i) => mean[i % picture.channels]) };
}

/** Numbers as the model takes them, in its order of dimensions. */
function numbersOf(picture: Picture, { slot, channelsFirst }: Layout, given: PixelScale): Float64Array {
  const { channels, width, height } = picture;
  const scale = given.scale ?? (slot.type !== null && isReal(slot.type) ? 1 / 255 : 1);
  const by = (name: 'mean' | 'std', otherwise: number) => {
    const list = given[name] ?? [otherwise];
    if (list.length !== 1 && list.length !== channels)
      throw new WebspexError('usage', `${name}: expected 1 or ${channels} numbers, one a channel, got ${list.length}; change it`);
    return (c: number) => list[list.length === 1 ? 0 : c];
  };
  const [mean, std] = [by('mean', 0), by('std', 1)];
  const out = new Float64Array(picture.data.length);
  for (let p = 0; p < width * height; p++)
    for (let c = 0; c < channels; c++) {
      const value = (picture.data[p * channels + c] * scale - mean(c)) / std(c);
      out[channelsFirst ? c * width * height + p : p * channels + c] = value;
    }
  return out;
}

/**
 * Patches of a picture as players. The picture takes the model's size and channels; pixels are scaled as `options` say.
 * @throws usage for a grid, map or scale that does not fit; unsupported-model where no input is a picture.
 */
export function patchesInput(model: OnnxModel, picture: Picture, options: PatchesOptions = {}): MaskedInput {
  const { fill = 'blur', constants } = options;
  if (!PATCH_FILLS.includes(fill))
    throw new WebspexError('usage', `fill: expected ${PATCH_FILLS.join(', ')}, got ${fill}; choose one of them`);
  if (picture.data.length !== picture.width * picture.height * picture.channels || picture.data.length === 0)
    throw new WebspexError(
      'usage',
      `picture: expected ${picture.width * picture.height * picture.channels} numbers, got ${picture.data.length}; give height × width × channels`,
    );
  const layout = layoutOf(model, picture);
  const { slot, batched, channelsFirst, channels, width, height } = layout;
  const sized = resized(withChannels(picture, channels), width, height);
  const { owners, names, side, units } = ownersOf(layout, options);
  const type = slot.type ?? 'float32';
  const present = numbersOf(sized, layout, options);
  const absent = fill === 'zero' ? new Float64Array(present.length) : numbersOf(filledWith(fill, sized, side), layout, options);
  const tensor: MaskedTensor = {
    name: slot.name,
    type,
    shape: channelsFirst ? [channels, height, width] : [height, width, channels],
    batched,
    present: elementsOf(type, present, slot.name),
    absent: elementsOf(type, absent, slot.name),
    owners: Int32Array.from(present, (_, e) => owners[channelsFirst ? e % (width * height) : Math.floor(e / channels)]),
  };
  return {
    lens: 'patches',
    players: names.map((label, id) => ({ id, label, start: 0, end: 0 })),
    tensors: [tensor, ...otherInputs(model, [tensor], constants)],
    mask: fill,
    units,
  };
}
