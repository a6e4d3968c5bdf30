import { WebspexError } from '../../core/errors.ts';
import { KERNELS, type KernelSignature } from '../kernels.ts';
import { bufferLength, bufferWords, type Program, ROW_KINDS, type Step, type Weights } from '../program.ts';
import { deviceError, deviceThrew, messageOf, type OpenDevice, scoped } from './device.ts';
import { assemble, type ShaderChoice, shaderOf } from './shaders.ts';
import { halfBuffers, storageOf } from './storage.ts';
import { createBuffer, STORED, uploadWeights, type WeightBuffers } from './weights.ts';

/** Runs that may be on the device at once; each reads back through its own buffer. */
const IN_FLIGHT = 2;
/** Uniforms lie this far apart: the default minUniformBufferOffsetAlignment. */
export const UNIFORM_STRIDE = 256;
const PARAM_BYTES = 32;

/** One dispatch, ready: only the number of workgroups depends on the run. */
export interface Dispatch {
  readonly step: Step;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly groups: (rows: number) => readonly [number, number];
}

/** Everything on the device that a program needs. */
export interface Prepared {
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  /** {rows, serial} for each row kind, UNIFORM_STRIDE apart. */
  readonly runs: GPUBuffer;
  readonly dispatches: readonly Dispatch[];
  /** Where results are copied to and mapped, one for each run in flight. */
  readonly readbacks: readonly GPUBuffer[];
  /** Its own: not the weights that others may have too. */
  readonly all: readonly GPUBuffer[];
}

const MAP_READ = 0x1;
const STORAGE = 0x80;
const COPY_DST = 0x8;
const UNIFORM = 0x40;
const COMPUTE = 0x4;

/** A program prepared with weights of its own. @throws out-of-memory, device-lost, self-check. */
export async function prepareProgram(opened: OpenDevice, program: Program, weights: Weights, choice: ShaderChoice): Promise<Prepared> {
  const own = await uploadWeights(opened, program, weights, choice.dtype);
  try {
    const prepared = await prepareWith(opened, program, own, choice);
    return { ...prepared, all: [...prepared.all, ...own.buffers.values()] };
  } catch (error) {
    own.free();
    throw error;
  }
}

/** Compiles the pipelines, in parallel, and allocates the buffers beside the weights. @throws out-of-memory, device-lost, self-check. */
export async function prepareWith(opened: OpenDevice, program: Program, weights: WeightBuffers, choice: ShaderChoice): Promise<Prepared> {
  const { device } = opened;
  const all: GPUBuffer[] = [];
  try {
    const { made, error } = scoped(device, () => makeObjects(device, program, weights, choice, all));
    const refusal = await error;
    if (refusal) throw deviceError(refusal, 'preparing buffers');
    const pipelines = new Map(await Promise.all([...made.pipelines].map(async ([key, make]) => [key, await make()] as const)));
    const failure = opened.failure();
    if (failure) throw failure;
    const dispatches = made.steps.map(({ key, step, group, groups }) => ({
      step,
      group,
      groups,
      pipeline: pipelines.get(key) as GPUComputePipeline,
    }));
    return { buffers: made.buffers, runs: made.runs, readbacks: made.readbacks, dispatches, all };
  } catch (error) {
    for (const buffer of all) buffer.destroy();
    throw opened.failure() ?? (error instanceof WebspexError ? error : deviceThrew(error, 'preparing buffers'));
  }
}

function makeObjects(device: GPUDevice, program: Program, weights: WeightBuffers, choice: ShaderChoice, all: GPUBuffer[]) {
  const create = (label: string, size: number, usage: number, contents?: Uint8Array) => {
    const buffer = createBuffer(device, { label, size: Math.max(16, size), usage, mappedAtCreation: contents !== undefined });
    all.push(buffer);
    if (contents) {
      new Uint8Array(buffer.getMappedRange()).set(contents);
      buffer.unmap();
    }
    return buffer;
  };
  const half = halfBuffers(program, choice.dtype);
  checkHalves(program, half, weights.half);
  const buffers = new Map(weights.buffers);
  for (const spec of program.buffers)
    if (spec.kind !== 'weight')
      buffers.set(spec.name, create(spec.name, (half.has(spec.name) ? 2 : 4) * bufferWords(spec, program.capacity), STORED));
  const unbound = create('unbound', 16, STORAGE);
  const runs = create('runs', UNIFORM_STRIDE * ROW_KINDS.length, UNIFORM | COPY_DST);
  const params = create('params', UNIFORM_STRIDE * program.steps.length, UNIFORM, paramWords(program));

  const output = program.buffers.find((b) => b.kind === 'output');
  const outputBytes = output ? 4 * bufferLength(output, program.capacity) : 0;
  const readbacks = Array.from({ length: IN_FLIGHT }, (_, i) => create(`readback ${i}`, outputBytes, MAP_READ | COPY_DST));

  const layouts = new Map<string, GPUBindGroupLayout>();
  const modules = new Map<string, GPUShaderModule>();
  const pipelines = new Map<string, () => Promise<GPUComputePipeline>>();
  const steps = program.steps.map((step, i) => {
    const signature: KernelSignature = KERNELS[step.kernel];
    const shader = shaderOf(step, choice);
    const layout = cached(layouts, step.kernel, () => layoutOf(device, step.kernel, signature));
    const storage = storageOf(program, step, half);
    const module = cached(modules, `${shader.stem} ${storage}`, () =>
      device.createShaderModule({ label: shader.stem, code: assemble(shader.source, storage) }),
    );
    const name = `${shader.stem} ${JSON.stringify(step.constants)}`;
    const key = `${name} ${storage}`;
    cached(pipelines, key, () => () => compile(device, name, layout, module, step.constants));
    const bound = [...signature.reads, signature.writes].map((slot) => buffers.get(step.bindings[slot]) ?? unbound);
    const group = device.createBindGroup({
      label: `${i} ${name}`,
      layout,
      entries: [
        { binding: 0, resource: { buffer: runs, offset: UNIFORM_STRIDE * ROW_KINDS.indexOf(step.rows), size: 16 } },
        { binding: 1, resource: { buffer: params, offset: UNIFORM_STRIDE * i, size: PARAM_BYTES } },
        ...bound.map((buffer, b) => ({ binding: 2 + b, resource: { buffer } })),
      ],
    });
    return { key, step, group, groups: (rows: number) => shader.groups(step, rows) };
  });
  return { buffers, runs, readbacks, pipelines, steps };
}

/** @throws self-check where a step would read weights in another precision than the one they are uploaded in. */
function checkHalves({ buffers, steps }: Program, half: ReadonlySet<string>, uploaded: ReadonlySet<string>): void {
  const bound = new Set(steps.flatMap(({ bindings }) => Object.values(bindings)));
  for (const { name, kind } of buffers)
    if (kind === 'weight' && bound.has(name) && half.has(name) !== uploaded.has(name))
      throw new WebspexError('self-check', `program: expected ${name} in the precision it was uploaded in, got another; please report it`);
}

function cached<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

function paramWords(program: Program): Uint8Array {
  const words = new Uint32Array((UNIFORM_STRIDE / 4) * program.steps.length);
  program.steps.forEach((step, i) => {
    KERNELS[step.kernel].params.forEach((name, p) => {
      words[(UNIFORM_STRIDE / 4) * i + p] = step.params[name];
    });
  });
  return new Uint8Array(words.buffer);
}

function layoutOf(device: GPUDevice, label: string, { reads }: KernelSignature): GPUBindGroupLayout {
  const types: GPUBufferBindingType[] = ['uniform', 'uniform', ...reads.map(() => 'read-only-storage' as const), 'storage'];
  return device.createBindGroupLayout({
    label,
    entries: types.map((type, binding) => ({ binding, visibility: COMPUTE, buffer: { type } })),
  });
}

async function compile(
  device: GPUDevice,
  label: string,
  layout: GPUBindGroupLayout,
  module: GPUShaderModule,
  constants: Readonly<Record<string, number>>,
): Promise<GPUComputePipeline> {
  try {
    return await device.createComputePipelineAsync({
      label,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main', constants },
    });
  } catch (cause) {
    const { messages } = await module.getCompilationInfo();
    const lines = messages.map((m) => `${m.lineNum}:${m.linePos} ${m.message}`).join('; ');
    throw new WebspexError('self-check', `WebGPU: expected ${label} to compile, got ${lines || messageOf(cause)}; please report it`, {
      cause,
    });
  }
}
