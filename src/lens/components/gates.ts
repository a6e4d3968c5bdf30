import { isPresent, type Masks } from '../../core/masks.ts';
import type { ComponentPlayers } from './players.ts';

/**
 * Gates of each mask (masks, layers · (heads + 1)): 1 for what is present or is no player, 0 for what is absent. With `rescale` the heads of
 * a layer that are left are multiplied by |H| / |S ∩ H|, so that their sum keeps its size (ProxySPEX, arXiv 2505.17495, MMLU heads).
 */
export function maskGates(masks: Masks, { gateOf, sizes }: ComponentPlayers, rescale: boolean): Float32Array {
  const { layers, heads } = sizes;
  const columns = layers * (heads + 1);
  const out = new Float32Array(masks.count * columns).fill(1);
  for (let r = 0; r < masks.count; r++) {
    const row = out.subarray(r * columns, (r + 1) * columns);
    gateOf.forEach((gate, player) => {
      if (!isPresent(masks, r, player)) row[gate] = 0;
    });
    if (!rescale) continue;
    for (let layer = 0; layer < layers; layer++) {
      const own = row.subarray(layer * (heads + 1), layer * (heads + 1) + heads);
      const left = own.reduce((sum, g) => sum + g, 0);
      if (left > 0 && left < heads) own.set(own.map((g) => (g * heads) / left));
    }
  }
  return out;
}
