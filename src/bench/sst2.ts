import { WebspexError } from '../core/errors.ts';
import { createMasks, setPresent } from '../core/masks.ts';
import { createRandom } from '../core/random.ts';
import { maskSequences } from '../lens/text/masking.ts';
import { splitPlayers } from '../lens/text/players.ts';
import type { Model } from '../model/model.ts';
import type { BenchContext, Benchmark, Row } from './harness.ts';

/** Shares of words masked, with the seed of the masks. */
const RATES = [0, 0.3, 0.6];
const SEED = 1;

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

async function hits(model: Model, sentence: Sentence, rate: number, uniform: () => number): Promise<boolean> {
  const split = splitPlayers(model.tokenizer, sentence.text, 'word');
  const masks = createMasks(split.players.length, 1);
  for (let i = 0; i < masks.n; i++) setPresent(masks, 0, i, uniform() >= rate);
  const sequences = maskSequences(masks, split, { kind: 'mask-token' }, model.tokenizer, model.info.maxTokens);
  const [negative, positive] = await model.classify(sequences);
  return positive > negative === sentence.positive;
}

/** Accuracy of the shipped weights on SST-2 dev, run by this engine; masked words drawn from a fixed seed. */
export const sst2: Benchmark = {
  title: 'accuracy of the embedded model on SST-2 dev (--data dev.tsv), with 0, 30 and 60 % of words masked',
  async run(context: BenchContext) {
    const sentences = readSentences(await context.readText('data'));
    const rows: Row[] = [];
    const model = await context.backends[0].load();
    try {
      for (const rate of RATES) {
        const random = createRandom(SEED);
        let right = 0;
        for (const [i, sentence] of sentences.entries()) {
          if (await hits(model, sentence, rate, random.uniform)) right++;
          if (i % 100 === 99) context.report(`sst2: ${Math.round(100 * rate)} % masked, ${i + 1} of ${sentences.length}`);
        }
        rows.push({
          id: `sst2-${Math.round(100 * rate)}`,
          title: `SST-2 dev, ${Math.round(100 * rate)} % of words masked`,
          ours: Number(((100 * right) / sentences.length).toFixed(2)),
          peer: null,
          ratio: null,
          unit: '% right',
          peerName: null,
          equal: null,
          adapter: model.device.adapter + (model.device.software ? ' (software)' : ''),
          commit: context.commit,
          details: { sentences: sentences.length, seed: SEED, sha256: model.info.sha256 },
        });
      }
    } finally {
      model.destroy();
    }
    return rows;
  },
};
