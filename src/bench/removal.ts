import { sliceMasks } from '../core/masks.ts';
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

const WORDS = 128;
/** On software a few show that all is right. */
const MASKS = { hardware: 10_000, software: 16 };
const RUNS = 3;
/** Masks whose logits are compared between the two precisions. */
const COMPARED = 8;

interface Measured {
  readonly row: Row;
  readonly sample: Float32Array;
}

function removals(model: Model, count: number): (first: number, end: number) => TokenSequences {
  const split = splitPlayers(model.tokenizer, textOf(WORDS), 'word');
  const masks = pairedMasks(WORDS, count, 7);
  return (first, end) => maskSequences(sliceMasks(masks, first, end), split, { kind: 'remove' }, model.tokenizer, model.info.maxTokens);
}

async function measureOn(model: Model, id: string, { commit, ...context }: BenchContext): Promise<Measured> {
  const { software } = model.device;
  const count = software ? MASKS.software : MASKS.hardware;
  const sequences = removals(model, count);
  const sample = await model.classify(sequences(0, COMPARED));
  const all = sequences(0, count);
  const before = model.counters.matmulFlops;
  const { wall } = await measure({ commit, ...context }, software ? 1 : RUNS, () => model.classify(all), software);
  const seconds = spread(wall);
  const passes = (software ? 1 : RUNS + 1) * count;
  const row = rowOf({
    id,
    title: `${count} removals among ${WORDS} words, ${model.info.dtype}`,
    ours: rounded(seconds.median),
    unit: 's',
    adapter: adapterOf(model.device),
    commit,
    details: {
      masksPerSecond: rounded(count / seconds.median),
      gigaflopsPerPass: rounded((model.counters.matmulFlops - before) / passes / 1e9),
      tiling: model.device.tiling ?? '',
    },
  });
  return { row, sample };
}

/** Words removed from a long text, by the clock, on WebGPU alone: in f32, and in f16 where the GPU has it. */
export const removal: Benchmark = {
  title: `WebGPU alone: ${MASKS.hardware.toLocaleString('en')} masks that remove words of ${WORDS}, in f32 and f16`,
  async run(context: BenchContext) {
    const out: Measured[] = [];
    for (const { name, load } of context.backends.filter((b) => b.name.startsWith('webgpu'))) {
      context.report(`removal: ${name}`);
      const model = await load();
      try {
        out.push(await measureOn(model, model.info.dtype === 'f16' ? 'G4' : 'G2', context));
      } finally {
        model.destroy();
      }
    }
    return out.map(({ row, sample }, i) => {
      if (i === 0) return row;
      const maxLogitDifference = farthest(out[0].sample, sample);
      const timesF32 = rounded(out[0].row.ours / row.ours);
      return { ...row, equal: maxLogitDifference <= HALF_TOLERANCE, details: { ...row.details, timesF32, maxLogitDifference } };
    });
  },
};
