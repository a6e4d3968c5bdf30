import { WebspexError } from '../../core/errors.ts';
import type { Components } from '../../model/model.ts';
import type { Player } from '../player.ts';

export const COMPONENT_LENSES = ['heads', 'blocks', 'components'] as const;
/** Which parts of a model are the players: attention heads, MLP blocks, or both. */
export type ComponentLens = (typeof COMPONENT_LENSES)[number];

type Sizes = Pick<Components, 'layers' | 'heads'>;

/** Parts of a model as players, `3.7` for a head (layer.head, from 0) and `mlp 3` for a block. */
export interface ComponentPlayers {
  readonly players: readonly Player[];
  readonly sizes: Sizes;
  /** The gate of each player among those of a sequence (layers · (heads + 1)). */
  readonly gateOf: Uint32Array;
  /** The lowest layer that any of them is in. */
  readonly from: number;
}

/** Heads and blocks of the named layers (default all), layer by layer. @throws usage for layers that the model does not have, or none. */
export function componentPlayers(sizes: Sizes, lens: ComponentLens, layers?: readonly number[]): ComponentPlayers {
  const named = layersOf(sizes, layers);
  const players: Player[] = [];
  const gateOf: number[] = [];
  const add = (label: string, gate: number) => {
    players.push({ id: players.length, label, start: 0, end: 0 });
    gateOf.push(gate);
  };
  for (const layer of named) {
    const first = layer * (sizes.heads + 1);
    if (lens !== 'blocks') for (let head = 0; head < sizes.heads; head++) add(`${layer}.${head}`, first + head);
    if (lens !== 'heads') add(`mlp ${layer}`, first + sizes.heads);
  }
  return { players, sizes, gateOf: Uint32Array.from(gateOf), from: named[0] };
}

/** Layers as people write them, `3,5`; `name` is what the field is called. @throws usage. */
export function parseLayers(written: string, name = 'layers'): number[] {
  const parts = written.split(',').map((part) => part.trim());
  if (!parts.every((part) => /^\d{1,6}$/.test(part)))
    throw new WebspexError('usage', `${name}: expected numbers from 0 with commas between, got ${JSON.stringify(written)}; write 3,5`);
  return parts.map(Number);
}

function layersOf({ layers: count }: Sizes, given: readonly number[] | undefined): number[] {
  if (given === undefined) return Array.from({ length: count }, (_, layer) => layer);
  if (given.length === 0) throw new WebspexError('usage', 'layers: expected at least one, got none; name some, or leave them out for all');
  for (const layer of given)
    if (!Number.isInteger(layer) || layer < 0 || layer >= count)
      throw new WebspexError('usage', `layers: expected numbers from 0 to ${count - 1} for this model, got ${layer}; the first layer is 0`);
  const sorted = [...new Set(given)].sort((a, b) => a - b);
  if (sorted.length < given.length) throw new WebspexError('usage', `layers: expected each once, got ${given.join(', ')}; name each once`);
  return sorted;
}
