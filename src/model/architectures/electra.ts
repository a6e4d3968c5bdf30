import type { Architecture } from './architecture.ts';
import { BERT_KEYS, bertNames } from './bert.ts';

/** Clark et al. 2020, arXiv 2003.10555, discriminator and generator: embeddings of a width of their own, and heads with gelu. */
export const ELECTRA: Architecture = {
  classes: { classifier: 'ElectraForSequenceClassification', plain: 'ElectraModel', words: 'ElectraForMaskedLM' },
  modelType: 'electra',
  prefix: 'electra',
  keys: { ...BERT_KEYS, embeddingWidth: 'embedding_size' },
  // Whatever hidden_act is.
  headActivation: 'gelu',
  wordActivation: 'gelu',
  positionsAfterPad: false,
  names: {
    ...bertNames('electra'),
    embeddingProjection: 'electra.embeddings_project',
    dense: 'classifier.dense',
    classifier: 'classifier.out_proj',
  },
  wordNames: {
    dense: 'generator_predictions.dense',
    norm: 'generator_predictions.LayerNorm',
    bias: 'generator_lm_head.bias',
    table: 'generator_lm_head.weight',
    spare: [],
  },
};
