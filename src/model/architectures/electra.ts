import type { Architecture } from './architecture.ts';
import { BERT_KEYS, bertNames } from './bert.ts';

/** Clark et al. 2020, arXiv 2003.10555, the discriminator: embeddings of a width of their own, and a head with gelu. */
export const ELECTRA: Architecture = {
  name: 'ElectraForSequenceClassification',
  modelType: 'electra',
  keys: { ...BERT_KEYS, embeddingWidth: 'embedding_size' },
  // Whatever hidden_act is.
  headActivation: 'gelu',
  positionsAfterPad: false,
  names: {
    ...bertNames('electra'),
    embeddingProjection: 'electra.embeddings_project',
    dense: 'classifier.dense',
    classifier: 'classifier.out_proj',
  },
};
