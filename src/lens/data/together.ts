import type { Ask, LogisticCounters, Products, Training } from './newton.ts';

/** A head in training and the product that it waits for. */
interface Waiting {
  readonly head: number;
  readonly training: Training;
  readonly ask: Ask;
}

const KINDS = ['scores', 'gradient', 'precondition'] as const;

/**
 * Trains heads side by side: of those that wait, all that wait for the same product get it in one call, and where one is trained the next
 * takes its place. What is asked of the device depends on the heads alone, not on how quick it is. @throws what the products and trainings throw.
 */
export async function trainTogether(
  products: Products,
  heads: Iterator<Training>,
  batch: number,
  counters: LogisticCounters,
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const trained: Float32Array[] = [];
  let waiting: Waiting[] = [];
  let count = 0;
  const enter = (head: number, training: Training, step: IteratorResult<Ask, Float32Array>) => {
    if (step.done) trained[head] = step.value;
    else waiting.push({ head, training, ask: step.value });
  };
  for (;;) {
    while (waiting.length < batch) {
      const next = heads.next();
      if (next.done) break;
      enter(count++, next.value, next.value.next());
    }
    if (waiting.length === 0) return trained;
    const by = mostAsked(waiting);
    const asked = waiting.filter((w) => w.ask.by === by);
    waiting = waiting.filter((w) => w.ask.by !== by);
    const width = asked[0].ask.vector.length;
    const input = new Float32Array(asked.length * width);
    asked.forEach((w, i) => {
      input.set(w.ask.vector, i * width);
    });
    counters.products += asked.length;
    const output = await products[by].times(input, asked.length, signal);
    const wide = output.length / asked.length;
    asked.forEach(({ head, training }, i) => {
      enter(head, training, training.next(output.subarray(i * wide, (i + 1) * wide)));
    });
  }
}

function mostAsked(waiting: readonly Waiting[]): Ask['by'] {
  const counts = KINDS.map((kind) => waiting.filter((w) => w.ask.by === kind).length);
  return KINDS[counts.indexOf(Math.max(...counts))];
}
