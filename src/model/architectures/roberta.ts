import type { Architecture } from './architecture.ts';
import { BERT_KEYS, bertNames } from './bert.ts';

/** Liu et al. 2019, arXiv 1907.11692: BERT's layers, positions after the padding token's, and the pooler inside the head. */
export const ROBERTA: Architecture = {
  name: 'RobertaForSequenceClassification',
  modelType: 'roberta',
  keys: BERT_KEYS,
  headActivation: 'tanh',
  positionsAfterPad: true,
  names: { ...bertNames('roberta'), dense: 'classifier.dense', classifier: 'classifier.out_proj' },
};

/** Conneau et al. 2020, arXiv 1911.02116: RoBERTa in a hundred languages, down to the names of its tensors. */
export const XLM_ROBERTA: Architecture = { ...ROBERTA, name: 'XLMRobertaForSequenceClassification', modelType: 'xlm-roberta' };
