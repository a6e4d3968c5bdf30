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

/** Tensor names of an encoder; linear maps and norms without `.weight` and `.bias`. */
export interface TensorNames {
  readonly word: string;
  readonly position: string;
  /** Null where the model knows no token types. */
  readonly type: string | null;
  readonly embeddingNorm: string;
  /** From the width of the embeddings to that of the layers, where they differ; null where they never do. */
  readonly embeddingProjection: string | null;
  readonly layer: (layer: number) => LayerNames;
  /** The head's two linear maps of the first token's row. */
  readonly dense: string;
  readonly classifier: string;
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

/** An encoder with a classifier on its first token, as plain data: all that tells one from another. */
export interface Architecture {
  readonly name: string;
  readonly modelType: string;
  readonly keys: ConfigKeys;
  /** Between the head's two linear maps. */
  readonly headActivation: Activation;
  /** Positions are numbered from pad_token_id + 1, where the padding token's own position stands before them. */
  readonly positionsAfterPad: boolean;
  readonly names: TensorNames;
}
