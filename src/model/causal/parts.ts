import type { CausalParts } from './causal.ts';
import type { DecoderConfig } from './config.ts';
import { createRotations } from './rope.ts';
import { decoderWeights, type Storage, type TakeTensor } from './weights.ts';

/** The tensors of a model by name. */
export interface TensorSource {
  has(name: string): boolean;
  /** As float32, checked to have this shape. @throws bad-file naming the tensor. */
  readonly take: TakeTensor;
}

/** Weights and tables of a model from its stored tensors. @throws bad-file. */
export function decoderParts(
  config: DecoderConfig,
  tensors: TensorSource,
  pairing: Storage['pairing'] = 'halves',
): Pick<CausalParts, 'sizes' | 'weights' | 'word' | 'position' | 'rotations' | 'begin' | 'ends'> {
  const { architecture, sizes, bias, rope } = config;
  const { prefixes, names: namesFor, inputsFirst } = architecture;
  const names = namesFor(prefixes.find((prefix) => tensors.has(namesFor(prefix).word)) ?? prefixes[0]);
  const table = [sizes.vocabulary, sizes.width];
  const word = tensors.take(names.word, table);
  // A tied head may lie in the file once more.
  const head = config.tied ? word : tensors.take(names.head, table);
  return {
    sizes,
    word,
    position: names.position === null ? null : tensors.take(names.position, [config.positions, sizes.width]),
    rotations: rope ? createRotations(rope) : null,
    weights: decoderWeights(sizes, { names, inputsFirst, bias, pairing }, tensors.take, head),
    begin: config.begin,
    ends: config.ends,
  };
}
