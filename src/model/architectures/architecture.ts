import type { Activation } from '../../compute/kernels.ts';

/** Tensor names of one layer, without `.weight` and `.bias`. */
export interface LayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly projection: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly outputNorm: string;
}

/** Tensor names of an encoder's embeddings and layers; linear maps and norms without `.weight` and `.bias`. */
export interface BodyNames {
  readonly word: string;
  readonly position: string;
  /** Null where the model knows no token types. */
  readonly type: string | null;
  readonly embeddingNorm: string;
  /** From the width of the embeddings to that of the layers, where they differ; null where they never do. */
  readonly embeddingProjection: string | null;
  readonly layer: (layer: number) => LayerNames;
}

/** Those of an encoder with a classifier. */
export interface TensorNames extends BodyNames {
  /** The head's two linear maps of the first token's row. */
  readonly dense: string;
  readonly classifier: string;
}

/** Tensor names of a head that names the word in a blank: a linear map, an activation and a norm, then the table of words and a bias for each. */
export interface WordHeadNames {
  readonly dense: string;
  readonly norm: string;
  /** Of the table that leads to the words: a bias, and a copy of the table, which old files carry. */
  readonly bias: string;
  readonly table: string;
  /** Copies of the bias, and heads that are for training alone. */
  readonly spare: readonly string[];
}

/** What a config.json calls its numbers; null for those that the architecture does not have. */
export interface ConfigKeys {
  readonly layers: string;
  readonly width: string;
  readonly heads: string;
  readonly hidden: string;
  readonly activation: string;
  /** Null: 1e-12, whatever the file says. */
  readonly epsilon: string | null;
  readonly types: string | null;
  readonly embeddingWidth: string | null;
}

/** What stands on an encoder: a classifier on its first token, nothing, or a head that names the word in a blank. */
export type HeadKind = 'classifier' | 'plain' | 'words';

/** An encoder, as plain data: all that tells one from another. */
export interface Architecture {
  /** As config.json names it, by what stands on it. */
  readonly classes: Readonly<Record<HeadKind, string>>;
  readonly modelType: string;
  /** What the names of its tensors begin with, unless it is plain. */
  readonly prefix: string;
  readonly keys: ConfigKeys;
  /** Between the head's two linear maps. */
  readonly headActivation: Activation;
  /** Before the norm of the head that names words; null: that of the layers. */
  readonly wordActivation: Activation | null;
  /** Positions are numbered from pad_token_id + 1, where the padding token's own position stands before them. */
  readonly positionsAfterPad: boolean;
  readonly names: TensorNames;
  readonly wordNames: WordHeadNames;
}
