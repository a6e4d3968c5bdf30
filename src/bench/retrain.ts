import type { Backend } from '../compute/backend.ts';
import { openBackend } from '../compute/open.ts';
import type { Masks } from '../core/masks.ts';
import { createRandom } from '../core/random.ts';
import { pairedMasks } from '../core/sample.ts';
import { createLogisticTrainer, type LabelledFeatures, type LogisticTrainer } from '../lens/data/logistic.ts';
import { type BenchContext, type Benchmark, farthest, measure, type Row, rounded, spread } from './harness.ts';

export interface RetrainSize {
  readonly examples: number;
  readonly features: number;
  readonly retrainings: number;
}

const RUNS = 3;
const SIZE: RetrainSize = { examples: 1000, features: 384, retrainings: 512 };
/** Heads that are trained in float64 too, and how far their weights may lie apart: see the trainer. */
const COMPARED = 4;
const EQUAL = 1e-3;
/** As long as the features of a small sentence encoder are. */
const LENGTH = 12;
/** One label in twenty is wrong, so that no head is ever sure of everything. */
const WRONG = 20;

/** Two clouds that lie apart along a few directions. */
function clouds({ examples, features: width }: RetrainSize): LabelledFeatures {
  const random = createRandom(1, 11);
  const labels = Uint8Array.from({ length: examples }, () => random.below(2));
  const scale = LENGTH / Math.sqrt(width);
  const features = Float32Array.from({ length: examples * width }, (_, at) => {
    const side = 2 * labels[Math.floor(at / width)] - 1;
    return scale * (random.normal() + (at % width < 6 ? side : 0));
  });
  return { features, width, labels: labels.map((label, i) => (i % WRONG === 0 ? 1 - label : label)) };
}

async function withTrainer<T>(data: LabelledFeatures, backend: Backend, work: (trainer: LogisticTrainer) => Promise<T>): Promise<T> {
  try {
    const trainer = await createLogisticTrainer(data, backend);
    const result = await work(trainer);
    trainer.destroy();
    return result;
  } finally {
    backend.destroy();
  }
}

/** Retrainings a second of a logistic head on all threads, beside those of one CPU-second; a few are compared with float64. */
export async function retrainRow(context: BenchContext, size: RetrainSize): Promise<Row> {
  const { examples, features, retrainings } = size;
  const data = clouds(size);
  const masks = pairedMasks(examples, retrainings, 1);
  const few: Masks = pairedMasks(examples, COMPARED, 1);
  const exact = await withTrainer(data, await openBackend('reference'), (trainer) => trainer.train(few));
  const backend = await openBackend('wasm');
  context.report(`retrain: ${retrainings} heads on ${examples} examples, ${backend.info.adapter}`);
  return withTrainer(data, backend, async (trainer) => {
    const apart = farthest(await trainer.train(few), exact);
    const { wall, cpu } = await measure(context, RUNS, () => trainer.train(masks));
    const { newtonSteps, products, retrainings: all } = trainer.counters;
    return {
      id: `retrain-${examples}`,
      title: `${examples} examples × ${features} features`,
      ours: rounded(retrainings / spread(wall).median),
      peer: null,
      ratio: null,
      unit: 'retrainings/s',
      peerName: null,
      equal: apart <= EQUAL,
      adapter: backend.info.adapter,
      commit: context.commit,
      details: {
        perCpuSecond: rounded(retrainings / spread(cpu).median),
        cpuSeconds: rounded(spread(cpu).median),
        least: rounded(spread(cpu).min),
        most: rounded(spread(cpu).max),
        stepsEach: rounded(newtonSteps / all),
        productsEach: rounded(products / all),
        apart: Number(apart.toExponential(1)),
      },
    };
  });
}

/** The logistic head of lens `data`, trained anew for random halves of its examples, in WebAssembly on all its threads. */
export const retrain: Benchmark = {
  title: `retrainings a second of a logistic head (${SIZE.examples} examples × ${SIZE.features} features, ${SIZE.retrainings} random halves)`,
  run: async (context) => [await retrainRow(context, SIZE)],
};
