import type { Backend } from '../compute/backend.ts';
import { openBackend } from '../compute/open.ts';
import { pairedMasks } from '../core/sample.ts';
import { EMBEDDED_MODEL } from '../embedded.ts';
import { createLogisticTrainer, type LabelledFeatures, type LogisticTrainer } from '../lens/data/logistic.ts';
import { embedTexts } from '../lens/data/training-data.ts';
import { type Example, parseExamples } from '../lens/examples.ts';
import { loadClassifier } from '../model/load.ts';
import { openSource } from '../model/source.ts';
import { type BenchContext, type Benchmark, farthest, measure, type Row, rounded, spread } from './harness.ts';
import { clouds, joined } from './retrain-data.ts';

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
async function rowOf(
  context: BenchContext,
  named: Pick<Row, 'id' | 'title'>,
  data: LabelledFeatures,
  retrainings: number,
  more: Row['details'] = {},
): Promise<Row> {
  const examples = data.labels.length;
  const masks = pairedMasks(examples, retrainings, 1);
  const few = pairedMasks(examples, COMPARED, 1);
  const exact = await withTrainer(data, await openBackend('reference'), (trainer) => trainer.train(few));
  const backend = await openBackend('wasm');
  context.report(`retrain: ${retrainings} heads on ${named.title}, ${backend.info.adapter}`);
  return withTrainer(data, backend, async (trainer) => {
    const apart = farthest(await trainer.train(few), exact);
    const { wall, cpu } = await measure(context, RUNS, () => trainer.train(masks));
    const { newtonSteps, products, retrainings: all } = trainer.counters;
    return {
      ...named,
      ours: rounded(retrainings / spread(wall).median),
      peer: null,
      ratio: null,
      unit: 'retrainings/s',
      peerName: null,
      equal: apart <= EQUAL,
      adapter: backend.info.adapter,
      commit: context.commit,
      details: {
        ...more,
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

/** Synthetic features, the hard case: noise in all directions but six. */
export async function cloudsRow(context: BenchContext, size: RetrainSize): Promise<Row> {
  const title = `${size.examples} examples × ${size.features} features, two clouds of noise`;
  return rowOf(context, { id: `retrain-clouds-${size.examples}`, title }, clouds(size.examples, size.features), size.retrainings);
}

/** What the lens is asked: texts of two labels as the embedded model sees them, as many as `examples`; where there are fewer, joined ones too. */
export async function textsRow(
  context: BenchContext,
  given: readonly Example[],
  { examples, retrainings }: Omit<RetrainSize, 'features'>,
): Promise<Row> {
  const texts = joined(given, examples);
  const backend = await openBackend('wasm');
  try {
    context.report(`retrain: embedding ${texts.length} texts, ${backend.info.adapter}`);
    const model = await loadClassifier(openSource(EMBEDDED_MODEL), { backend, head: 'none' });
    const width = model.info.labels.length;
    const features = await embedTexts(
      model,
      texts.map(({ text }) => text),
    );
    const labels = Uint8Array.from(texts, ({ label }) => Number(label === texts[0].label));
    const title = `${texts.length} texts × ${width} features of the embedded model`;
    const more = { given: Math.min(given.length, examples), joined: Math.max(0, texts.length - given.length) };
    return await rowOf(context, { id: `retrain-texts-${texts.length}`, title }, { features, width, labels }, retrainings, more);
  } finally {
    backend.destroy();
  }
}

/** The logistic head of lens `data`, trained anew for random halves of its examples, in WebAssembly on all its threads. */
export const retrain: Benchmark = {
  title: `retrainings a second of a logistic head (${SIZE.examples} examples × ${SIZE.features} features, ${SIZE.retrainings} random halves); with --data of these texts too`,
  async run(context) {
    const rows: Row[] = [];
    if (context.hasText?.('data')) rows.push(await textsRow(context, parseExamples(await context.readText('data'), 'data'), SIZE));
    rows.push(await cloudsRow(context, SIZE));
    return rows;
  },
};
