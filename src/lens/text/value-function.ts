import { WebspexError } from '../../core/errors.ts';
import type { ValueFunction } from '../../core/masks.ts';
import type { Model } from '../../model/model.ts';
import { type MaskRule, maskSequences } from './masking.ts';
import type { TextPlayers } from './players.ts';

export const SCALARS = ['log-odds', 'logit', 'log-prob', 'prob'] as const;
/** Which number of the logits is explained; log-odds = z_t − logsumexp of the other logits. */
export type Scalar = (typeof SCALARS)[number];

/** The named scalar, in place or by default. @throws usage. */
export function parseScalar(given: string | undefined): Scalar {
  const found = SCALARS.find((s) => s === (given ?? 'log-odds'));
  if (!found) throw new WebspexError('usage', `scalar: expected ${SCALARS.join(', ')}, got ${given}; choose one of them`);
  return found;
}

function logSumExp(logits: Float32Array, from: number, count: number, without: number): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) if (i !== without) top = Math.max(top, logits[from + i]);
  let sum = 0;
  for (let i = 0; i < count; i++) if (i !== without) sum += Math.exp(logits[from + i] - top);
  return top + Math.log(sum);
}

/** The scalar of one row of logits. */
export function scalarOf(logits: Float32Array, row: number, labels: number, target: number, scalar: Scalar): number {
  const from = row * labels;
  const z = logits[from + target];
  if (scalar === 'logit') return z;
  if (scalar === 'log-odds') return z - logSumExp(logits, from, labels, target);
  const log = z - logSumExp(logits, from, labels, -1);
  return scalar === 'log-prob' ? log : Math.exp(log);
}

function listed(labels: readonly string[]): string {
  return labels.slice(0, 20).join(', ') + (labels.length > 20 ? ` and ${labels.length - 20} more` : '');
}

/** @throws non-finite naming the mask. */
export function checkFinite(logits: Float32Array, row: number, labels: number): void {
  for (let i = row * labels; i < (row + 1) * labels; i++)
    if (!Number.isFinite(logits[i]))
      throw new WebspexError(
        'non-finite',
        `model: expected finite logits, got ${logits[i]} for mask ${row} of the batch; nothing was imputed, try another device`,
      );
}

/**
 * The label to explain: the one named (exactly, else in any case) or numbered, or the one predicted from the logits (labels) of the whole
 * text. @throws usage listing the labels; non-finite where a logit is not a number.
 */
export function resolveTarget(labels: readonly string[], wanted: string | undefined, logits: Float32Array): number {
  checkFinite(logits, 0, labels.length);
  if (wanted === undefined) {
    let best = 0;
    for (let i = 1; i < labels.length; i++) if (logits[i] > logits[best]) best = i;
    return best;
  }
  const exact = labels.indexOf(wanted);
  const named = exact >= 0 ? exact : labels.findIndex((l) => l.toLowerCase() === wanted.toLowerCase());
  const target = named >= 0 ? named : /^\d+$/.test(wanted) ? Number(wanted) : -1;
  if (target < 0 || target >= labels.length)
    throw new WebspexError('usage', `target: expected one of ${listed(labels)}, got ${wanted}; choose one of them`);
  return target;
}

/** The value function of a text: masks → the scalar of the target's logits. @throws non-finite naming the mask, and as `maskSequences`. */
export function textValueFunction(
  model: Model,
  split: TextPlayers,
  options: { target: number; scalar: Scalar; rule: MaskRule },
): ValueFunction {
  const labels = model.info.labels.length;
  return async (masks, { signal } = {}) => {
    const sequences = maskSequences(masks, split, options.rule, model.tokenizer, model.info.maxTokens);
    const logits = await model.classify(sequences, { signal });
    return Float32Array.from({ length: masks.count }, (_, r) => {
      checkFinite(logits, r, labels);
      return scalarOf(logits, r, labels, options.target, options.scalar);
    });
  };
}
