import type { Program, RowCounts } from '../compute/program.ts';
import { WebspexError } from '../core/errors.ts';
import { captureProgram } from './capture-encoder.ts';
import type { WeightTypes } from './causal/decoder.ts';
import type { ClassifierParts } from './classifier.ts';
import { type EncoderSizes, paddedSizes } from './encoder.ts';
import { embeddingSums } from './encoder-weights.ts';
import { gateColumns, meanLayout } from './gate-step.ts';
import { gatedEncoderProgram } from './gated-encoder.ts';
import { distinctGated, packGated, rowsBefore } from './gated-planner.ts';
import type { Gates, PassCounters, TokenSequences } from './model.ts';
import type { Passes, Piece } from './passes.ts';
import { countChunk, packChunk, scatterRows, sequenceCount, unitsOf } from './planner.ts';

/** A model's programs with gates, made when they are asked for. */
export interface GatedPrograms {
  readonly layers: number;
  readonly heads: number;
  /** Numbers in a row of means. */
  readonly meanColumns: number;
  /** Gates from layer `from` on; packed: each sequence has rows of its own. */
  gated(from: number): { readonly program: Program; readonly packed: boolean };
  capture(): Program;
}

/** Rows of a run that collects mean outputs, which are wide. */
const CAPTURED_ROWS = 512;

/** The gated programs of an encoder, each made once; `capacity` and `types` are those of the plain one, `longest` the longest sequence. */
export function gatedPrograms(sizes: EncoderSizes, capacity: RowCounts, longest: number, types?: WeightTypes): GatedPrograms {
  const made = new Map<number, { program: Program; packed: boolean }>();
  let capture: Program | null = null;
  return {
    layers: sizes.layers,
    heads: sizes.heads,
    meanColumns: meanLayout(sizes.layers, paddedSizes(sizes)).columns,
    gated(from) {
      const packed = from < sizes.layers - 1;
      const found = made.get(from) ?? {
        program: gatedEncoderProgram(sizes, from, packed ? capacity : { ...capacity, sequences: capacity.tokens }, types),
        packed,
      };
      made.set(from, found);
      return found;
    },
    capture() {
      const rows = Math.max(longest, Math.min(capacity.tokens, CAPTURED_ROWS));
      capture ??= captureProgram(sizes, { tokens: rows, tableRows: rows, sequences: rows }, types);
      return capture;
    },
  };
}

/** Gated passes of a classifier. */
export function createGated(parts: ClassifierParts, programs: GatedPrograms, passes: Passes, counters: PassCounters) {
  const { embeddings, positions, info } = parts;
  const { layers, heads, meanColumns } = programs;
  const labels = info.labels.length;
  const columns = gateColumns(programs);
  const nothing = new Float32Array(meanColumns);
  return {
    layers,
    heads,

    async classify(asked: TokenSequences, gates: Gates, signal?: AbortSignal): Promise<Float32Array> {
      checkGates(gates, sequenceCount(asked), programs);
      const { program, packed } = programs.gated(gates.from ?? 0);
      const all = distinctGated(asked, gates.values, columns);
      const out = new Float32Array(all.textOf.length * labels);
      const means = gates.means ?? nothing;
      const pack = (first: number, rows: number): Piece => {
        const chunk = packGated(all, first, { rows, capacity: program.capacity, packed }, positions);
        const { tableRow, tableRanges, rowRanges, sequence, readRanges, readRows, readSequence, counts } = chunk;
        const tableSum = embeddingSums(embeddings, chunk);
        const inputs = { tableSum, tableRow, tableRanges, rowRanges, sequence, readRanges, readRows, readSequence };
        return {
          units: counts.sequences,
          inputs: { ...inputs, gates: chunk.gates, means },
          counts,
          rows: packed ? counts.tokens : counts.tableRows + counts.sequences,
          nameRow: (row) => `sequence ${all.sourceOf.indexOf(first + row)}`,
          take(values) {
            out.set(values, first * labels);
            countChunk(counters, program, counts, 0);
          },
        };
      };
      await passes.run({ program, ...unitsOf(rowsBefore(all, packed)), pack }, signal);
      return scatterRows(out, all.sourceOf, labels);
    },

    async means(asked: TokenSequences, signal?: AbortSignal): Promise<Float32Array> {
      const program = programs.capture();
      if (asked.ids.length === 0)
        throw new WebspexError('empty-input', 'means: expected at least 1 sequence, got none; give some reference sentences');
      const sums = new Float64Array(meanColumns);
      const ones = Float32Array.from({ length: 8 }, () => 1);
      const pack = (first: number, rows: number): Piece => {
        const chunk = packChunk(asked, first, rows, program.capacity, positions);
        const { tableRow, rowRanges, counts } = chunk;
        return {
          units: counts.sequences,
          inputs: { tableSum: embeddingSums(embeddings, chunk), tableRow, rowRanges, gates: ones, means: nothing },
          counts: { ...counts, sequences: counts.tokens },
          nameRow: (row) => `token ${asked.offsets[first] + row} of the reference`,
          take(values) {
            for (let i = 0; i < values.length; i++) sums[i % meanColumns] += values[i];
            countChunk(counters, program, counts, 0);
          },
        };
      };
      await passes.run({ program, ...unitsOf(asked.offsets), pack }, signal);
      counters.sequences += sequenceCount(asked);
      return Float32Array.from(sums, (sum) => sum / asked.ids.length);
    },
  };
}

/** @throws usage. */
export function checkGates(
  { values, means, from = 0 }: Gates,
  sequences: number,
  sizes: Pick<GatedPrograms, 'layers' | 'heads' | 'meanColumns'>,
): void {
  const { layers, heads, meanColumns } = sizes;
  const columns = gateColumns(sizes);
  const complain = (what: string, got: number | string) => {
    throw new WebspexError('usage', `gates: expected ${what}, got ${got}; give one for each head and block of each layer`);
  };
  if (!Number.isInteger(from) || from < 0 || from >= layers) complain(`a first layer from 0 to ${layers - 1}`, from);
  if (values.length !== sequences * columns) complain(`${columns} numbers for each of ${sequences} sequences`, values.length);
  if (means && means.length !== meanColumns) complain(`${meanColumns} means`, means.length);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) complain('finite numbers', values[i]);
    if (i % columns < from * (heads + 1) && values[i] !== 1) complain(`gates of 1 before layer ${from}`, values[i]);
  }
}
