import { WebspexError } from '../core/errors.ts';
import { type PipelineLike, pipelineTexts, textRule } from '../lens/pipeline/pipeline.ts';
import { maskedTexts, servedPlayers } from '../lens/served/masked-texts.ts';
import { lockedSpans } from '../lens/text/lock.ts';
import { parseMaskRule } from '../lens/text/masking.ts';
import type { DeviceInfo } from '../model/model.ts';
import { type Explainer, explainerOf } from './explainer.ts';
import { refuseStrayOptions } from './lens-options.ts';
import { everyone } from './prepare.ts';
import { prepareScored } from './scored.ts';

export interface PipelineOptions {
  /** Where the pipeline runs, for the document; default WebAssembly. */
  readonly device?: 'wasm' | 'webgpu';
  /** Name in results; default what its config.json says. */
  readonly id?: string;
}

/**
 * An explainer around a pipeline of transformers.js that classifies texts. Words are masked in the text, which the pipeline's own tokenizer
 * then reads, so units are words, sentences, a regular expression or spans. The pipeline stays its owner's to dispose of.
 * @throws usage, unsupported-model.
 */
export function pipelineExplainer(pipeline: PipelineLike, { device = 'wasm', id }: PipelineOptions = {}): Explainer {
  const texts = pipelineTexts(pipeline);
  const about: DeviceInfo = { backend: device, adapter: 'as transformers.js runs it', software: false };
  const info = {
    id: id ?? texts.id,
    revision: '',
    sha256: '',
    dtype: 'f32' as const,
    architecture: texts.architecture,
    labels: texts.labels ?? [],
    maxTokens: texts.maxTokens,
  };
  return explainerOf({ info, device: about, destroy: () => {} }, async (text, question) => {
    if (question.lens !== undefined && question.lens !== 'text')
      throw new WebspexError('usage', `lens: expected text for a pipeline, got ${question.lens}; leave it out`);
    refuseStrayOptions(question);
    const { units = 'word', lock = 'auto' } = question;
    const split = servedPlayers(text, units, lockedSpans(text, lock, false));
    const mask = question.mask ?? (texts.special.mask === null ? 'remove' : 'mask-token');
    const rule = textRule(parseMaskRule(mask), texts.special);
    return {
      players: split.players,
      locked: split.locked,
      lens: 'text',
      mask,
      units: typeof units === 'string' ? units : JSON.stringify(units),
      ...(await prepareScored(everyone(split), (masks, signal) => texts.scores(maskedTexts(masks, split, rule), signal), question, {
        output: 'logits',
        labels: texts.labels,
        scores: 'logits',
      })),
    };
  });
}
