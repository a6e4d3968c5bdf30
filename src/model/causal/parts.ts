import { WebspexError } from '../../core/errors.ts';
import type { CausalParts } from './causal.ts';
import type { DecoderConfig } from './config.ts';
import { createRotations } from './rope.ts';
import { matrixOf, type StoredMatrix, type WeightType } from './stored.ts';
import { decoderTypes, decoderWeights, type Storage, type TakeMatrix, type TakeTensor } from './weights.ts';

/** The tensors of a model by name. */
export interface TensorSource {
  has(name: string): boolean;
  /** As float32, checked to have this shape. @throws bad-file naming the tensor. */
  readonly take: TakeTensor;
  /** As it is stored; default made of `take`. @throws bad-file naming the tensor. */
  readonly matrix?: TakeMatrix;
  /** How a tensor is stored; default f32. */
  typeOf?(name: string): WeightType;
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
): Pick<CausalParts, 'sizes' | 'types' | 'weights' | 'word' | 'position' | 'rotations' | 'begin' | 'ends'> {
  const { architecture, sizes, bias, rope } = config;
  const { prefixes, names: namesFor, inputsFirst } = architecture;
  const tensors = open();
  const names = namesFor(prefixes.find((prefix) => tensors.has(namesFor(prefix).word)) ?? prefixes[0]);
  const storage = { names, inputsFirst, bias, pairing };
  const { word, position } = withinMemory(() => ({
    word: matrixFrom(tensors)(names.word, sizes.vocabulary, sizes.width, false),
    position: names.position === null ? null : tensors.take(names.position, [config.positions, sizes.width]),
  }));
  const typeOf = (name: string) => tensors.typeOf?.(name) ?? 'f32';
  const types = decoderTypes(sizes, storage, typeOf, typeOf(config.tied ? names.word : names.head));
  // A tied head is read whole when weights are made.
  if (!config.tied) readWhole(word);
  const weights = () => {
    const source = open();
    const matrix = matrixFrom(source);
    // A tied head may lie in the file once more.
    const head = config.tied ? word : matrix(names.head, sizes.vocabulary, sizes.width, false);
    const made = decoderWeights(sizes, storage, types, source.take, matrix, head);
    source.finish?.(names.position === null ? [names.word] : [names.word, names.position]);
    return made;
  };
  return {
    sizes,
    types,
    word,
    position,
    rotations: rope ? createRotations(rope) : null,
    weights: () => withinMemory(weights),
    begin: config.begin,
    ends: config.ends,
  };
}

function matrixFrom(source: TensorSource): TakeMatrix {
  return (name, rows, columns, inputsFirst) =>
    source.matrix?.(name, rows, columns, inputsFirst) ??
    matrixOf(source.take(name, inputsFirst ? [columns, rows] : [rows, columns]), rows, columns, source.typeOf?.(name), inputsFirst);
}

/** @throws bad-file where a number is NaN or infinite. */
function readWhole(matrix: StoredMatrix): void {
  const row = new Float32Array(matrix.columns);
  for (let r = 0; r < matrix.rows; r++) matrix.row(r, row);
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
