import { WebspexError } from '../../core/errors.ts';
import { bytesOf } from './base64.ts';
import { plain, relaxed } from './kernels/index.ts?kernels';

/** Which of the two builds of the kernels. */
export type Build = 'plain' | 'relaxed';

/** The kernels, compiled once; workers instantiate the same module. */
export interface Kernels {
  readonly module: WebAssembly.Module;
  readonly build: Build;
}

/** The smallest module with an f32x4.relaxed_madd: valid where relaxed SIMD is. */
const PROBE = 'AGFzbQEAAAABBAFgAAADAgEACj4BPAD9DAAAAAAAAAAAAAAAAAAAAAD9DAAAAAAAAAAAAAAAAAAAAAD9DAAAAAAAAAAAAAAAAAAAAAD9hQIaCw==';

interface NodeV8 {
  setFlagsFromString(flag: string): void;
}

/**
 * Compiles the kernels with relaxed SIMD where the runtime has it, else with plain SIMD; `build` asks for one of them.
 * @throws no-wasm where WebAssembly is missing, refused by a content security policy, or has no (such) SIMD.
 */
export async function compileKernels(build?: Build): Promise<Kernels> {
  const webAssembly = (globalThis as { WebAssembly?: typeof WebAssembly }).WebAssembly;
  if (!webAssembly)
    throw new WebspexError('no-wasm', 'WASM: expected WebAssembly, got none; use a runtime that has it, or device reference');
  const chosen = build ?? (hasRelaxedSimd() ? 'relaxed' : 'plain');
  if (chosen === 'relaxed') hasRelaxedSimd();
  try {
    return { module: await webAssembly.compile(bytesOf(chosen === 'relaxed' ? relaxed : plain)), build: chosen };
  } catch (cause) {
    throw new WebspexError(
      'no-wasm',
      `WASM: expected to compile ${chosen} SIMD, got ${cause instanceof Error ? cause.message : String(cause)}; allow 'wasm-unsafe-eval' in the page's policy, or use a newer browser`,
      { cause },
    );
  }
}

/** Node 20 has relaxed SIMD behind a flag, which may be set as long as nothing with relaxed SIMD was compiled. */
function hasRelaxedSimd(): boolean {
  const probe = bytesOf(PROBE);
  if (WebAssembly.validate(probe)) return true;
  const runtime = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process;
  const v8 = runtime?.getBuiltinModule?.('node:v8') as NodeV8 | undefined;
  v8?.setFlagsFromString('--experimental-wasm-relaxed-simd');
  return v8 !== undefined && WebAssembly.validate(probe);
}
