import { WebspexError } from '../../core/errors.ts';
import type { KernelName } from '../kernels.ts';
import { isPacked, PACKED, type Packed, panelWords } from '../packed.ts';
import { PANEL } from '../panels.ts';
import { type BufferSpec, bufferNamed, bufferWords, type Program, type RowKind, rowsOf, type Step } from '../program.ts';
import type { Cut } from './slices.ts';

/** One step as numbers: an export of the kernels, the kind of rows it runs over, and its arguments behind the number of rows. */
export interface Call {
  readonly kernel: string;
  readonly rows: RowKind;
  readonly arguments: readonly number[];
  readonly cut?: Cut;
}

/** A buffer's place in the memory of an instance. */
export interface Place {
  readonly name: string;
  readonly at: number;
  readonly rows: RowKind | number;
  readonly columns: number;
}

/** Where weights lie in a memory, for any program that has them. */
export interface WeightPlaces {
  readonly weights: readonly Place[];
  /** Programs may lie from here on. */
  readonly end: number;
}

/** A program laid out in the memory of its weights: everything an instance needs to run it, as plain data that can be posted to a worker. */
export interface Layout {
  /** Its own part of the memory, up to `bytes`. */
  readonly from: number;
  readonly bytes: number;
  readonly calls: readonly Call[];
  readonly inputs: readonly Place[];
  readonly output: Place;
  /** Where the number of the run is written for `finish`. */
  readonly serialAt: number;
}

/** The kernels' own statics lie below. */
const FIRST = 65_536;
/** Buffers start on cache lines. */
const ALIGNMENT = 64;
/** Addresses are 32 bits wide. */
export const MOST_BYTES = 2 ** 32 - 65_536;
/** A range is two words. */
const RANGE_BYTES = 8;
/** QUERY_ROWS of kernels/shared/attend.ts. */
const SCORE_ROWS = 8;
/** STRIP_WEIGHTS of kernels/matmul.ts. */
const STRIP_WEIGHTS = 65_536;

/** Gives every weight of a program its place. */
export function placeWeights(program: Program): WeightPlaces {
  const { reserve, end } = reserving(FIRST);
  return { weights: placesOf(program, reserve, (kind) => kind === 'weight'), end: end() };
}

/**
 * Gives every buffer its place, from the end of the weights on or from further up, and every step its arguments.
 * @throws out-of-memory where the whole is beyond 32-bit addresses.
 */
export function layOut(program: Program, { weights, end }: WeightPlaces = placeWeights(program), from = end): Layout {
  const { reserve, end: reserved } = reserving(from);
  const serialAt = reserve(1);
  const own = placesOf(program, reserve, (kind) => kind !== 'weight');
  const places = new Map([...weights, ...own].map((place) => [place.name, place]));
  const rooms = attentionRooms(program);
  const scratch = {
    serial: serialAt,
    panels: reserve(rooms.panels),
    scores: reserve(rooms.scores),
    values: reserve(rooms.values),
    expanded: reserve(expandedRoom(program)),
  };
  const bytes = reserved();
  if (bytes > MOST_BYTES)
    throw new WebspexError('out-of-memory', `WASM: expected at most ${MOST_BYTES} bytes, got a program of ${bytes}; use a smaller model`);
  const calls = program.steps.map((step) => {
    const at = (slot: string, column = 0) => {
      const place = places.get(step.bindings[slot]);
      return place ? place.at + 4 * column : 0;
    };
    const bound = (slot: string) => {
      const { type, rows } = bufferNamed(program, step.bindings[slot]);
      return { type, rows: typeof rows === 'number' ? rows : rowsOf(program.capacity, rows) };
    };
    return { ...CALLS[step.kernel](step, at, scratch, bound), rows: step.rows };
  });
  const placed = (kind: BufferSpec['kind']) => program.buffers.filter((b) => b.kind === kind).map((b) => places.get(b.name) as Place);
  return { from, bytes, calls, inputs: placed('input'), output: placed('output')[0], serialAt };
}

/** Hands out memory from an address on. */
function reserving(from: number): { reserve(elements: number): number; end(): number } {
  let next = from;
  const reserve = (elements: number) => {
    const at = next;
    next += Math.ceil((4 * elements) / ALIGNMENT) * ALIGNMENT;
    return at;
  };
  return { reserve, end: () => next };
}

function placesOf(
  { buffers, capacity }: Program,
  reserve: (elements: number) => number,
  which: (kind: BufferSpec['kind']) => boolean,
): Place[] {
  return buffers
    .filter(({ kind }) => which(kind))
    .map((spec) => ({ name: spec.name, rows: spec.rows, columns: spec.columns, at: reserve(bufferWords(spec, capacity)) }));
}

/** Elements of the turned keys of one head, its gathered values, and the scores of a few query rows, for the largest attention of a program. */
function attentionRooms(program: Program): { panels: number; scores: number; values: number } {
  let [panels, scores, values] = [0, 0, 0];
  for (const { kernel, bindings, constants } of program.steps) {
    if (kernel !== 'attention' && kernel !== 'causal-attention') continue;
    const { rows } = bufferNamed(program, bindings.keyValue);
    const keys = Math.ceil((typeof rows === 'number' ? rows : rowsOf(program.capacity, rows)) / 16) * 16;
    panels = Math.max(panels, keys * constants.HEAD_WIDTH);
    scores = Math.max(scores, keys * SCORE_ROWS);
    if (kernel === 'causal-attention') values = Math.max(values, keys * constants.HEAD_WIDTH);
  }
  return { panels, scores, values };
}

/** Elements of packed weights that are expanded at once: a strip of panels, of at least one tile of two; the columns of a head. */
function expandedRoom(program: Program): number {
  let most = 0;
  for (const { kernel, bindings, constants } of program.steps)
    if ((kernel === 'matmul' || kernel === 'absorb-values') && isPacked(bufferNamed(program, bindings.weight).type))
      most = Math.max(most, STRIP_WEIGHTS, 2 * PANEL * constants.K);
    else if (kernel === 'absorb-keys' && isPacked(bufferNamed(program, bindings.weight).type))
      most = Math.max(most, constants.HEAD_WIDTH * constants.K);
  return most;
}

type Scratch = Readonly<Record<'serial' | 'panels' | 'scores' | 'values' | 'expanded', number>>;
type Address = (slot: string, column?: number) => number;
/** What is bound to a slot: its type, and the rows there may be. */
type Bound = (slot: string) => { readonly type: BufferSpec['type']; readonly rows: number };

/** A key head and its query heads at a time; `at` says where arguments lie that the two kernels of attention have at other places. */
function cutKeyHeads(
  c: Step['constants'],
  p: Step['params'],
  keys: number,
  at: Readonly<Record<'ranges' | 'output' | 'heads', number>>,
): Cut {
  const group = c.HEADS / c.KEY_HEADS;
  const head = 4 * c.HEAD_WIDTH;
  return {
    parts: c.KEY_HEADS,
    together: 1,
    work: 2 * c.HEAD_WIDTH * group * keys,
    byPart: { 0: group * head, 1: head, 2: head, [at.output]: group * head },
    byRow: { 0: 4 * p.queryStride, [at.ranges]: RANGE_BYTES, [at.output]: 4 * p.outputStride },
    counts: { [at.heads]: group, [at.heads + 1]: 1 },
  };
}

/** A weight's columns as arguments: where the first panel lies; bytes of a panel, the number of its packing as in kernels/shared/expand.ts. */
function panelsOf({ constants, params }: Step, at: Address, bound: Bound): { first: number; panelBytes: number; packing: number } {
  const { type } = bound('weight');
  const panelBytes = 4 * panelWords(isPacked(type) ? type : 'f32', constants.K);
  return {
    first: at('weight') + (params.weightColumn / PANEL) * panelBytes,
    panelBytes,
    packing: PACKED.indexOf(type as Packed) + 1,
  };
}

/** Heads that a weight's columns are absorbed by; `bias` where there is one comes between the weight and the output. */
function absorbing(
  kernel: 'absorbKeys' | 'absorbValues',
  step: Step,
  at: Address,
  { expanded }: Scratch,
  bound: Bound,
): Omit<Call, 'rows'> {
  const { constants: c, params: p } = step;
  const { first, panelBytes, packing } = panelsOf(step, at, bound);
  const heads = p.columns / c.HEAD_WIDTH;
  const isKeys = kernel === 'absorbKeys';
  const [input, output] = isKeys ? [c.HEAD_WIDTH, c.K] : [c.K, c.HEAD_WIDTH];
  const bias = isKeys ? [] : [at('bias', p.weightColumn)];
  const out = 2 + bias.length;
  return {
    kernel,
    arguments: [
      ...[at('input'), first, ...bias, at('output'), c.K, c.HEAD_WIDTH, p.columns, heads * input, heads * output],
      ...[panelBytes, packing, expanded],
    ],
    cut: {
      parts: heads,
      together: 1,
      work: c.K * c.HEAD_WIDTH,
      // The bias' place is overwritten where there is none.
      byPart: { 0: 4 * input, 1: (c.HEAD_WIDTH / PANEL) * panelBytes, 2: 4 * c.HEAD_WIDTH, [out]: 4 * output },
      byRow: { 0: 4 * heads * input, [out]: 4 * heads * output },
      counts: { [out + 3]: c.HEAD_WIDTH },
    },
  };
}

/** The export of each kernel and the order of its arguments, as in kernels/*.ts. */
const CALLS: Readonly<Record<KernelName, (step: Step, at: Address, scratch: Scratch, bound: Bound) => Omit<Call, 'rows'>>> = {
  'gather-rows': ({ params: p }, at) => ({
    kernel: 'gatherRows',
    arguments: [at('input', p.inputColumn), at('index'), at('output', p.outputColumn), p.columns, p.inputStride, p.outputStride],
  }),
  'layer-norm': ({ constants: c }, at) => ({
    kernel: 'layerNorm',
    arguments: [at('input'), at('gamma'), at('beta'), at('output'), c.WIDTH, c.STRIDE, c.EPSILON],
  }),
  matmul: (step, at, { expanded }, bound) => {
    const { constants: c, params: p } = step;
    const { first, panelBytes, packing } = panelsOf(step, at, bound);
    return {
      kernel: 'matmul',
      arguments: [
        at('input'),
        first,
        at('bias', p.weightColumn),
        c.RESIDUAL ? at('residual', p.outputColumn) : 0,
        at('output', p.outputColumn),
        c.K,
        p.columns,
        p.outputStride,
        c.ACTIVATION,
        ...[panelBytes, packing, expanded],
        c.K,
      ],
      cut: {
        parts: p.columns / PANEL,
        together: 2,
        work: PANEL * c.K,
        byPart: { 1: panelBytes, 2: 4 * PANEL, 3: c.RESIDUAL ? 4 * PANEL : 0, 4: 4 * PANEL },
        byRow: { 0: 4 * c.K, 3: c.RESIDUAL ? 4 * p.outputStride : 0, 4: 4 * p.outputStride },
        counts: { 6: PANEL },
      },
    };
  },
  gate: ({ constants: c, params: p }, at) => ({
    kernel: 'gate',
    arguments: [
      at('input'),
      at('gates', p.gateColumn),
      at('mean', p.meanColumn),
      at('sequence'),
      c.RESIDUAL ? at('residual', p.outputColumn) : 0,
      at('output', p.outputColumn),
      p.columns,
      p.groupWidth,
      p.gateStride,
      p.inputStride,
      p.outputStride,
    ],
  }),
  attention: ({ constants: c, params: p }, at, { panels, scores }, bound) => ({
    kernel: 'attention',
    arguments: [
      at('query'),
      at('keyValue', p.keyColumn),
      at('keyValue', p.valueColumn),
      at('ranges'),
      at('output'),
      panels,
      scores,
      c.HEADS,
      c.KEY_HEADS,
      c.HEAD_WIDTH,
      p.queryStride,
      p.keyStride,
      p.outputStride,
      c.SCALE,
    ],
    cut: cutKeyHeads(c, p, bound('keyValue').rows, { ranges: 3, output: 4, heads: 7 }),
  }),
  'absorb-keys': (step, at, scratch, bound) => absorbing('absorbKeys', step, at, scratch, bound),
  'absorb-values': (step, at, scratch, bound) => absorbing('absorbValues', step, at, scratch, bound),
  'causal-attention': ({ constants: c, params: p }, at, { panels, values, scores }, bound) => ({
    kernel: 'causalAttention',
    arguments: [
      at('query'),
      at('keyValue', p.keyColumn),
      at('keyValue', p.valueColumn),
      at('paths'),
      at('ranges'),
      at('output'),
      panels,
      values,
      scores,
      c.HEADS,
      c.KEY_HEADS,
      c.HEAD_WIDTH,
      p.queryStride,
      p.keyStride,
      p.outputStride,
    ],
    cut: cutKeyHeads(c, p, bound('keyValue').rows, { ranges: 4, output: 5, heads: 9 }),
  }),
  'rms-norm': ({ constants: c }, at) => ({
    kernel: 'rmsNorm',
    arguments: [at('input'), at('gamma'), at('output'), c.WIDTH, c.STRIDE, c.EPSILON],
  }),
  'rotate-heads': ({ constants: c, params: p }, at) => ({
    kernel: 'rotateHeads',
    arguments: [
      at('input', p.inputColumn),
      at('position'),
      at('rotations'),
      c.NORM ? at('gamma', p.gammaColumn) : 0,
      at('output', p.outputColumn),
      p.heads,
      c.HEAD_WIDTH,
      c.HEAD_SIZE,
      c.NORM,
      c.EPSILON,
      p.inputStride,
      p.outputStride,
    ],
  }),
  'gated-unit': ({ constants: c, params: p }, at) => ({
    kernel: 'gatedUnit',
    arguments: [at('input'), at('output'), p.columns, p.inputStride, p.outputStride, c.ACTIVATION],
  }),
  'token-scores': ({ params: p }, at) => ({
    kernel: 'tokenScores',
    arguments: [at('logits'), at('targets'), at('output'), p.columns, p.logitStride, p.firstToken],
  }),
  finish: ({ constants: c, params: p }, at, { serial }) => ({
    kernel: 'finish',
    arguments: [serial, at('hidden'), at('logits'), at('output'), c.WIDTH, c.LABELS, p.hiddenStride, p.logitStride],
  }),
  fwht: ({ constants: c, params: p }, at) => ({
    kernel: 'fwht',
    arguments: [at('input'), at('output'), p.columns, p.first, c.STAGES],
  }),
};
