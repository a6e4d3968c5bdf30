import type { Architecture, ConfigKeys, LayerNames, TensorNames } from './architecture.ts';

export const BERT_KEYS: ConfigKeys = {
  layers: 'num_hidden_layers',
  width: 'hidden_size',
  heads: 'num_attention_heads',
  hidden: 'intermediate_size',
  activation: 'hidden_act',
  epsilon: 'layer_norm_eps',
  types: 'type_vocab_size',
  embeddingWidth: null,
};

function layerNames(at: string): LayerNames {
  return {
    query: `${at}.attention.self.query`,
    key: `${at}.attention.self.key`,
    value: `${at}.attention.self.value`,
    projection: `${at}.attention.output.dense`,
    attentionNorm: `${at}.attention.output.LayerNorm`,
    up: `${at}.intermediate.dense`,
    down: `${at}.output.dense`,
    outputNorm: `${at}.output.LayerNorm`,
  };
}

/** Names of everything but the head, under the prefix of a model that is laid out as BERT. */
export function bertNames(prefix: string): Omit<TensorNames, 'dense' | 'classifier'> {
  return {
    word: `${prefix}.embeddings.word_embeddings.weight`,
    position: `${prefix}.embeddings.position_embeddings.weight`,
    type: `${prefix}.embeddings.token_type_embeddings.weight`,
    embeddingNorm: `${prefix}.embeddings.LayerNorm`,
    embeddingProjection: null,
    layer: (layer) => layerNames(`${prefix}.encoder.layer.${layer}`),
  };
}

/** Devlin et al. 2019, arXiv 1810.04805: a pooler with tanh on [CLS]. */
export const BERT: Architecture = {
  name: 'BertForSequenceClassification',
  modelType: 'bert',
  keys: BERT_KEYS,
  headActivation: 'tanh',
  positionsAfterPad: false,
  names: { ...bertNames('bert'), dense: 'bert.pooler.dense', classifier: 'classifier' },
};
