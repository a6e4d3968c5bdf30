import type { Architecture } from './architecture.ts';
import { BERT_KEYS, bertNames } from './bert.ts';

/** Liu et al. 2019, arXiv 1907.11692: BERT's layers, positions after the padding token's, and the pooler inside the head. */
export const ROBERTA: Architecture = {
  classes: { classifier: 'RobertaForSequenceClassification', plain: 'RobertaModel', words: 'RobertaForMaskedLM' },
  modelType: 'roberta',
  prefix: 'roberta',
  keys: BERT_KEYS,
  headActivation: 'tanh',
  wordActivation: 'gelu',
  positionsAfterPad: true,
  names: { ...bertNames('roberta'), dense: 'classifier.dense', classifier: 'classifier.out_proj' },
  wordNames: {
    dense: 'lm_head.dense',
    norm: 'lm_head.layer_norm',
    bias: 'lm_head.bias',
    table: 'lm_head.decoder.weight',
    spare: ['lm_head.decoder.bias', 'roberta.pooler.dense.weight', 'roberta.pooler.dense.bias'],
  },
};

/** Conneau et al. 2020, arXiv 1911.02116: RoBERTa in a hundred languages, down to the names of its tensors. */
export const XLM_ROBERTA: Architecture = {
  ...ROBERTA,
  classes: { classifier: 'XLMRobertaForSequenceClassification', plain: 'XLMRobertaModel', words: 'XLMRobertaForMaskedLM' },
  modelType: 'xlm-roberta',
};
