import { throwIfAborted, WebspexError } from '../../core/errors.ts';
import type { Backend, Executable } from '../backend.ts';
import type { KernelName } from '../kernels.ts';
import { expandPanels, isPacked } from '../packed.ts';
import { bufferLength, checkRun, type Inputs, type Program, type RowCounts, rowsOf, type Weights } from '../program.ts';
import { sharedWeights } from '../shared-weights.ts';
import { outputLabels, readStamped } from '../stamp.ts';
import { absorbKeys } from './absorb-keys.ts';
import { absorbValues } from './absorb-values.ts';
import { attention } from './attention.ts';
import { causalAttention } from './causal-attention.ts';
import { finish } from './finish.ts';
import { fwht } from './fwht.ts';
import { gate } from './gate.ts';
import { gatedUnit } from './gated-unit.ts';
import { gatherRows } from './gather-rows.ts';
import type { KernelCall } from './kernel-call.ts';
import { layerNorm } from './layer-norm.ts';
import { matmul } from './matmul.ts';
import { rmsNorm } from './rms-norm.ts';
import { rotateHeads } from './rotate-heads.ts';
import { tokenScores } from './token-scores.ts';

const TWINS: Readonly<Record<KernelName, (call: KernelCall) => void>> = {
  'layer-norm': layerNorm,
  'gather-rows': gatherRows,
  matmul,
  gate,
  attention,
  'absorb-keys': absorbKeys,
  'absorb-values': absorbValues,
  'causal-attention': causalAttention,
  'rms-norm': rmsNorm,
  'rotate-heads': rotateHeads,
  'gated-unit': gatedUnit,
  'token-scores': tokenScores,
  finish,
  fwht,
};

/** The oracle: every kernel in plain TypeScript, float64 between steps. Runs where it is called and blocks for one run at a time. */
export function createReferenceBackend(): Backend {
  return {
    info: { backend: 'reference', adapter: 'CPU (float64)', software: true },
    limits: { bufferBytes: 2 ** 31, firstTokens: 128, leastTokens: 32, mostTokens: 512, targetMs: 250 },
    keepsWeights: true,
    ...sharedWeights(async (first, weights) => {
      const expanded = expandWeights(first, weights);
      return { prepare: async (program) => createExecutable(program, expanded), free: () => expanded.clear() };
    }),
    destroy() {},
  };
}

function createExecutable(program: Program, weights: Memory): Executable {
  const buffers = allocate(program, weights);
  const labels = outputLabels(program);
  let serial = 0;
  let closed = false;
  return {
    async run(inputs, counts, { signal, nameRow } = {}) {
      throwIfAborted(signal);
      checkRun(program, inputs, counts);
      // A turn of the event loop between runs: timers, messages and an abort get through.
      await new Promise((resolve) => setTimeout(resolve));
      throwIfAborted(signal);
      if (closed) throw new WebspexError('device-lost', 'run: expected a live executable, got a destroyed one; prepare it again');
      const stamp = ++serial;
      fill(program, buffers, inputs, counts);
      for (const step of program.steps) {
        const bound: Record<string, Float64Array | Float32Array | Uint32Array> = {};
        for (const [slot, name] of Object.entries(step.bindings)) bound[slot] = at(buffers, name);
        TWINS[step.kernel]({
          buffers: bound,
          constants: step.constants,
          params: step.params,
          rows: rowsOf(counts, step.rows),
          serial: stamp,
        });
      }
      const output = at(buffers, program.buffers.find((b) => b.kind === 'output')?.name ?? 'output');
      return readStamped(
        counts.sequences,
        labels,
        stamp,
        (i) => output[i],
        (i) => output[i],
        nameRow,
      );
    },
    destroy() {
      closed = true;
      buffers.clear();
    },
  };
}

type Memory = Map<string, Float64Array | Float32Array | Uint32Array>;

function at(buffers: Memory, name: string) {
  const buffer = buffers.get(name);
  if (!buffer) throw new WebspexError('device-lost', `run: expected buffer ${name}, got none; the executable was destroyed`);
  return buffer;
}

/** Weights as the twins read them: packed ones in float32, others as they are. */
function expandWeights(program: Program, weights: Weights): Memory {
  const expanded: Memory = new Map();
  for (const { name, type, rows, columns } of program.buffers) {
    const weight = weights.get(name);
    if (weight) expanded.set(name, isPacked(type) ? expandPanels(type, weight as Uint32Array, rows as number, columns) : weight);
  }
  return expanded;
}

function allocate(program: Program, weights: Memory): Memory {
  const buffers: Memory = new Map();
  for (const spec of program.buffers) {
    const length = bufferLength(spec, program.capacity);
    const weight = weights.get(spec.name);
    if (spec.kind === 'weight' && weight) buffers.set(spec.name, weight);
    else if (spec.kind === 'input' && spec.type === 'u32') buffers.set(spec.name, new Uint32Array(length));
    else buffers.set(spec.name, new Float64Array(length));
  }
  return buffers;
}

function fill(program: Program, buffers: Memory, inputs: Inputs, counts: RowCounts): void {
  for (const spec of program.buffers)
    if (spec.kind === 'input') at(buffers, spec.name).set(inputs[spec.name].subarray(0, bufferLength(spec, counts)));
}
