import type { Architecture, LayerNames } from './architecture.ts';

function layerNames(at: string): LayerNames {
  return {
    query: `${at}.attention.q_lin`,
    key: `${at}.attention.k_lin`,
    value: `${at}.attention.v_lin`,
    projection: `${at}.attention.out_lin`,
    attentionNorm: `${at}.sa_layer_norm`,
    up: `${at}.ffn.lin1`,
    down: `${at}.ffn.lin2`,
    outputNorm: `${at}.output_layer_norm`,
  };
}

/** Sanh et al. 2019, arXiv 1910.01108: no token types, and a head with relu in the pooler's place. */
export const DISTILBERT: Architecture = {
  classes: { classifier: 'DistilBertForSequenceClassification', plain: 'DistilBertModel', words: 'DistilBertForMaskedLM' },
  modelType: 'distilbert',
  prefix: 'distilbert',
  keys: {
    layers: 'n_layers',
    width: 'dim',
    heads: 'n_heads',
    hidden: 'hidden_dim',
    activation: 'activation',
    epsilon: null,
    types: null,
    embeddingWidth: null,
  },
  headActivation: 'relu',
  wordActivation: null,
  positionsAfterPad: false,
  names: {
    word: 'distilbert.embeddings.word_embeddings.weight',
    position: 'distilbert.embeddings.position_embeddings.weight',
    type: null,
    embeddingNorm: 'distilbert.embeddings.LayerNorm',
    embeddingProjection: null,
    layer: (layer) => layerNames(`distilbert.transformer.layer.${layer}`),
    dense: 'pre_classifier',
    classifier: 'classifier',
  },
  wordNames: {
    dense: 'vocab_transform',
    norm: 'vocab_layer_norm',
    bias: 'vocab_projector.bias',
    table: 'vocab_projector.weight',
    spare: [],
  },
};
