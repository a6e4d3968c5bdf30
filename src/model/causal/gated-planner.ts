import type { RowCounts } from '../../compute/program.ts';
import { WebspexError } from '../../core/errors.ts';
import type { ScoredSequences } from '../model.ts';
import { hashOf, pick } from '../planner.ts';
import { growTree, type TreeChunk } from './planner.ts';
import { type SortedSequences, sharedRows, sortSequences } from './sequences.ts';

/** Scored sequences with gates of which no two are equal in both: those of one gating side by side, in the order of their tokens. */
export interface GatedPairs {
  /** The sequence of each pair; neighbours of two gatings share nothing. */
  readonly sequences: SortedSequences;
  readonly texts: SortedSequences;
  /** The text and the gating of each pair. */
  readonly textOf: Uint32Array;
  readonly gatingOf: Uint32Array;
  /** Distinct rows of gates (gatings, columns). */
  readonly gates: Float32Array;
  /** sourceOf[s]: the pair that asked sequence s is. */
  readonly sourceOf: Uint32Array;
}

/** Pairs each sequence with its row of gates (sequences, columns), and finds equal ones. */
export function pairWithGates(asked: ScoredSequences, gates: Float32Array, columns: number): GatedPairs {
  const texts = sortSequences(asked);
  const { kept, sourceOf: gatingOfAsked } = distinctGatings(gates, columns);
  const count = texts.from.length;
  const key = (s: number) => gatingOfAsked[s] * count + texts.sourceOf[s];
  const keys = [...new Set(Array.from(texts.sourceOf, (_, s) => key(s)))].sort((a, b) => a - b);
  const place = new Map(keys.map((k, pair) => [k, pair]));
  const textOf = Uint32Array.from(keys, (k) => k % count);
  const gatingOf = Uint32Array.from(keys, (k) => Math.floor(k / count));
  const picked = pick(texts, [...textOf]);
  const sourceOf = Uint32Array.from(texts.sourceOf, (_, s) => place.get(key(s)) as number);
  const shared = sharedRows(picked).map((rows, pair) => (pair > 0 && gatingOf[pair] === gatingOf[pair - 1] ? rows : 0));
  return {
    sequences: { ...picked, from: Uint32Array.from(textOf, (t) => texts.from[t]), sourceOf, shared },
    texts,
    textOf,
    gatingOf,
    gates: Float32Array.from(kept.flatMap((s) => [...gates.subarray(s * columns, (s + 1) * columns)])),
    sourceOf,
  };
}

function distinctGatings(gates: Float32Array, columns: number): { kept: number[]; sourceOf: Uint32Array } {
  const words = new Uint32Array(gates.buffer, gates.byteOffset, gates.length);
  const same = (a: number, b: number) => {
    for (let c = 0; c < columns; c++) if (words[a * columns + c] !== words[b * columns + c]) return false;
    return true;
  };
  const kept: number[] = [];
  const sourceOf = new Uint32Array(gates.length / columns);
  const byHash = new Map<number, number[]>();
  for (let s = 0; s < sourceOf.length; s++) {
    const hash = hashOf(words, s * columns, (s + 1) * columns);
    const bucket = byHash.get(hash) ?? [];
    byHash.set(hash, bucket);
    const found = bucket.find((gating) => same(kept[gating], s));
    sourceOf[s] = found ?? kept.length;
    if (found !== undefined) continue;
    bucket.push(kept.length);
    kept.push(s);
  }
  return { kept, sourceOf };
}

/** One run of a gated program. */
export interface GatedTree extends Pick<TreeChunk, 'rowRanges' | 'readRanges' | 'readRows' | 'targets' | 'places' | 'paths'> {
  /** Pairs scored here: first … first + pairs − 1. */
  readonly pairs: number;
  readonly counts: RowCounts;
  /** The tree of the texts, and the row of it that each row of a gating starts from. */
  readonly table: TreeChunk;
  readonly tableRow: Uint32Array;
  readonly rowPosition: Uint32Array;
  readonly readPosition: Uint32Array;
  /** Rows of gates, at least one for each read row, and the one of each row and read row. */
  readonly gates: Float32Array;
  readonly sequence: Uint32Array;
  readonly readSequence: Uint32Array;
  /** Rows that neighbours of one gating share. */
  readonly shared: number;
}

/**
 * Packs pairs from `first` on: as many as fit about `rows` rows and the capacity, and at least one. Packed: each gating has rows of its own;
 * otherwise only what is read. @throws self-check where the first one alone is beyond the capacity.
 */
export function packPairs(
  all: GatedPairs,
  first: number,
  rows: number,
  { capacity, packed }: { capacity: RowCounts; packed: boolean },
): GatedTree {
  const { sequences, texts, textOf, gatingOf, gates } = all;
  const end = lastThatFits(all, first, packed ? capacity : { ...capacity, sequences: Math.min(rows, capacity.sequences) });
  // Rows that are not computed take no room.
  const room = packed ? capacity : { ...capacity, tokens: 2 ** 24 };
  const chunk = growTree({ ...sequences, offsets: sequences.offsets.subarray(0, end + 1) }, first, packed ? rows : room.tokens, room);
  const used = [...new Set(textOf.subarray(first, first + chunk.sequences))].sort((a, b) => a - b);
  const sub = pick(texts, used);
  const scored = {
    ...sub,
    from: Uint32Array.from(used, (t) => texts.from[t]),
    sourceOf: Uint32Array.from(used.keys()),
    shared: sharedRows(sub),
  };
  const table = growTree(scored, 0, capacity.tableRows, { ...capacity, tokens: capacity.tableRows, sequences: 2 ** 24 });
  // The paths of the table are those of its texts end to end, each a token short.
  const rowsOfPairs = followPairs(all, chunk, table, new Map(used.map((t, i) => [t, scored.offsets[i] - i])));
  const { tableRow, sequence } = rowsOfPairs;
  const columns = gates.length / (gatingOf[gatingOf.length - 1] + 1);
  const base = gatingOf[first];
  const gatings = gates.subarray(base * columns, (gatingOf[first + chunk.sequences - 1] + 1) * columns);
  const padded = new Float32Array(Math.max(gatings.length, chunk.counts.sequences * columns));
  padded.set(gatings);
  const counts = { tokens: packed ? chunk.counts.tokens : 0, tableRows: table.counts.tokens, sequences: chunk.counts.sequences };
  const { places, targets, readRows, readPosition } = chunk;
  const readSequence = readRows.map((row) => sequence[row]);
  const common = {
    pairs: chunk.sequences,
    counts,
    table,
    gates: padded,
    places,
    targets,
    readPosition,
    readSequence,
    shared: chunk.shared,
  };
  if (packed) {
    const { rowPosition, paths, rowRanges, readRanges } = chunk;
    return { ...common, tableRow, sequence, rowPosition, paths, rowRanges, readRanges, readRows };
  }
  const none = new Uint32Array(0);
  const starts = rowsOfPairs.pathOf;
  return {
    ...{ ...common, tableRow: none, sequence: none, rowPosition: none, paths: none, rowRanges: none },
    readRows: readRows.map((row) => tableRow[row]),
    readRanges: Uint32Array.from([...readRows].flatMap((row, i) => [starts[row], starts[row] + readPosition[i] + 1])),
  };
}

/** The pair behind the last one for which there is surely room in the table and among the gates. */
function lastThatFits({ sequences, textOf, gatingOf }: GatedPairs, first: number, capacity: RowCounts): number {
  const seen = new Set<number>();
  let table = 0;
  let end = first;
  for (; end < textOf.length; end++) {
    if (gatingOf[end] - gatingOf[first] >= capacity.sequences) break;
    if (!seen.has(textOf[end])) table += sequences.offsets[end + 1] - sequences.offsets[end] - 1;
    seen.add(textOf[end]);
    if (table > capacity.tableRows) break;
  }
  if (end > first) return end;
  throw new WebspexError('self-check', `chunk: expected at most ${capacity.tableRows} rows of texts, got ${table}; please report it`);
}

/** Of each row of a chunk its row of the table, its gating among those of the chunk, and where the path of a text with it starts. */
function followPairs(
  { sequences, textOf, gatingOf }: GatedPairs,
  chunk: TreeChunk,
  table: TreeChunk,
  startOf: ReadonlyMap<number, number>,
) {
  const lengthOf = (pair: number) => sequences.offsets[pair + 1] - sequences.offsets[pair] - 1;
  const rows = chunk.counts.tokens;
  const [tableRow, sequence, pathOf] = [new Uint32Array(rows), new Uint32Array(rows), new Uint32Array(rows)];
  let at = 0;
  for (let pair = chunk.first; pair < chunk.first + chunk.sequences; pair++) {
    const start = startOf.get(textOf[pair]) as number;
    for (let i = 0; i < lengthOf(pair); i++) {
      const row = chunk.paths[at++];
      tableRow[row] = table.paths[start + i];
      sequence[row] = gatingOf[pair] - gatingOf[chunk.first];
      pathOf[row] = start;
    }
  }
  return { tableRow, sequence, pathOf };
}
