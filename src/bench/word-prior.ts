import { WebspexError } from '../core/errors.ts';
import { type Masks, sliceMasks } from '../core/masks.ts';
import { pairedMasks } from '../core/sample.ts';
import { prepareClassifier } from '../explain/prepare.ts';
import { expectedInfluences, type WordPrior, withText } from '../explain/word-prior.ts';
import { gp, predictGp } from '../gp/gp.ts';
import { logInfluencesOf } from '../gp/hyper.ts';
import { parseExamples } from '../lens/examples.ts';
import { splitPlayers } from '../lens/text/players.ts';
import type { Model } from '../model/model.ts';
import { rSquared } from '../spectrum/cross-validate.ts';
import { adapterOf, type BenchContext, type Benchmark, type Row, rounded, rowOf, spread } from './harness.ts';

/** Masks of each text that are learned from, and of those the first that a text is explained from. */
const LEARNED = 500;
const BUDGETS = [64, 124, 250, LEARNED];
/** Further masks that grade. */
const FRESH = 250;
const SEED = 7;
/** Words of the texts that count: fewer have few masks, more take long. */
const FEWEST = 16;
const MOST = 48;
/** Texts that are measured, the first of the file. */
const TEXTS = 30;

interface Asked {
  readonly text: string;
  readonly masks: Masks;
  readonly values: Float32Array;
  readonly unseen: Masks;
  readonly truth: Float32Array;
  /** Its own part of a prior. */
  readonly said: WordPrior;
}

/** Passes of one text, and what the Gaussian process makes of its words. */
async function ask(model: Model, text: string): Promise<Asked> {
  const { players, valueFunction } = await prepareClassifier(model, text, {});
  const n = players.length;
  // One draw: none of those that grade is among the others.
  const all = pairedMasks(n, LEARNED + FRESH, SEED);
  const masks = sliceMasks(all, 0, LEARNED);
  const unseen = sliceMasks(all, LEARNED, all.count);
  const [values, truth] = [await valueFunction(masks), await valueFunction(unseen)];
  const { end } = await gp(masks, values, { seed: SEED });
  const fit = { influences: end && [...logInfluencesOf(end.at, n)] } as Parameters<typeof withText>[1]['fit'];
  return { text, masks, values, unseen, truth, said: withText(null, { text, lens: 'text', players, model: model.info, fit }, model) };
}

/** R² of a text from its first masks, with what the others say of words and without. */
async function gradesOf(asked: Asked, others: readonly Asked[], model: Model): Promise<[with_: number, without: number][]> {
  const prior = { ...asked.said, texts: others.flatMap(({ said }) => said.texts) };
  const expected = expectedInfluences(prior, model, splitPlayers(model.tokenizer, asked.text));
  const out: [number, number][] = [];
  for (const budget of BUDGETS) {
    const masks = sliceMasks(asked.masks, 0, budget);
    const values = asked.values.subarray(0, budget);
    const r2 = async (influences?: ArrayLike<number>) =>
      rSquared((await predictGp(masks, values, asked.unseen, { seed: SEED, influences })).means, asked.truth);
    out.push([await r2(expected?.influences), await r2()]);
  }
  return out;
}

/** What other texts of a model are worth: R² of the Gaussian process with a word prior of all others, and without. */
export const wordPrior: Benchmark = {
  title: 'R² at few passes where the Gaussian process begins from what other texts say of which words matter, and without',
  async run(context: BenchContext): Promise<Row[]> {
    const [quickest] = context.backends;
    if (!quickest) return [];
    const model = await quickest.load();
    try {
      const examples = parseExamples(await context.readText('data'), 'data');
      const texts = examples
        .map(({ text }) => text)
        .filter((text) => isMeasured(text, model))
        .slice(0, TEXTS);
      if (texts.length < 6)
        throw new WebspexError(
          'bad-file',
          `data: expected at least 6 texts of ${FEWEST} to ${MOST} words, got ${texts.length}; give others`,
        );
      const asked: Asked[] = [];
      for (const [i, text] of texts.entries()) {
        context.report(`word-prior: ${LEARNED + FRESH} passes of text ${i + 1} of ${texts.length}`);
        asked.push(await ask(model, text));
      }
      const grades: [number, number][][] = [];
      for (const one of asked) {
        context.report(`word-prior: explaining text ${grades.length + 1} of ${texts.length} from ${BUDGETS.join(', ')} passes`);
        grades.push(
          await gradesOf(
            one,
            asked.filter((other) => other !== one),
            model,
          ),
        );
      }
      return BUDGETS.map((budget, b) =>
        rowAt(
          budget,
          grades.map((g) => g[b]),
          context,
          adapterOf(model.device),
        ),
      );
    } finally {
      model.destroy();
    }
  },
};

function isMeasured(text: string, { tokenizer }: Model): boolean {
  const words = splitPlayers(tokenizer, text).players.length;
  return words >= FEWEST && words <= MOST;
}

function rowAt(budget: number, grades: readonly (readonly [number, number])[], { commit }: BenchContext, adapter: string): Row {
  const mean = (of: readonly number[]) => of.reduce((sum, v) => sum + v, 0) / of.length;
  const gains = grades.map(([prior, none]) => prior - none);
  const { median, min, max } = spread(gains);
  return rowOf({
    id: `word-prior-${budget}`,
    title: `${budget} passes, mean R² with a word prior of the other texts`,
    ours: rounded(mean(grades.map(([prior]) => prior))),
    unit: 'R²',
    adapter,
    commit,
    details: {
      texts: grades.length,
      without: rounded(mean(grades.map(([, none]) => none))),
      meanGain: rounded(mean(gains)),
      medianGain: rounded(median),
      leastGain: rounded(min),
      largestGain: rounded(max),
      better: gains.filter((gain) => gain > 0).length,
    },
  });
}
