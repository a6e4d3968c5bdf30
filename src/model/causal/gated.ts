import { matmulFlops, type Program, type RowCounts } from '../../compute/program.ts';
import { WebspexError } from '../../core/errors.ts';
import { gateColumns, meanLayout } from '../gate-step.ts';
import { checkGates } from '../gated.ts';
import type { Gates, ScoredSequences, TokenScores, TokenSequences, TreeCounters } from '../model.ts';
import type { Passes, Piece } from '../passes.ts';
import type { CausalParts } from './causal.ts';
import { paddedDecoder } from './decoder.ts';
import { captureDecoderProgram, gatedDecoderProgram } from './gated-decoder.ts';
import { packPairs, pairWithGates } from './gated-planner.ts';
import { embeddingsOf, roomyPaths } from './inputs.ts';
import { growTree, type TreeChunk } from './planner.ts';
import { createScores } from './scores.ts';
import { treeRows } from './sequences.ts';

/** Rows of a run that collects mean outputs, which are wide, where no text is longer. */
const CAPTURED_ROWS = 128;

/** Passes of a causal model with gates; its programs are made when they are asked for, `capacity` being that of the plain one. */
export function createGatedScores(parts: CausalParts, capacity: RowCounts, passes: Passes, counters: TreeCounters) {
  const { sizes } = parts;
  const columns = gateColumns(sizes);
  const { columns: meanColumns } = meanLayout(sizes.layers, paddedDecoder(sizes));
  const nothing = new Float32Array(meanColumns);
  const made = new Map<number, Program>();
  let capture: Program | null = null;

  const gatedFrom = (from: number) => {
    const packed = from < sizes.layers - 1;
    const wanted = packed ? capacity : { ...capacity, sequences: Math.max(capacity.tokens, capacity.sequences) };
    const program = made.get(from) ?? gatedDecoderProgram(sizes, from, { ...wanted, kept: 0 }, parts.types);
    made.set(from, program);
    return { program, packed };
  };
  const captureOf = (longest: number) => {
    if (capture && capture.capacity.tableRows >= longest) return capture;
    const rows = Math.max(CAPTURED_ROWS, longest);
    capture = captureDecoderProgram(sizes, { tokens: 1, tableRows: rows, sequences: rows }, parts.types);
    return capture;
  };
  const count = (program: Program, counts: RowCounts) => {
    counters.tokens += counts.tokens;
    counters.tableRows += counts.tableRows;
    counters.readRows += counts.sequences;
    counters.chunks += 1;
    counters.matmulFlops += matmulFlops(program, counts);
  };

  return {
    /** Scores under gates. @throws usage where they are not those of this model or of these sequences; and what passes throw. */
    async score(asked: ScoredSequences, gates: Gates, signal?: AbortSignal): Promise<TokenScores> {
      checkGates(gates, asked.from.length, { layers: sizes.layers, heads: sizes.heads, meanColumns });
      const { program, packed } = gatedFrom(gates.from ?? 0);
      const all = pairWithGates(asked, gates.values, columns);
      const { sequences } = all;
      const scores = createScores(sequences);
      const means = gates.means ?? nothing;
      const pack = (next: number, rows: number): Piece => {
        const chunk = packPairs(all, next, rows, { capacity: program.capacity, packed });
        const { table, counts, readRanges, readRows, readSequence, targets } = chunk;
        const inputs = {
          ...{ ...textInputs(parts, table, program.capacity), readRanges, readRows, readSequence, targets, gates: chunk.gates, means },
          ...(packed && { ...ownRows(chunk, program.capacity) }),
          ...(parts.rotations && { rowPosition: chunk.rowPosition, readPosition: chunk.readPosition }),
        };
        return {
          units: chunk.pairs,
          inputs,
          counts,
          rows: packed ? counts.tokens : counts.tableRows + counts.sequences,
          nameRow: (row) => `scored token ${row}`,
          take(output) {
            scores.take(next, chunk.places, output);
            counters.distinctSequences += chunk.pairs;
            counters.sharedTokens += chunk.shared;
            count(program, counts);
          },
        };
      };
      const units = sequences.from.length;
      const rows = (next: number) => (packed ? treeRows(sequences, next) : units - next);
      const longest = sequences.offsets.reduce((most, end, s) => Math.max(most, s > 0 ? end - sequences.offsets[s - 1] : 1), 1);
      await passes.run({ program, units, rows, longest, pack }, signal);
      return scores.inOrder(asked, all.sourceOf);
    },

    /** Mean outputs of heads and blocks over all tokens of some texts, laid out as `Gates.means`. @throws empty-input, and what passes throw. */
    async means(asked: TokenSequences, signal?: AbortSignal): Promise<Float32Array> {
      const { texts, longest } = apart(asked);
      if (asked.ids.length === 0)
        throw new WebspexError('empty-input', 'means: expected at least 1 sequence, got none; give some reference sentences');
      const program = captureOf(longest);
      const { capacity: room } = program;
      const sums = new Float64Array(meanColumns);
      const ones = Float32Array.from({ length: 8 }, () => 1);
      const pack = (next: number, rows: number): Piece => {
        const table = growTree(texts, next, Math.min(rows, room.tableRows), { ...room, tokens: room.tableRows, sequences: 2 ** 24 });
        const tableRows = table.counts.tokens;
        const none = new Uint32Array(tableRows);
        const own = none.map((_, row) => row);
        const turned = parts.rotations && { rowPosition: none, readPosition: none };
        const counts = { tokens: 0, tableRows, sequences: tableRows };
        return {
          units: table.sequences,
          inputs: { ...textInputs(parts, table, room), ...turned, own, gates: ones, means: nothing },
          counts,
          rows: tableRows,
          nameRow: (row) => `token ${asked.offsets[next] + row} of the reference`,
          take(output) {
            for (let i = 0; i < output.length; i++) sums[i % meanColumns] += output[i];
            count(program, counts);
          },
        };
      };
      await passes.run({ program, units: texts.from.length, rows: (next) => treeRows(texts, next), longest, pack }, signal);
      counters.sequences += texts.from.length;
      return Float32Array.from(sums, (sum) => sum / asked.ids.length);
    },
  };
}

/** Texts of which no two share a row, so that each token counts; each is followed by a token that stands for any. */
function apart({ ids, offsets }: TokenSequences) {
  const count = Math.max(0, offsets.length - 1);
  const ends = offsets.map((end, s) => end + s);
  const followed = new Uint32Array(ids.length + count);
  let longest = 1;
  for (let s = 0; s < count; s++) {
    followed.set(ids.subarray(offsets[s], offsets[s + 1]), ends[s]);
    longest = Math.max(longest, offsets[s + 1] - offsets[s]);
  }
  const each = Uint32Array.from({ length: count }, (_, s) => s);
  const from = each.map((s) => offsets[s + 1] - offsets[s]);
  return { texts: { ids: followed, offsets: ends, from, sourceOf: each, shared: new Uint32Array(count) }, longest };
}

/** What a run reads of the tree of its texts. */
function textInputs(parts: CausalParts, table: TreeChunk, { tableRows }: RowCounts) {
  const { rowPosition, rowRanges, paths, tableTokens, tablePositions, tableRow } = table;
  // Every row of the tree has a row of the table here, equal ones too: what follows the first attention is not the same.
  const own = { tableTokens: tableRow.map((t) => tableTokens[t]), tablePositions: tableRow.map((t) => tablePositions[t]) };
  return {
    tableSum: embeddingsOf(own, parts),
    tablePaths: roomyPaths(paths, tableRows),
    tableRanges: rowRanges,
    // Texts are whole, so every position up to the last has a row.
    ...(parts.rotations && { tablePosition: rowPosition, rotations: parts.rotations(table.counts.tokens) }),
  };
}

function ownRows({ tableRow, paths, rowRanges, sequence }: ReturnType<typeof packPairs>, { tokens }: RowCounts) {
  return { tableRow, paths: roomyPaths(paths, tokens), rowRanges, sequence };
}
