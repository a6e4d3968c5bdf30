import { WebspexError } from '../core/errors.ts';
import { KERNELS, type KernelName, type KernelSignature } from './kernels.ts';
import { isPacked, type Packed, panelWords } from './packed.ts';
import { PANEL } from './panels.ts';

/** What the rows of a buffer or of a dispatch are; how many there are is given with each run. */
export type RowKind = 'tokens' | 'tableRows' | 'sequences' | 'kept';
export const ROW_KINDS: readonly RowKind[] = ['tokens', 'tableRows', 'sequences', 'kept'];
/** Rows of each kind; of those that stay from one run to the next, `kept`, none where they are left out. */
export type RowCounts = Readonly<Record<Exclude<RowKind, 'kept'>, number>> & { readonly kept?: number };

/** How many rows of a kind there are. */
export function rowsOf(counts: RowCounts, kind: RowKind): number {
  return counts[kind] ?? 0;
}

/**
 * A named matrix, row-major. Weights have their rows fixed; all others are as long as the capacity of their row kind. What a run leaves in a
 * scratch buffer is there for the next one, which must read no rows but those it wrote or knows to have been written.
 */
export interface BufferSpec {
  readonly name: string;
  readonly kind: 'weight' | 'input' | 'scratch' | 'output';
  /** Weights of products may lie packed. */
  readonly type: 'f32' | 'u32' | Packed;
  readonly rows: RowKind | number;
  readonly columns: number;
  /** Never in half precision, whatever touches it. */
  readonly single?: true;
}

/** One dispatch: a kernel over `rows` rows, with its slots bound to buffers by name. */
export interface Step {
  readonly kernel: KernelName;
  readonly bindings: Readonly<Record<string, string>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  readonly rows: RowKind;
}

/** A forward pass as plain data; every backend runs the same one. Sizes are planned once, for the largest run. */
export interface Program {
  readonly buffers: readonly BufferSpec[];
  readonly steps: readonly Step[];
  readonly capacity: RowCounts;
}

/** Contents of the weight buffers by name; matrices of `matmul` in panels (see packPanels), packed ones as words (see packed.ts). */
export type Weights = ReadonlyMap<string, Float32Array | Uint32Array>;
/** Contents of the input buffers by name: at least the rows of this run, at most the capacity. */
export type Inputs = Readonly<Record<string, Float32Array | Uint32Array>>;

/** Elements a buffer holds in a program of this capacity. */
export function bufferLength(spec: BufferSpec, capacity: RowCounts): number {
  return (typeof spec.rows === 'number' ? spec.rows : rowsOf(capacity, spec.rows)) * spec.columns;
}

/** 32-bit words a buffer takes in a program of this capacity. */
export function bufferWords(spec: BufferSpec, capacity: RowCounts): number {
  if (!isPacked(spec.type)) return bufferLength(spec, capacity);
  return (spec.columns / PANEL) * panelWords(spec.type, spec.rows as number);
}

/** The next multiple of 8: every width in a program is padded to one, with zeros. */
export function padWidth(width: number): number {
  return Math.ceil(width / 8) * 8;
}

/** Products of rows with weights. */
const PRODUCTS: readonly KernelName[] = ['matmul', 'absorb-keys', 'absorb-values'];

/** Floating-point operations the matrix products of one run execute, padding of widths included: Σ 2 · rows · K · columns. */
export function matmulFlops(program: Program, counts: RowCounts): number {
  let flops = 0;
  for (const step of program.steps)
    if (PRODUCTS.includes(step.kernel)) flops += 2 * rowsOf(counts, step.rows) * step.constants.K * step.params.columns;
  return flops;
}

/** The buffer a program calls by this name. @throws self-check where it has none. */
export function bufferNamed(program: Program, name: string): BufferSpec {
  const spec = program.buffers.find((b) => b.name === name);
  if (!spec) throw new WebspexError('self-check', `program: expected a buffer named ${name}, got none; please report it`);
  return spec;
}

/** Checks names, slots and constants before anything is allocated. @throws self-check naming the step. */
export function checkProgram(program: Program, weights: ReadonlyMap<string, { readonly length: number }>): void {
  const complain = (what: string) => {
    throw new WebspexError('self-check', `program: expected ${what}; please report it`);
  };
  program.steps.forEach((step, i) => {
    const signature: KernelSignature = KERNELS[step.kernel];
    const at = `step ${i} (${step.kernel})`;
    for (const slot of [...signature.reads, signature.writes]) {
      const name = step.bindings[slot];
      if (name !== undefined) bufferNamed(program, name);
      else if (!signature.optional?.includes(slot)) complain(`${at} to bind ${slot}, got nothing`);
    }
    for (const name of signature.constants) if (step.constants[name] === undefined) complain(`${at} to give constant ${name}, got none`);
    for (const name of signature.params) if (step.params[name] === undefined) complain(`${at} to give ${name}, got none`);
    for (const slot of signature.reads)
      if (step.bindings[slot] === step.bindings[signature.writes]) complain(`${at} to write another buffer than it reads as ${slot}`);
    for (const [slot, name] of Object.entries(step.bindings)) {
      const { type } = bufferNamed(program, name);
      if (isPacked(type) && !signature.packed?.includes(slot)) complain(`${at} to read ${slot} as f32, got ${type}`);
    }
  });
  for (const spec of program.buffers)
    if (spec.kind === 'weight') {
      const length = weights.get(spec.name)?.length;
      const wanted = bufferWords(spec, program.capacity);
      if (length !== wanted) complain(`weight ${spec.name} of ${wanted} numbers, got ${length ?? 'none'}`);
    }
}

/** Checks one run against what was planned. @throws self-check naming the input. */
export function checkRun(program: Program, inputs: Inputs, counts: RowCounts): void {
  for (const kind of ROW_KINDS)
    if (rowsOf(counts, kind) > rowsOf(program.capacity, kind))
      throw new WebspexError(
        'self-check',
        `run: expected at most ${rowsOf(program.capacity, kind)} ${kind}, got ${rowsOf(counts, kind)}; please report it`,
      );
  for (const spec of program.buffers) {
    if (spec.kind !== 'input') continue;
    const length = inputs[spec.name]?.length ?? 0;
    const wanted = bufferLength(spec, counts);
    if (length < wanted)
      throw new WebspexError('self-check', `run: expected ${wanted} numbers in ${spec.name}, got ${length}; please report it`);
  }
}
