import { toHalf } from '../../src/compute/half.ts';
import { BLOCK_TERMS, emptyLevels, expandPanels, type Packed, packLevels, panelWords } from '../../src/compute/packed.ts';
import { packPanels } from '../../src/compute/panels.ts';
import { createRandom, type Random } from '../../src/core/random.ts';
import { type Product, productCase } from './matmul-cases.ts';
import type { KernelCase } from './support.ts';

/** A random matrix in a packing, and the float32 it stands for, told by its definition and not by the code that reads it; both in panels. */
export function packedMatrix(type: Packed, K: number, columns: number, seed: number): { words: Uint32Array; values: Float32Array } {
  const random = createRandom(seed);
  return type === 'q8' || type === 'q4' ? levelMatrix(type, K, columns, random) : halfMatrix(type, K, columns, random);
}

/** Halves from the smallest subnormal to some thousands, zeros of both signs among them. */
function halfMatrix(type: 'f16' | 'bf16', K: number, columns: number, random: Random) {
  const matrix = Float32Array.from({ length: K * columns }, () => {
    const bits = type === 'f16' ? random.below(0x7000) : 0x3000 + random.below(0x1400);
    const size =
      type === 'bf16'
        ? new Float32Array(Uint32Array.of(bits << 16).buffer)[0]
        : bits < 1024
          ? bits * 2 ** -24
          : (1024 + (bits & 1023)) * 2 ** ((bits >> 10) - 25);
    return random.below(8) === 0 ? 0 : random.below(2) ? -size : size;
  });
  const values = packPanels(matrix, K, columns);
  const halves = type === 'f16' ? toHalf(values) : new Uint16Array(values.buffer).filter((_, i) => i % 2 === 1);
  return { words: new Uint32Array(halves.buffer), values };
}

/** Levels over their whole range, scales and offsets of half precision as ggml has them, of both signs. */
function levelMatrix(type: 'q8' | 'q4', K: number, columns: number, random: Random) {
  const words = new Uint32Array((columns / 8) * panelWords(type, K));
  const matrix = new Float32Array(K * columns);
  const half = () => ((random.below(2) ? 1 : -1) * (1024 + random.below(1024))) / 2 ** 18;
  for (let n = 0; n < columns; n++)
    for (let block = 0; block < K / BLOCK_TERMS; block++) {
      const part = emptyLevels();
      part.scales.set(type === 'q8' ? [half(), half()] : Array(2).fill(half()));
      part.offset = random.below(4) === 0 ? 0 : half();
      part.levels.set(Int8Array.from({ length: BLOCK_TERMS }, () => (type === 'q8' ? random.below(256) - 128 : random.below(16))));
      packLevels(type, words, K, block, n, part);
      part.levels.forEach((level, t) => {
        matrix[(block * BLOCK_TERMS + t) * columns + n] = Math.fround(level * part.scales[t >> 4]) + part.offset;
      });
    }
  return { words, values: packPanels(matrix, K, columns) };
}

/** A product with its weight packed, and the same with the float32 that stands for. */
export function packedProducts(type: Packed, product: Product, seed: number): { packed: KernelCase; plain: KernelCase } {
  const { given } = productCase(product, seed);
  const columns = product.weightColumns ?? product.columns;
  const { words, values } = packedMatrix(type, product.K, columns, seed);
  const weight = { rows: product.K, columns };
  return {
    packed: { ...given, reads: { ...given.reads, weight: { ...weight, values: words, packed: type } } },
    plain: { ...given, reads: { ...given.reads, weight: { ...weight, values } } },
  };
}

/** Whether what backends read as float32 is what was packed. */
export function expandsTo(type: Packed, K: number, columns: number, seed: number): boolean {
  const { words, values } = packedMatrix(type, K, columns, seed);
  // −0 and 0 are one number.
  return expandPanels(type, words, K, columns).every((value, i) => value === values[i]);
}
