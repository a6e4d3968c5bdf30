import { WebspexError } from '../../core/errors.ts';
import { LARGEST_HALF, toHalf } from '../half.ts';
import { KERNELS, type KernelSignature } from '../kernels.ts';
import { isPacked } from '../packed.ts';
import { type BufferSpec, bufferNamed, type Program, type Step } from '../program.ts';

/** How numbers lie in memory on a device; sums are formed in f32 whatever it is. */
export const DTYPES = ['f32', 'f16'] as const;
export type Dtype = (typeof DTYPES)[number];

/**
 * The buffers that lie in half precision: weights and scratch of which every step can take half in that place. What a norm or a residual
 * sum reads or writes stays f32, and so does what enters and leaves the device.
 */
export function halfBuffers({ buffers, steps }: Program, dtype: Dtype): ReadonlySet<string> {
  if (dtype === 'f32') return new Set();
  const able = new Set(
    buffers.filter((b) => b.type === 'f32' && !b.single && (b.kind === 'weight' || b.kind === 'scratch')).map((b) => b.name),
  );
  for (const { kernel, bindings } of steps) {
    const { half = [] }: KernelSignature = KERNELS[kernel];
    for (const [slot, name] of Object.entries(bindings)) if (!half.includes(slot)) able.delete(name);
  }
  return able;
}

/** The element type of each slot of a step's kernel that can be half or packed, and how weights are read, as WGSL that its shader goes with. */
export function storageOf(program: Program, { kernel, bindings }: Step, half: ReadonlySet<string>): string {
  const { half: slots = [], packed = [], writes }: KernelSignature = KERNELS[kernel];
  if (slots.length === 0) return '';
  const is = (slot: string) => half.has(bindings[slot]);
  const packing = (slot: string) => (packed.includes(slot) ? bufferNamed(program, bindings[slot]).type : 'f32');
  const element = (slot: string) => (isPacked(packing(slot)) ? 'u32' : is(slot) ? 'f16' : 'f32');
  const aliases = slots.map((slot) => `alias ${slot[0].toUpperCase()}${slot.slice(1)} = vec4<${element(slot)}>;`);
  const reading = packed.map((slot) => `#import shared/${slot}-${packing(slot)}.wgsl\n`).join('');
  return `${slots.some(is) ? 'enable f16;' : ''}\n${aliases.join('\n')}\nconst HALF_OUTPUT = ${is(writes)};\n${reading}`;
}

/** A weight's bytes. @throws unsupported-model where it has numbers that half precision has not. */
export function weightBytes({ name }: BufferSpec, values: Float32Array | Uint32Array, half: ReadonlySet<string>): Uint8Array {
  if (!half.has(name) || values instanceof Uint32Array) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (const value of values)
    if (Math.abs(value) > LARGEST_HALF)
      throw new WebspexError(
        'unsupported-model',
        `dtype fp16: expected weights up to ${LARGEST_HALF}, got ${value} in ${name}; use dtype fp32`,
      );
  return new Uint8Array(toHalf(values).buffer);
}
