import { type Masks, sliceMasks } from '../core/masks.ts';
import { pairedMasks } from '../core/sample.ts';
import { maskSequences } from '../lens/text/masking.ts';
import { splitPlayers } from '../lens/text/players.ts';
import type { Model, TokenSequences } from '../model/model.ts';
import { type BenchContext, type Benchmark, measure, type Row, rounded, spread } from './harness.ts';

const MASKS = 256;
/** Runs that count on hardware; software is never ranked, so one must do where each takes minutes. */
const HARDWARE_RUNS = 3;
/** Masks whose logits are compared with the first backend's. */
const COMPARED = 8;
/** float32 forward passes of one model agree within this on every backend. */
const LOGIT_TOLERANCE = 1e-4;

/** Sixteen ordinary words; longer texts repeat them, as only the number of tokens matters to the clock. */
const WORDS = 'the film is not without its charms but the plot drags on far too long here'.split(' ');

function sequencesFor(model: Model, n: number): { masks: Masks; of(masks: Masks): TokenSequences } {
  const text = Array.from({ length: n }, (_, i) => WORDS[i % WORDS.length]).join(' ');
  const split = splitPlayers(model.tokenizer, text, 'word');
  const masks = pairedMasks(n, MASKS, 7);
  return {
    masks,
    of: (m) => maskSequences(m, split, { kind: 'mask-token' }, model.tokenizer, model.info.maxTokens),
  };
}

function farthest(a: Float32Array, b: Float32Array): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}

/** Masked forward passes of the embedded model: 16 and 64 words, 256 masks, on each backend. */
export const forward: Benchmark = {
  title: 'masked forward passes, 256 masks of 16 and of 64 words, on each backend',
  async run(context: BenchContext) {
    const rows: Row[] = [];
    const expected = new Map<number, Float32Array>();
    for (const backend of context.backends) {
      const model = await backend.load();
      try {
        for (const n of [16, 64]) {
          context.report(`forward: ${backend.name}, ${n} words`);
          const { masks, of } = sequencesFor(model, n);
          const sample = await model.classify(of(sliceMasks(masks, 0, COMPARED)));
          const known = expected.get(n);
          if (!known) expected.set(n, sample);
          const before = { ...model.counters };
          const { wall, cpu } = await measure(context, model.device.software ? 1 : HARDWARE_RUNS, () => model.classify(of(masks)));
          const runs = (model.counters.sequences - before.sequences) / MASKS;
          const seconds = spread(wall);
          rows.push({
            id: `forward-${n}-${backend.name}`,
            title: `256 masks of ${n} words`,
            ours: rounded(spread(cpu).median),
            peer: null,
            ratio: null,
            unit: 'cpu-s',
            peerName: null,
            equal: known ? farthest(known, sample) <= LOGIT_TOLERANCE : null,
            adapter: model.device.adapter + (model.device.software ? ' (software)' : ''),
            commit: context.commit,
            details: {
              masksPerSecond: rounded(MASKS / seconds.median),
              wallSecondsMin: rounded(seconds.min),
              wallSecondsMax: rounded(seconds.max),
              gigaflopsPerPass: rounded((model.counters.matmulFlops - before.matmulFlops) / runs / MASKS / 1e9),
              paddedTokens: model.counters.paddedTokens,
              ...(known ? { maxLogitDifference: farthest(known, sample) } : {}),
            },
          });
        }
      } finally {
        model.destroy();
      }
    }
    return rows;
  },
};
