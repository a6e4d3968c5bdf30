/** Tensor names of one layer, without `.weight` and `.bias`. */
export interface DecoderLayerNames {
  readonly attentionNorm: string;
  /** Q, K and V: one map whose outputs lie side by side, or three. */
  readonly qkv: string | { readonly query: string; readonly key: string; readonly value: string };
  /** RMS norms of each query and each key head, where the model has them. */
  readonly headNorm: { readonly query: string; readonly key: string } | null;
  readonly projection: string;
  readonly mlpNorm: string;
  /** Null where the MLP is not gated. */
  readonly gate: string | null;
  readonly up: string;
  readonly down: string;
}

export interface DecoderNames {
  readonly word: string;
  /** Null where positions are rotations. */
  readonly position: string | null;
  readonly layer: (layer: number) => DecoderLayerNames;
  readonly norm: string;
  readonly head: string;
}

/** What a config.json calls its numbers; null for those that the architecture does not have. */
export interface DecoderKeys {
  readonly layers: string;
  readonly width: string;
  readonly heads: string;
  readonly keyHeads: string | null;
  readonly headSize: string | null;
  readonly hidden: string;
  readonly activation: string;
  readonly epsilon: string;
  readonly positions: string;
}

/** Whether linear maps have a bias: always, never, or as this key of the file says. */
export type Biased = boolean | string;

/** A causal language model, as plain data: all that tells one from another. */
export interface DecoderArchitecture {
  readonly name: string;
  readonly modelType: string;
  readonly keys: DecoderKeys;
  readonly norm: 'layer-norm' | 'rms-norm';
  /** Linear maps are stored inputs first, as GPT-2's are. */
  readonly inputsFirst: boolean;
  readonly bias: { readonly qkv: Biased; readonly projection: Biased; readonly mlp: Biased };
  /** Whether the head is the word embeddings where the file does not say. */
  readonly tied: boolean;
  /** Key of a number of tokens beyond which a token no longer sees those before it, and the key that must be true for it to count, if any. */
  readonly window: { readonly key: string; readonly unless: string | null } | null;
  /** Prefixes that tensors may have; the one under which the word embeddings are there is taken. */
  readonly prefixes: readonly string[];
  readonly names: (prefix: string) => DecoderNames;
}
