import type { Architecture, BodyNames, ConfigKeys, LayerNames } from './architecture.ts';

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
export function bertNames(prefix: string): BodyNames {
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
  classes: { classifier: 'BertForSequenceClassification', plain: 'BertModel', words: 'BertForMaskedLM' },
  modelType: 'bert',
  prefix: 'bert',
  keys: BERT_KEYS,
  headActivation: 'tanh',
  wordActivation: null,
  positionsAfterPad: false,
  names: { ...bertNames('bert'), dense: 'bert.pooler.dense', classifier: 'classifier' },
  wordNames: {
    dense: 'cls.predictions.transform.dense',
    norm: 'cls.predictions.transform.LayerNorm',
    bias: 'cls.predictions.bias',
    table: 'cls.predictions.decoder.weight',
    // The other half of its training told whether two sentences follow one another.
    spare: [
      'cls.predictions.decoder.bias',
      ...['bert.pooler.dense', 'cls.seq_relationship'].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
    ],
  },
};
