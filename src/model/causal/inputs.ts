import { padWidth, type RowCounts } from '../../compute/program.ts';
import type { CausalParts } from './causal.ts';
import { PATHS_PER_TOKEN } from './decoder.ts';
import type { TreeChunk } from './planner.ts';

type Tables = Pick<CausalParts, 'sizes' | 'word' | 'position' | 'rotations'>;

/** Embeddings of the rows of a table (rows, padded width): of words, and of positions where they are learned. */
export function embeddingsOf(
  { tableTokens, tablePositions }: Pick<TreeChunk, 'tableTokens' | 'tablePositions'>,
  { sizes: { width }, word, position }: Tables,
): Float32Array {
  const stride = padWidth(width);
  const out = new Float32Array(tableTokens.length * stride);
  for (let r = 0; r < tableTokens.length; r++) {
    const row = out.subarray(r * stride, r * stride + width);
    word.row(tableTokens[r], row);
    const p = tablePositions[r] * width;
    if (position) for (let c = 0; c < width; c++) row[c] += position[p + c];
  }
  return out;
}

/** Paths in as much room as a program has for those of so many rows. */
export function roomyPaths(paths: Uint32Array, rows: number): Uint32Array {
  const out = new Uint32Array(PATHS_PER_TOKEN * rows);
  out.set(paths);
  return out;
}

/** The inputs of a run of the program behind `kept` kept rows, of whose own rows the first `keeping` are kept too. */
export function inputsOf(chunk: TreeChunk, parts: Tables, capacity: RowCounts, kept = 0, keeping = 0) {
  const { rotations } = parts;
  const tableSum = embeddingsOf(chunk, parts);
  const paths = roomyPaths(chunk.paths, capacity.tokens);
  const { tableRow, rowRanges, readRanges, readRows, targets } = chunk;
  const held = Uint32Array.from({ length: kept + keeping }, (_, k) => k);
  const keep = held.map((k) => (k < kept ? capacity.tokens + k : k - kept));
  return { tableSum, tableRow, paths, rowRanges, readRanges, readRows, targets, held, keep, ...(rotations && turnsOf(chunk, rotations)) };
}

/** Cosines and sines of the positions that a run has: every one of them is in a table row, so there are no more than those. */
function turnsOf({ tablePositions, rowPosition, readPosition, counts }: TreeChunk, rotations: (count: number) => Float32Array) {
  const places = new Map<number, number>();
  for (const position of tablePositions) if (!places.has(position)) places.set(position, places.size);
  const all = rotations(Math.max(...places.keys()) + 1);
  const width = all.length / (Math.max(...places.keys()) + 1);
  const turns = new Float32Array(counts.tableRows * width);
  for (const [position, place] of places) turns.set(all.subarray(position * width, (position + 1) * width), place * width);
  const placeOf = (position: number) => places.get(position) as number;
  return {
    tablePosition: tablePositions.map(placeOf),
    rowPosition: rowPosition.map(placeOf),
    readPosition: readPosition.map(placeOf),
    rotations: turns,
  };
}
