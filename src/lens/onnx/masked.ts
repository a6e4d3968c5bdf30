import { WebspexError } from '../../core/errors.ts';
import { isPresent, type Masks } from '../../core/masks.ts';
import { sha256Hex } from '../../model/manifest.ts';
import type { Player } from '../player.ts';
import type { ScoreRows } from '../scores.ts';
import { elementsOf, emptyLike } from './elements.ts';
import { type Feed, type OnnxModel, type Slot, slotLine } from './model.ts';
import { type Feeder, scoreRows } from './rows.ts';
import type { Elements, ElementType } from './runtime.ts';

/** One input of a model as it is with every player present, and with every player absent. */
export interface MaskedTensor {
  readonly name: string;
  readonly type: ElementType;
  /** Sizes of one row, without that of the batch. */
  readonly shape: readonly number[];
  /** The file has a dimension for rows. */
  readonly batched: boolean;
  readonly present: Elements;
  readonly absent: Elements;
  /** The player of each element, −1 for those that stay. */
  readonly owners: Int32Array;
}

/** Who the players of an input are that is no text. */
export type InputLens = 'columns' | 'patches' | 'windows';

/** An input that is no text: who its players are, and what a model reads where they are absent. */
export interface MaskedInput {
  readonly lens: InputLens;
  readonly players: readonly Player[];
  readonly tensors: readonly MaskedTensor[];
  /** How the result says what stands in for absent players, and what the players are. */
  readonly mask: string;
  readonly units: string;
}

/** Numbers of one run: more gain nothing, and take memory. */
const MOST_ELEMENTS = 1 << 22;
const MOST_ROWS = 64;

/** The output for each mask. @throws what running throws. */
export async function maskedScores(
  model: OnnxModel,
  output: string,
  input: MaskedInput,
  masks: Masks,
  signal?: AbortSignal,
): Promise<ScoreRows> {
  if (masks.n !== input.players.length)
    throw new WebspexError('usage', `masks: expected ${input.players.length} players, got ${masks.n}; make them for this input`);
  return scoreRows(model, output, masks.count, feederOf(model, input, masks), undefined, signal);
}

/** SHA-256 of all that is fed, hexadecimal: two inputs with the same players may be different pictures. */
export async function inputHash({ tensors }: MaskedInput): Promise<string> {
  const parts: string[] = [];
  for (const { name, shape, present, absent, owners } of tensors)
    for (const elements of [present, absent, owners]) {
      const bytes = Array.isArray(elements)
        ? new TextEncoder().encode(JSON.stringify(elements))
        : new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
      parts.push(`${name} ${shape.join()} ${await sha256Hex(bytes)}`);
    }
  return sha256Hex(new TextEncoder().encode(parts.join('\n')));
}

function feederOf(model: OnnxModel, { tensors }: MaskedInput, masks: Masks): Feeder {
  const slots = new Map(model.inputs.map((slot) => [slot.name, slot]));
  // One that has no rows but players allows one mask at a time; a constant without rows stands for all of them.
  const batches = tensors.map((t) => (t.batched ? slots.get(t.name)?.dims[0] : t.owners.some((o) => o >= 0) ? 1 : null));
  const fixed = batches.find((d) => typeof d === 'number');
  const elements = tensors.reduce((sum, t) => sum + t.owners.length, 0);
  const rows = typeof fixed === 'number' ? fixed : Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_ELEMENTS / elements)));
  return {
    rows,
    fixed: typeof fixed === 'number',
    feeds: (which) => new Map(tensors.map((t) => [t.name, feedOf(t, masks, which)])),
  };
}

function feedOf({ type, shape, batched, present, absent, owners }: MaskedTensor, masks: Masks, given: readonly number[]): Feed {
  const size = owners.length;
  const rows = batched ? given : given.slice(0, 1);
  const data = emptyLike(present, rows.length * size);
  const kept = new Uint8Array(masks.n + 1);
  rows.forEach((r, row) => {
    // The last place is for elements without a player.
    for (let i = 0; i < masks.n; i++) kept[i] = Number(isPresent(masks, r, i));
    kept[masks.n] = 1;
    for (let e = 0, at = row * size; e < size; e++, at++) {
      const owner = owners[e];
      data[at] = kept[owner < 0 ? masks.n : owner] ? present[e] : absent[e];
    }
  });
  return { type, data, dims: batched ? [rows.length, ...shape] : shape };
}

/** Inputs that say where there is something to read: all of it is. */
const MASKS = /attention_mask|pixel_mask|padding_mask|^mask$/i;

/**
 * The inputs besides those that hold players: a mask is all ones, any other needs a number in `constants`.
 * @throws usage naming an input that has none.
 */
export function otherInputs(
  { id, inputs }: OnnxModel,
  own: readonly MaskedTensor[],
  constants: Readonly<Record<string, number>> = {},
): MaskedTensor[] {
  const taken = new Set(own.map(({ name }) => name));
  const unknown = Object.keys(constants).find((name) => taken.has(name) || !inputs.some((slot) => slot.name === name));
  if (unknown !== undefined)
    throw new WebspexError(
      'usage',
      `constants: expected names of other inputs (${inputs.map(slotLine).join('; ')}), got ${unknown}; correct it`,
    );
  const sizes = sizesByName(inputs, own);
  return inputs
    .filter(({ name }) => !taken.has(name))
    .map((slot) => {
      const value = constants[slot.name] ?? (MASKS.test(slot.name) ? 1 : undefined);
      if (value === undefined || slot.type === null || slot.type === 'string')
        throw new WebspexError('usage', `${id}: expected a number for its input ${slotLine(slot)}, got none; name it as a constant`);
      return constantTensor(slot, slot.type, value, sizes);
    });
}

/** Sizes that names stand for in the inputs that are known already, and the file's own batch. */
type Sizes = Map<string, number> & { batch?: number };

function sizesByName(inputs: readonly Slot[], own: readonly MaskedTensor[]): Sizes {
  const sizes: Sizes = new Map<string, number>();
  for (const { name, shape, batched } of own) {
    const dims = inputs.find((slot) => slot.name === name)?.dims ?? [];
    if (batched && typeof dims[0] === 'number') sizes.batch = dims[0];
    dims.slice(batched ? 1 : 0).forEach((d, i) => {
      if (typeof d === 'string') sizes.set(d, shape[i]);
    });
  }
  return sizes;
}

function constantTensor({ name, dims }: Slot, type: Exclude<ElementType, 'string'>, value: number, sizes: Sizes): MaskedTensor {
  const batched = dims.length > 0 && (typeof dims[0] === 'number' ? dims[0] === sizes.batch : !sizes.has(dims[0] ?? ''));
  const shape = dims.slice(batched ? 1 : 0).map((d) => (typeof d === 'number' ? d : d === null ? 1 : (sizes.get(d) ?? 1)));
  const count = shape.reduce((a, b) => a * b, 1);
  const elements = elementsOf(type, new Float64Array(count).fill(value), name);
  return { name, type, shape, batched, present: elements, absent: elements, owners: new Int32Array(count).fill(-1) };
}
