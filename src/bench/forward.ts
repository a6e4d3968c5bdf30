import { type Masks, sliceMasks } from '../core/masks.ts';
import { pairedMasks } from '../core/sample.ts';
import { maskSequences } from '../lens/text/masking.ts';
import { splitPlayers } from '../lens/text/players.ts';
import type { Model, TokenSequences } from '../model/model.ts';
import {
  adapterOf,
  type BenchContext,
  type Benchmark,
  farthest,
  HALF_TOLERANCE,
  measure,
  type Row,
  rounded,
  rowOf,
  spread,
  textOf,
} from './harness.ts';

const MASKS = 256;
/** Runs that count, after one that does not; software is never ranked, so one must do where each takes minutes. */
const RUNS = 3;
/** Backend whose logits the others are compared with, the first where it is not measured. */
const ORACLE = 'reference';
/** Masks whose logits are compared. */
const COMPARED = 8;
/** float32 forward passes of one model agree within this on every backend. */
const LOGIT_TOLERANCE = 1e-4;

function sequencesFor(model: Model, n: number): { masks: Masks; of(masks: Masks): TokenSequences } {
  const split = splitPlayers(model.tokenizer, textOf(n), 'word');
  const masks = pairedMasks(n, MASKS, 7);
  return {
    masks,
    of: (m) => maskSequences(m, split, { kind: 'mask-token' }, model.tokenizer, model.info.maxTokens),
  };
}

/** A row before it is known what its logits are to be compared with. */
interface Measured {
  readonly name: string;
  readonly n: number;
  readonly dtype: Model['info']['dtype'];
  readonly sample: Float32Array;
  readonly row: Row;
}

async function measureOn(model: Model, name: string, n: number, context: BenchContext): Promise<Measured> {
  const { masks, of } = sequencesFor(model, n);
  const { software } = model.device;
  const sample = await model.classify(of(sliceMasks(masks, 0, COMPARED)));
  const before = { ...model.counters };
  const { wall, cpu } = await measure(context, software ? 1 : RUNS, () => model.classify(of(masks)), software);
  const runs = (model.counters.sequences - before.sequences) / MASKS;
  const seconds = spread(wall);
  const row = rowOf({
    id: `forward-${n}-${name}`,
    title: `256 masks of ${n} words`,
    ours: rounded(spread(cpu).median),
    unit: 'cpu-s',
    adapter: adapterOf(model.device),
    commit: context.commit,
    details: {
      masksPerSecond: rounded(MASKS / seconds.median),
      wallSecondsMin: rounded(seconds.min),
      wallSecondsMax: rounded(seconds.max),
      gigaflopsPerPass: rounded((model.counters.matmulFlops - before.matmulFlops) / runs / MASKS / 1e9),
      paddedTokens: model.counters.paddedTokens,
    },
  });
  return { name, n, dtype: model.info.dtype, sample, row };
}

/** The row with what its logits are beside the oracle's. */
function compared({ name, n, dtype, sample, row }: Measured, all: readonly Measured[]): Row {
  const sameLength = all.filter((m) => m.n === n);
  const oracle = sameLength.find((m) => m.name === ORACLE) ?? sameLength[0];
  if (oracle.name === name) return row;
  const maxLogitDifference = farthest(oracle.sample, sample);
  return {
    ...row,
    equal: maxLogitDifference <= (dtype === 'f16' ? HALF_TOLERANCE : LOGIT_TOLERANCE),
    details: { ...row.details, comparedWith: oracle.name, maxLogitDifference },
  };
}

/** Masked forward passes of the embedded model: 16 and 64 words, 256 masks, on each backend. */
export const forward: Benchmark = {
  title: 'masked forward passes, 256 masks of 16 and of 64 words, on each backend',
  async run(context: BenchContext) {
    const measured: Measured[] = [];
    for (const { name, load } of context.backends) {
      const model = await load();
      try {
        for (const n of [16, 64]) {
          context.report(`forward: ${name}, ${n} words`);
          measured.push(await measureOn(model, name, n, context));
        }
      } finally {
        model.destroy();
      }
    }
    return measured.map((m) => compared(m, measured));
  },
};
