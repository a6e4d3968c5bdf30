import { WebspexError } from '../core/errors.ts';
import { sliceMasks } from '../core/masks.ts';
import { pairedMasks } from '../core/sample.ts';
import { continued } from '../lens/text/causal-value.ts';
import { maskSequences } from '../lens/text/masking.ts';
import type { CausalModel, DeviceInfo, ScoredSequences } from '../model/model.ts';
import type { BackendName } from './backends.ts';
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
} from './harness.ts';
import { type Asked, LONG, promptFor, SHORT } from './masked-prompts.ts';

/** On software a few show that all is right. */
const MASKS = { hardware: 10_000, wasm: 256, software: 8 };
const RUNS = 3;
/** Masks whose log-probabilities are compared, each asked by itself. */
const COMPARED = 8;
/** Thirty layers in float32 on both sides, sums in another order. */
const FLOAT32_TOLERANCE = 2e-4;
/** Measured where nothing else is: float64 takes minutes, and half precision halves float32 weights alone, which few files have. */
const ASKED_ALONE: readonly BackendName[] = ['reference', 'webgpu-fp16'];
/** A row of each on every backend. */
const CASES: readonly Asked[] = [SHORT, LONG];

function masksOn({ backend, software }: DeviceInfo): number {
  if (backend === 'wasm') return MASKS.wasm;
  return software ? MASKS.software : MASKS.hardware;
}

interface Questions {
  /** Tokens of the whole prompt. */
  readonly whole: number;
  /** Maskings of it, and the token after each that is scored. */
  of(first: number, end: number): ScoredSequences;
}

/** Distinct maskings with words removed; fewer of them are the first of more. */
async function questionsOf(model: CausalModel, asked: Asked, count: number): Promise<Questions> {
  const { split, tokenizer, answer } = await promptFor(model, asked);
  if (split.players.length !== asked.words || answer.length === 0)
    throw new WebspexError(
      'unsupported-model',
      `bench prompt: expected a tokenizer that gives ${asked.words} words and an answer, got ${split.players.length} words and ${answer.length} tokens; use a model of English`,
    );
  const masks = pairedMasks(asked.words, count, 7);
  const last = { text: '', ids: answer.subarray(0, 1) };
  return {
    whole: split.encoding.ids.length,
    of: (first, end) =>
      continued(maskSequences(sliceMasks(masks, first, end), split, { kind: 'remove' }, tokenizer, model.info.maxTokens - 1), [last]),
  };
}

interface Measured {
  readonly row: Row;
  /** What the run that was timed gave for the first masks. */
  readonly sample: Float64Array;
}

async function measureOn(model: CausalModel, name: string, asked: Asked, context: BenchContext): Promise<Measured> {
  const { counters, device } = model;
  const { software } = device;
  const count = masksOn(device);
  const questions = await questionsOf(model, asked, count);
  const sequences = questions.of(0, count);
  const before = { ...counters };
  const { wall, cpu, last } = await measure(context, software ? 1 : RUNS, () => model.score(sequences), software);
  const runs = software ? 1 : RUNS + 1;
  const seconds = spread(wall);
  const tokens = (counters.tokens - before.tokens) / runs;
  // The token that is scored is never read.
  const all = sequences.ids.length - count;
  const row = rowOf({
    id: `G3-${asked.words}-${name}`,
    title: `${count} masks of ${asked.words} words in a prompt of ${questions.whole} tokens, ${model.info.dtype}`,
    ours: rounded(seconds.median),
    unit: 's',
    adapter: adapterOf(device),
    commit: context.commit,
    details: {
      masksPerSecond: rounded(count / seconds.median),
      wallSecondsMin: rounded(seconds.min),
      wallSecondsMax: rounded(seconds.max),
      cpuSeconds: rounded(spread(cpu).median),
      gigaflopsPerPass: rounded((counters.matmulFlops - before.matmulFlops) / runs / count / 1e9),
      tokens: all,
      tokensComputed: tokens,
      shareComputed: rounded(tokens / all),
      chunks: (counters.chunks - before.chunks) / runs,
      model: model.info.id,
      tiling: device.tiling ?? '',
    },
  });
  return { row, sample: last.logProbs.slice(0, COMPARED) };
}

/** The same masks one at a time, so that none shares anything with another: of each case. */
async function askedAlone(model: CausalModel): Promise<Float64Array[]> {
  const out: Float64Array[] = [];
  for (const asked of CASES) {
    const questions = await questionsOf(model, asked, COMPARED);
    const alone = new Float64Array(COMPARED);
    for (let m = 0; m < COMPARED; m++) alone.set((await model.score(questions.of(m, m + 1))).logProbs, m);
    out.push(alone);
  }
  return out;
}

/** A model for as long as it is worked with. */
async function using<T>(loading: Promise<CausalModel>, work: (model: CausalModel) => Promise<T>): Promise<T> {
  const model = await loading;
  try {
    return await work(model);
  } finally {
    model.destroy();
  }
}

/** Masked prompts of a causal model by the clock: a short one, of which much is shared, and a long one, of which little is. */
export const prompt: Benchmark = {
  title: `--model: ${MASKS.hardware.toLocaleString('en')} masks that remove words of a causal model’s prompt, 16 words or 128, on each backend; ${MASKS.wasm} in WebAssembly`,
  async run(context: BenchContext) {
    const { loadCausal } = context;
    if (!loadCausal) throw new WebspexError('usage', 'bench prompt: expected --model FILE, got none; name a causal model');
    const all = context.backends.map(({ name }) => name as BackendName);
    const names = all.length > 1 ? all.filter((name) => !ASKED_ALONE.includes(name)) : all;
    const right = new Map<BackendName, Float64Array[]>();
    const rows: Row[] = [];
    for (const name of names) {
      const measured = await using(loadCausal(name), async (model) => {
        const out: Measured[] = [];
        for (const asked of CASES) {
          context.report(`prompt: ${name}, ${asked.words} words`);
          out.push(await measureOn(model, name, asked, context));
        }
        return out;
      });
      // A GPU is compared with WebAssembly, and the CPU with float64.
      const comparedWith = name.startsWith('webgpu') ? 'wasm' : 'reference';
      context.report(`prompt: ${name} beside ${comparedWith}, ${COMPARED} masks one at a time`);
      const alone = right.get(comparedWith) ?? (await using(loadCausal(comparedWith), askedAlone));
      right.set(comparedWith, alone);
      measured.forEach(({ row, sample }, i) => {
        const maxLogProbDifference = farthest(alone[i], sample);
        const equal = maxLogProbDifference <= (name === 'webgpu-fp16' ? HALF_TOLERANCE : FLOAT32_TOLERANCE);
        rows.push({ ...row, equal, details: { ...row.details, comparedWith, maxLogProbDifference } });
      });
    }
    return rows;
  },
};
