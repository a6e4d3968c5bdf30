import { WebspexError } from '../../core/errors.ts';
import { parseObject } from '../../model/json.ts';
import type { ModelSource, Tokenizer, TokenSequences } from '../../model/model.ts';
import { loadTokenizer } from '../../model/tokenizer.ts';
import type { ScoreRows } from '../scores.ts';
import { elementsOf } from './elements.ts';
import { type Dimensions, type Feed, type OnnxModel, type Slot, slotLine } from './model.ts';
import { type Feeder, scoreRows } from './rows.ts';

/** What a folder says of the texts that a model takes. */
export interface TextSide {
  readonly tokenizer: Tokenizer;
  /** Names of the classes, where config.json has some. */
  readonly labels?: readonly string[];
  /** Longest sequence, special tokens included. */
  readonly maxTokens: number;
  /** What stands in places without a token. */
  readonly pad: number;
}

/** Where nothing says how long a text may be. */
const MOST_TOKENS = 1 << 20;
/** Rows and tokens of one run: more of them gain nothing in WebAssembly. */
const MOST_ROWS = 32;
const MOST_RUN_TOKENS = 8192;

async function optional(source: ModelSource, file: string): Promise<Record<string, unknown>> {
  try {
    return parseObject(await source.read(file), file);
  } catch (error) {
    if (error instanceof WebspexError && error.code === 'not-found') return {};
    throw error;
  }
}

function labelsOf(named: unknown): string[] | undefined {
  if (typeof named !== 'object' || named === null) return undefined;
  const entries = Object.entries(named).sort(([a], [b]) => Number(a) - Number(b));
  return entries.length > 0 && entries.every(([k, label], i) => k === String(i) && typeof label === 'string')
    ? entries.map(([, label]) => String(label))
    : undefined;
}

/** Reads tokenizer.json, and of tokenizer_config.json and config.json what there is. @throws not-found, bad-file, unsupported-model. */
export async function openTextSide(source: ModelSource): Promise<TextSide> {
  const config = await optional(source, 'config.json');
  const more = await optional(source, 'tokenizer_config.json');
  const bytes = (json: object) => new TextEncoder().encode(JSON.stringify(json));
  const tokenizer = loadTokenizer(await source.read('tokenizer.json'), Object.keys(more).length > 0 ? bytes(more) : undefined);
  const lengths = [more.model_max_length, config.max_position_embeddings];
  const pads = [tokenizer.special.pad, config.pad_token_id];
  return {
    tokenizer,
    labels: labelsOf(config.id2label),
    maxTokens: Math.min(MOST_TOKENS, ...lengths.filter((n): n is number => typeof n === 'number' && Number.isInteger(n) && n > 0)),
    pad: pads.find((n): n is number => typeof n === 'number') ?? 0,
  };
}

type Part = 'ids' | 'mask' | 'types' | 'positions';

/** What exporters call them. */
function partOf({ name }: Slot): Part | null {
  if (/position/i.test(name)) return 'positions';
  if (/type|segment/i.test(name)) return 'types';
  if (/mask/i.test(name)) return 'mask';
  return /ids?$|token|^input/i.test(name) ? 'ids' : null;
}

function isSequence({ type, dims }: Slot): boolean {
  return dims.length === 2 && type !== null && type !== 'string';
}

/** The inputs by what they hold. @throws unsupported-model naming what is missing or unknown. */
function partsOf({ id, inputs }: OnnxModel): Map<Part, Slot> {
  const parts = new Map<Part, Slot>();
  for (const slot of inputs) {
    const part = inputs.length === 1 ? 'ids' : partOf(slot);
    if (part === null || parts.has(part) || !isSequence(slot))
      throw new WebspexError(
        'unsupported-model',
        `${id}: expected inputs of tokens (ids, attention mask, token types, positions; each [rows, tokens]), got ${slotLine(slot)}; export the model for texts, or explain columns, a picture or sound`,
      );
    parts.set(part, slot);
  }
  if (!parts.has('ids'))
    throw new WebspexError(
      'unsupported-model',
      `${id}: expected an input input_ids, got ${inputs.map(slotLine).join('; ')}; export the model for texts`,
    );
  return parts;
}

/** Sizes that the file fixes: rows of a batch, tokens of a row. */
function fixedSizes(parts: ReadonlyMap<Part, Slot>): { rows: number | null; tokens: number | null } {
  const fixed = (axis: number) => [...parts.values()].map(({ dims }): Dimensions[number] => dims[axis]).find((d) => typeof d === 'number');
  return { rows: (fixed(0) as number | undefined) ?? null, tokens: (fixed(1) as number | undefined) ?? null };
}

/** A model of texts in onnxruntime. */
export interface OnnxTexts {
  readonly side: TextSide;
  /** Longest sequence, the file's own length too. */
  readonly maxTokens: number;
  /** The output for each sequence; those of like length are padded together. */
  scores(sequences: TokenSequences, signal?: AbortSignal): Promise<ScoreRows>;
}

/** @throws unsupported-model where the inputs are not those of a model of texts. */
export function onnxTexts(model: OnnxModel, output: string, side: TextSide): OnnxTexts {
  const parts = partsOf(model);
  const sizes = fixedSizes(parts);
  const padded = parts.has('mask') || sizes.tokens !== null;
  return {
    side,
    maxTokens: Math.min(side.maxTokens, sizes.tokens ?? MOST_TOKENS),
    async scores(sequences, signal) {
      const { distinct, of } = distinctSequences(sequences);
      const lengths = distinct.map((s) => s.length);
      const order = Uint32Array.from(distinct.keys()).sort((a, b) => lengths[a] - lengths[b]);
      const out: ScoreRows[] = [];
      for (const batch of batchesOf(order, lengths, padded, sizes.rows)) {
        const feeder: Feeder = {
          rows: sizes.rows ?? batch.length,
          fixed: sizes.rows !== null,
          feeds: (rows) =>
            feedsOf(
              parts,
              rows.map((r) => distinct[r]),
              sizes.tokens,
              side.pad,
            ),
        };
        const scored = await scoreRows(model, output, batch.length, renumbered(feeder, batch), undefined, signal);
        batch.forEach((s, i) => {
          out[s] = { values: scored.values.subarray(i * scored.width, (i + 1) * scored.width), width: scored.width };
        });
      }
      return joined(of.map((d) => out[d]));
    },
  };
}

/** A feeder over places in a batch. */
function renumbered(feeder: Feeder, batch: readonly number[]): Feeder {
  return { ...feeder, feeds: (rows) => feeder.feeds(rows.map((i) => batch[i])) };
}

function joined(rows: readonly ScoreRows[]): ScoreRows {
  const width = rows[0]?.width ?? 0;
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, r) => {
    values.set(row.values, r * width);
  });
  return { values, width };
}

function distinctSequences({ ids, offsets }: TokenSequences): { distinct: Uint32Array[]; of: number[] } {
  const known = new Map<string, number>();
  const distinct: Uint32Array[] = [];
  const of = Array.from({ length: offsets.length - 1 }, (_, s) => {
    const sequence = ids.subarray(offsets[s], offsets[s + 1]);
    const key = sequence.join();
    const found = known.get(key) ?? distinct.push(sequence) - 1;
    known.set(key, found);
    return found;
  });
  return { distinct, of };
}

/** Sequences of like length together; of the same length where nothing tells the model what is padding. */
function batchesOf(order: Uint32Array, lengths: readonly number[], padded: boolean, fixed: number | null): number[][] {
  const out: number[][] = [];
  let batch: number[] = [];
  for (const s of order) {
    const full = batch.length >= (fixed ?? Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_RUN_TOKENS / lengths[s]))));
    if (batch.length > 0 && (full || (!padded && lengths[s] !== lengths[batch[0]]))) {
      out.push(batch);
      batch = [];
    }
    batch.push(s);
  }
  if (batch.length > 0) out.push(batch);
  return out;
}

/** What each input holds at place t of a sequence. */
const FILL: Readonly<Record<Part, (sequence: Uint32Array, t: number, pad: number) => number>> = {
  ids: (sequence, t, pad) => (t < sequence.length ? sequence[t] : pad),
  mask: (sequence, t) => Number(t < sequence.length),
  types: () => 0,
  positions: (_, t) => t,
};

function feedsOf(parts: ReadonlyMap<Part, Slot>, sequences: readonly Uint32Array[], length: number | null, pad: number): Map<string, Feed> {
  const tokens = length ?? Math.max(...sequences.map((s) => s.length));
  const feeds = new Map<string, Feed>();
  for (const [part, { name, type }] of parts) {
    const cells = new Float64Array(sequences.length * tokens);
    sequences.forEach((sequence, row) => {
      for (let t = 0; t < tokens; t++) cells[row * tokens + t] = FILL[part](sequence, t, pad);
    });
    const known = type ?? 'int64';
    feeds.set(name, { type: known, data: elementsOf(known, cells, name), dims: [sequences.length, tokens] });
  }
  return feeds;
}
