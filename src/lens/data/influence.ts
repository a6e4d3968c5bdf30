import { WebspexError } from '../../core/errors.ts';
import { cholesky, solveCholesky } from '../../core/linalg.ts';
import { isPresent, type Masks } from '../../core/masks.ts';
import { curvatureOf, dot, sigmoid, withOnes } from './curvature.ts';
import type { LabelledFeatures } from './logistic.ts';

/** What each training example does to each tested text, to first order. */
export interface Influences {
  /** Margins of the head of all examples, one for each tested text. */
  readonly margins: Float64Array;
  /** (examples, texts), row-major: how much higher the example's presence makes the text's margin. */
  readonly effects: Float64Array;
}

/**
 * Influence functions of Koh and Liang 2017 (arXiv 1703.04730) for an L2-penalised logistic head, bias penalised too: what one Newton step
 * on the loss without an example does to the margins of tested texts. `head`: (width + 1) weights and bias trained on all examples with this
 * `l2`; `tested`: features (texts, width). @throws usage where the widths do not agree.
 */
export function influencesOf(data: LabelledFeatures, head: ArrayLike<number>, tested: Float32Array, l2 = 1): Influences {
  const { width, labels } = data;
  if (head.length !== width + 1 || tested.length % width !== 0)
    throw new WebspexError(
      'usage',
      `influence: expected a head of ${width + 1} numbers and texts of ${width}, got ${head.length} and ${tested.length} in all; take them from one encoder`,
    );
  const x = withOnes(data.features, width);
  const texts = withOnes(tested, width);
  const count = tested.length / width;
  const own = width + 1;
  const factor = cholesky(curvatureOf(x, { count: labels.length, width: own, stride: own }, head, l2), own);
  const rowOf = (of: Float32Array, r: number) => of.subarray(r * own, (r + 1) * own);
  const residuals = Float64Array.from(labels, (label, i) => sigmoid(dot(rowOf(x, i), head)) - label);
  const margins = new Float64Array(count);
  const effects = new Float64Array(labels.length * count);
  for (let t = 0; t < count; t++) {
    const text = Float64Array.from(rowOf(texts, t));
    margins[t] = dot(text, head);
    const direction = solveCholesky(factor, own, text);
    for (let i = 0; i < labels.length; i++) effects[i * count + t] = -residuals[i] * dot(rowOf(x, i), direction);
  }
  return { margins, effects };
}

/** Margins (masks, texts) as influence functions have them where the absent examples are left out: their effects add up. */
export function influencedMargins({ margins, effects }: Influences, masks: Masks): Float64Array {
  const count = margins.length;
  const out = new Float64Array(masks.count * count);
  for (let r = 0; r < masks.count; r++) {
    const row = out.subarray(r * count, (r + 1) * count);
    row.set(margins);
    for (let i = 0; i < masks.n; i++) if (!isPresent(masks, r, i)) for (let t = 0; t < count; t++) row[t] -= effects[i * count + t];
  }
  return out;
}
