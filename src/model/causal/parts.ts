import { WebspexError } from '../../core/errors.ts';
import type { CausalParts } from './causal.ts';
import type { DecoderConfig } from './config.ts';
import { createRotations } from './rope.ts';
import { decoderWeights, type Storage, type TakeTensor } from './weights.ts';

/** The tensors of a model by name. */
export interface TensorSource {
  has(name: string): boolean;
  /** As float32, checked to have this shape. @throws bad-file naming the tensor. */
  readonly take: TakeTensor;
  /** @throws bad-file where tensors are left that nobody took, those of `elsewhere` apart. */
  finish?(elsewhere: readonly string[]): void;
}

/**
 * Tables of a model from its stored tensors, and its weights, which are made from them each time they are asked for: `open` gives all tensors
 * anew. @throws bad-file; out-of-memory where they are more than can be had; making weights does too.
 */
export function decoderParts(
  config: DecoderConfig,
  open: () => TensorSource,
  pairing: Storage['pairing'] = 'halves',
): Pick<CausalParts, 'sizes' | 'weights' | 'word' | 'position' | 'rotations' | 'begin' | 'ends'> {
  const { architecture, sizes, bias, rope } = config;
  const { prefixes, names: namesFor, inputsFirst } = architecture;
  const tensors = open();
  const names = namesFor(prefixes.find((prefix) => tensors.has(namesFor(prefix).word)) ?? prefixes[0]);
  const table = [sizes.vocabulary, sizes.width];
  const { word, position } = withinMemory(() => ({
    word: tensors.take(names.word, table),
    position: names.position === null ? null : tensors.take(names.position, [config.positions, sizes.width]),
  }));
  const weights = () => {
    const source = open();
    // A tied head may lie in the file once more.
    const head = config.tied ? word : source.take(names.head, table);
    const made = decoderWeights(sizes, { names, inputsFirst, bias, pairing }, source.take, head);
    source.finish?.(names.position === null ? [names.word] : [names.word, names.position]);
    return made;
  };
  return {
    sizes,
    word,
    position,
    rotations: rope ? createRotations(rope) : null,
    weights: () => withinMemory(weights),
    begin: config.begin,
    ends: config.ends,
  };
}

function withinMemory<T>(make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new WebspexError('out-of-memory', `model: expected memory for its weights, got none (${cause.message}); use a smaller model`, {
      cause,
    });
  }
}
