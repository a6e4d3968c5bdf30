import { WebspexError } from '../core/errors.ts';
import { createRandom } from '../core/random.ts';
import type { LabelledFeatures } from '../lens/data/logistic.ts';
import type { Example } from '../lens/examples.ts';

/** As long as the features of a small sentence encoder are. */
const LENGTH = 12;
/** One label in twenty is wrong, so that no head is ever sure of everything. */
const WRONG = 20;
/** Directions along which the clouds lie apart. */
const TELLING = 6;

/** Two clouds that lie apart along a few directions. */
export function clouds(examples: number, width: number): LabelledFeatures {
  const random = createRandom(1, 11);
  const labels = Uint8Array.from({ length: examples }, () => random.below(2));
  const scale = LENGTH / Math.sqrt(width);
  const features = Float32Array.from({ length: examples * width }, (_, at) => {
    const side = 2 * labels[Math.floor(at / width)] - 1;
    return scale * (random.normal() + (at % width < TELLING ? side : 0));
  });
  return { features, width, labels: labels.map((label, i) => (i % WRONG === 0 ? 1 - label : label)) };
}

/** The first `count` texts; where there are fewer, each is followed by one of its label too, then by the one after that, until there are as many. */
export function joined(given: readonly Example[], count: number): Example[] {
  const labels = [...new Set(given.map((e) => e.label))];
  if (labels.length !== 2)
    throw new WebspexError(
      'bad-file',
      `data: expected texts of 2 labels, got ${labels.length} (${labels.slice(0, 5).join(', ')}); give others`,
    );
  const out = given.slice(0, count);
  for (let apart = 1; out.length < count && apart < given.length; apart++)
    for (let i = 0; i + apart < given.length && out.length < count; i++) {
      const [one, other] = [given[i], given[i + apart]];
      if (one.label === other.label) out.push({ label: one.label, text: `${one.text} ${other.text}` });
    }
  return out;
}
