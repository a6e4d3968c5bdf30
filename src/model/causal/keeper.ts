import type { Program } from '../../compute/program.ts';
import type { TokenSequences } from '../model.ts';
import type { Passes, Piece } from '../passes.ts';
import { createKeptTree, enterChunk, type KeptTree, keepingChunk, planKeep } from './kept.ts';
import { growTree, type TreeChunk } from './planner.ts';
import { treeRows } from './sequences.ts';

/** Keeps beginnings on the device, and knows which are there. */
export interface Keeper {
  /** What is kept now: nothing once the program was prepared anew. */
  tree(): KeptTree;
  /** Computes those of the wanted beginnings that are not kept yet, the first ones first, as far as there is room. @throws as passes do. */
  keep(wanted: TokenSequences, signal?: AbortSignal): Promise<void>;
}

export function createKeeper(
  passes: Passes,
  { capacity }: Program,
  { inputs, count }: { inputs: (chunk: TreeChunk, keeping: KeptTree) => Piece['inputs']; count: (chunk: TreeChunk) => void },
): Keeper {
  let kept = { generation: passes.generation, tree: createKeptTree() };
  const forget = () => {
    kept = { generation: passes.generation, tree: createKeptTree() };
  };
  const tree = () => {
    if (kept.generation !== passes.generation) forget();
    return kept.tree;
  };
  return {
    tree,
    async keep(wanted, signal) {
      const plan = planKeep(tree(), wanted, capacity.kept ?? 0);
      if (!plan) return;
      if (plan.afresh) forget();
      const { missing } = plan;
      const pack = (next: number, rows: number): Piece => {
        const before = tree();
        const chunk = keepingChunk(growTree(missing, next, rows, capacity, before));
        const piece = {
          units: chunk.sequences,
          inputs: inputs(chunk, before),
          counts: { ...chunk.counts, kept: before.size + chunk.counts.tokens },
          everywhere: true,
          nameRow: () => 'a beginning that is kept',
          take: () => count(chunk),
        };
        // Entered before it ran: runs come in order, and what a failed one should have left is forgotten.
        enterChunk(before, chunk, missing, capacity.tokens);
        return piece;
      };
      const longest = missing.from.reduce((most, length) => Math.max(most, length), 1);
      try {
        await passes.run({ units: missing.from.length, rows: (next) => treeRows(missing, next), longest, pack }, signal);
      } catch (error) {
        forget();
        throw error;
      }
    },
  };
}
