import { WebspexError } from '../core/errors.ts';
import { createMasks, setPresent } from '../core/masks.ts';
import { createRandom } from '../core/random.ts';
import { maskSequences } from '../lens/text/masking.ts';
import { splitPlayers } from '../lens/text/players.ts';
import type { Model, TokenSequences } from '../model/model.ts';
import { adapterOf, type BenchContext, type Benchmark, type Row, rounded, rowOf } from './harness.ts';

/** Shares of words masked, with the seed of the masks. */
const RATES = [0, 0.3, 0.6];
const SEED = 1;
/** Maskings of the whole set at a rate above 0, of which the mean counts: one alone is good to 1.3 points. */
const MASKINGS = 3;
/** Sentences to a call. */
const BATCH = 100;

interface Sentence {
  readonly text: string;
  readonly positive: boolean;
}

/** Rows of a tab-separated file with a header naming `label` and one more column, in either order. @throws bad-file. */
export function readSentences(file: string): Sentence[] {
  const [header, ...lines] = file.split(/\r?\n/).filter((l) => l.includes('\t'));
  const label = (header ?? '').split('\t').indexOf('label');
  if (label < 0)
    throw new WebspexError('bad-file', 'SST-2: expected a header with a column named label, got none; give the dev.tsv of GLUE');
  return lines.map((line) => {
    const cells = line.split('\t');
    return { text: cells[1 - label].trim(), positive: cells[label] === '1' };
  });
}

/** Sentences with words masked at this rate, end to end as one call takes them. */
function maskedSentences(model: Model, sentences: readonly Sentence[], rate: number, uniform: () => number): TokenSequences {
  const ids: number[] = [];
  const offsets = [0];
  for (const { text } of sentences) {
    const split = splitPlayers(model.tokenizer, text, 'word');
    const masks = createMasks(split.players.length, 1);
    for (let i = 0; i < masks.n; i++) setPresent(masks, 0, i, uniform() >= rate);
    const one = maskSequences(masks, split, { kind: 'mask-token' }, model.tokenizer, model.info.maxTokens);
    for (const id of one.ids) ids.push(id);
    offsets.push(ids.length);
  }
  return { ids: Uint32Array.from(ids), offsets: Uint32Array.from(offsets) };
}

/** How many sentences the model gets right in one masking at this rate. */
async function countRight(
  model: Model,
  sentences: readonly Sentence[],
  rate: number,
  masking: number,
  context: BenchContext,
): Promise<number> {
  const { uniform } = createRandom(SEED, masking);
  let right = 0;
  for (let start = 0; start < sentences.length; start += BATCH) {
    const batch = sentences.slice(start, start + BATCH);
    const logits = await model.classify(maskedSentences(model, batch, rate, uniform));
    batch.forEach(({ positive }, i) => {
      if (logits[2 * i + 1] > logits[2 * i] === positive) right++;
    });
    context.report(`sst2: ${Math.round(100 * rate)} % masked, masking ${masking + 1}, ${start + batch.length} of ${sentences.length}`);
  }
  return right;
}

/** Accuracy of the shipped weights on SST-2 dev, run by this engine on the quickest backend; masked words drawn from a fixed seed. */
export const sst2: Benchmark = {
  title: 'accuracy of the embedded model on SST-2 dev (--data dev.tsv), with 0, 30 and 60 % of words masked',
  async run(context: BenchContext) {
    const sentences = readSentences(await context.readText('data'));
    const rows: Row[] = [];
    const [{ name, load }] = context.backends;
    context.report(`sst2: on ${name}`);
    const model = await load();
    try {
      for (const rate of RATES) {
        const used = context.cpuSeconds();
        const right: number[] = [];
        for (let m = 0; m < (rate > 0 ? MASKINGS : 1); m++) right.push(await countRight(model, sentences, rate, m, context));
        const percent = right.map((r) => Number(((100 * r) / sentences.length).toFixed(2)));
        rows.push(
          rowOf({
            id: `sst2-${Math.round(100 * rate)}`,
            title: `SST-2 dev, ${Math.round(100 * rate)} % of words masked`,
            ours: Number((percent.reduce((a, b) => a + b, 0) / percent.length).toFixed(2)),
            unit: '% right',
            adapter: adapterOf(model.device),
            commit: context.commit,
            details: {
              backend: name,
              sentences: sentences.length,
              seed: SEED,
              maskings: percent.join(', '),
              cpuSeconds: rounded(context.cpuSeconds() - used),
              sha256: model.info.sha256,
            },
          }),
        );
      }
    } finally {
      model.destroy();
    }
    return rows;
  },
};
