import type { Backend } from '../../compute/backend.ts';
import { bufferWords, matmulFlops, type Program, type Weights } from '../../compute/program.ts';
import { WebspexError } from '../../core/errors.ts';
import type { CausalModel, ModelInfo, ScoredSequences, Tokenizer, TokenSequences, TreeCounters } from '../model.ts';
import { createPasses, MOST_ROW_BYTES, type Piece } from '../passes.ts';
import { type DecoderSizes, decoderProgram } from './decoder.ts';
import { createGatedScores } from './gated.ts';
import { inputsOf } from './inputs.ts';
import { createKeeper } from './keeper.ts';
import type { KeptTree } from './kept.ts';
import { growTree, type TreeChunk } from './planner.ts';
import { createScores } from './scores.ts';
import { type SortedSequences, sortSequences, treeRows } from './sequences.ts';
import type { StoredMatrix, WeightType } from './stored.ts';

/** Everything a causal model is made of, apart from the device. */
export interface CausalParts {
  readonly info: ModelInfo;
  readonly tokenizer: Tokenizer;
  readonly sizes: DecoderSizes;
  /** Made anew for each device, and held by none but it. */
  readonly weights: () => Weights;
  /** Their types by buffer. */
  readonly types: (buffer: string) => WeightType;
  /** Tables that stay on the CPU: words as they are stored, and positions (entries, width) where they are learned. */
  readonly word: StoredMatrix;
  readonly position: Float32Array | null;
  /** Cosines and sines of the first positions, where they are rotations. */
  readonly rotations: ((count: number) => Float32Array) | null;
  readonly begin: number | null;
  readonly ends: readonly number[];
  readonly chat?: CausalModel['chat'];
}

/** Texts that a first program is made for; one for longer texts is made when they come. */
const USUAL_TOKENS = 128;
/** Rows of a run for each token of the longest text: what all its sequences begin with is computed once a run. */
const TREE_SPAN = 4;
/** Rows whose keys and values stay from run to run, or as many as the longest text has. */
const KEPT_ROWS = 512;

/** A causal model on a backend: plans each call as a tree of prefixes, and sizes its runs by how long they take. */
export async function createCausal(parts: CausalParts, backend: Backend): Promise<CausalModel> {
  const { info, sizes } = parts;
  const large = treeBackend(backend);
  let room: Needed = { longest: Math.min(USUAL_TOKENS, info.maxTokens), scored: 1 };
  let program = planDecoder(parts, room, backend);
  const passes = await createPasses(program, parts.weights, large);
  let destroyed = false;
  const counters: TreeCounters = {
    sequences: 0,
    distinctSequences: 0,
    tokens: 0,
    sharedTokens: 0,
    keptTokens: 0,
    tableRows: 0,
    readRows: 0,
    chunks: 0,
    matmulFlops: 0,
  };

  const count = (chunk: TreeChunk) => {
    counters.tokens += chunk.counts.tokens;
    counters.sharedTokens += chunk.shared;
    counters.keptTokens += chunk.kept;
    counters.tableRows += chunk.counts.tableRows;
    counters.readRows += chunk.counts.sequences;
    counters.chunks += 1;
    counters.matmulFlops += matmulFlops(program, chunk.counts);
  };

  const openKeeper = () =>
    createKeeper(passes, program, {
      inputs: (chunk, tree) => inputsOf(chunk, parts, program.capacity, tree.size, chunk.counts.tokens),
      count,
    });
  let keeper = openKeeper();

  /** A text longer than any before needs a program of its own. */
  const makeRoom = ({ longest, scored }: Needed) => {
    if (longest <= room.longest && scored <= program.capacity.sequences) return;
    const needed = { longest: Math.max(longest, room.longest), scored: Math.max(scored, room.scored) };
    const larger = planDecoder(parts, needed, backend);
    [room, program] = [needed, larger];
    passes.replace(program);
    keeper = openKeeper();
  };

  const checkLive = () => {
    if (destroyed) throw new WebspexError('usage', 'score: expected a live model, got a destroyed one; load it again');
  };
  // Its programs are as large as the plain one, and go with it.
  let gatedScores: { program: Program; made: ReturnType<typeof createGatedScores> } | null = null;
  const gated = () => {
    if (gatedScores?.program !== program) gatedScores = { program, made: createGatedScores(parts, program.capacity, passes, counters) };
    return gatedScores.made;
  };

  return {
    info,
    device: backend.info,
    tokenizer: parts.tokenizer,
    words: { width: parts.word.columns, row: (token, out) => parts.word.row(token, out) },
    begin: parts.begin,
    ends: parts.ends,
    chat: parts.chat,
    counters,
    components: {
      layers: sizes.layers,
      heads: sizes.heads,
      async means(asked, { signal } = {}) {
        checkLive();
        checkTexts(asked, sizes.vocabulary, info.maxTokens);
        makeRoom({ longest: longestOf(asked) + 1, scored: 1 });
        return gated().means(asked, signal);
      },
    },
    async score(asked, { signal, keep, gates } = {}) {
      checkLive();
      checkSequences(asked, sizes.vocabulary, info.maxTokens);
      const sorted = sortSequences(asked);
      makeRoom(neededBy(sorted));
      if (gates) {
        const scored = await gated().score(asked, gates, signal);
        counters.sequences += asked.from.length;
        return scored;
      }
      if (keep) {
        checkBeginnings(keep, sizes.vocabulary);
        await keeper.keep(keep, signal);
      }
      const held = heldBy(keeper.tree(), sorted);
      const scores = createScores(sorted);
      const pack = (next: number, rows: number): Piece => {
        const tree = keeper.tree();
        const chunk = growTree(sorted, next, rows, program.capacity, tree);
        return {
          units: chunk.sequences,
          counts: { ...chunk.counts, kept: tree.size },
          inputs: inputsOf(chunk, parts, program.capacity, tree.size),
          nameRow: (row) => `scored token ${row}`,
          take(output) {
            scores.take(next, chunk.places, output);
            counters.distinctSequences += chunk.sequences;
            count(chunk);
          },
        };
      };
      const units = sorted.from.length;
      await passes.run({ units, rows: (next) => treeRows(sorted, next, held), longest: neededBy(sorted).longest, pack }, signal);
      counters.sequences += asked.from.length;
      return scores.inOrder(asked, sorted.sourceOf);
    },
    destroy() {
      destroyed = true;
      passes.destroy();
    },
  };
}

/** The more of a tree is in one run the less is computed twice, so runs are as large as their program lets them be. */
function treeBackend(backend: Backend): Backend {
  const most = Number.MAX_SAFE_INTEGER;
  const limits = { ...backend.limits, firstTokens: most, leastTokens: most, mostTokens: most };
  return { ...backend, info: backend.info, limits };
}

/** What the longest sequence of a call needs: rows, and scored tokens. */
interface Needed {
  readonly longest: number;
  readonly scored: number;
}

function longestOf({ offsets }: TokenSequences): number {
  let longest = 0;
  for (let s = 0; s + 1 < offsets.length; s++) longest = Math.max(longest, offsets[s + 1] - offsets[s]);
  return longest;
}

function neededBy({ offsets, from }: SortedSequences): Needed {
  let [longest, scored] = [1, 1];
  from.forEach((first, s) => {
    longest = Math.max(longest, offsets[s + 1] - offsets[s]);
    scored = Math.max(scored, offsets[s + 1] - offsets[s] - first);
  });
  return { longest, scored };
}

/** Kept rows that each sequence may begin with. */
function heldBy(tree: KeptTree, { ids, offsets, from }: SortedSequences): Uint32Array {
  return from.map((first, s) => tree.match(ids, offsets[s], offsets[s] + first - 1).length);
}

type Planned = Pick<CausalParts, 'sizes' | 'types'>;

/**
 * The program with the largest capacity that the backend wants and its buffers allow. @throws unsupported-model, with both numbers, where the
 * backend has no room for one that takes the longest text.
 */
function planDecoder({ sizes, types }: Planned, { longest, scored }: Needed, { limits }: Backend): Program {
  for (let tokens = Math.max(limits.mostTokens, TREE_SPAN * longest); ; tokens = Math.max(longest, tokens >> 1)) {
    const kept = Math.min(tokens, Math.max(KEPT_ROWS, longest));
    const planned = decoderProgram(sizes, { tokens, tableRows: tokens, sequences: Math.max(Math.ceil(tokens / 2), scored), kept }, types);
    const bytes = planned.buffers.map((spec) => 4 * bufferWords(spec, planned.capacity));
    const [largest, total] = [Math.max(...bytes), bytes.reduce((a, b) => a + b, 0)];
    const most = limits.totalBytes ?? Number.POSITIVE_INFINITY;
    const rows = planned.buffers.reduce((sum, spec, i) => sum + (spec.kind === 'weight' ? 0 : bytes[i]), 0);
    // Some thousand rows of a small model fill any device.
    if (rows > MOST_ROW_BYTES && tokens >= 2 * TREE_SPAN * longest) continue;
    if (largest <= limits.bufferBytes && total <= most) return planned;
    if (tokens > longest) continue;
    const spec = planned.buffers[bytes.indexOf(largest)];
    const what =
      largest > limits.bufferBytes
        ? `buffers of at most ${limits.bufferBytes} bytes, got ${largest} for ${spec.name}`
        : `at most ${most} bytes of weights and rows, got ${total}`;
    throw new WebspexError(
      'unsupported-model',
      `model: expected ${what}; use a smaller model${spec.kind === 'weight' ? '' : ' or a shorter text'}`,
    );
  }
}

/** Whether a backend has room for a model of these sizes at all, before its weights are read: in half precision if need be. @throws unsupported-model. */
export function checkRoom(sizes: DecoderSizes, maxTokens: number, backend: Backend): void {
  planDecoder(
    { sizes, types: (name) => (name.endsWith('.weight') ? 'f16' : 'f32') },
    { longest: Math.min(USUAL_TOKENS, maxTokens), scored: 1 },
    backend,
  );
}

function checkSequences({ ids, offsets, from }: ScoredSequences, vocabulary: number, maxTokens: number): void {
  if (offsets.length !== from.length + 1 || offsets[0] !== 0 || offsets[from.length] !== ids.length)
    throw new WebspexError(
      'usage',
      `sequences: expected ${from.length + 1} offsets from 0 to ${ids.length}, got others; give one more than sequences`,
    );
  from.forEach((first, s) => {
    const length = offsets[s + 1] - offsets[s];
    if (!(first >= 1 && first < length))
      throw new WebspexError(
        'empty-input',
        `sequence ${s}: expected a token to score with one before it, got ${length} tokens from ${first} on; give some text`,
      );
    if (length > maxTokens)
      throw new WebspexError(
        'too-long',
        `text: expected at most ${maxTokens} tokens, the continuation included, got ${length}; shorten it`,
      );
  });
  checkIds(ids, vocabulary);
}

function checkBeginnings({ ids, offsets }: TokenSequences, vocabulary: number): void {
  if (
    offsets.length === 0 ||
    offsets[0] !== 0 ||
    offsets.some((end, s) => end <= offsets[s - 1]) ||
    offsets[offsets.length - 1] !== ids.length
  )
    throw new WebspexError(
      'usage',
      `keep: expected offsets that ascend from 0 to ${ids.length}, got others; give one more than beginnings`,
    );
  checkIds(ids, vocabulary);
}

function checkTexts(texts: TokenSequences, vocabulary: number, maxTokens: number): void {
  checkBeginnings(texts, vocabulary);
  const longest = longestOf(texts);
  if (longest > maxTokens) throw new WebspexError('too-long', `text: expected at most ${maxTokens} tokens, got ${longest}; shorten it`);
}

function checkIds(ids: Uint32Array, vocabulary: number): void {
  for (const id of ids)
    if (id >= vocabulary)
      throw new WebspexError('usage', `sequences: expected token ids below ${vocabulary}, got ${id}; use this model's tokenizer`);
}
