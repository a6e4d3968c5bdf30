import { WebspexError } from '../core/errors.ts';
import { type Masks, sliceMasks } from '../core/masks.ts';
import { pairedMasks } from '../core/sample.ts';
import { prepareClassifier } from '../explain/prepare.ts';
import { expectedInfluences, type WordPrior, withText } from '../explain/word-prior.ts';
import { gp, predictGp } from '../gp/gp.ts';
import { logInfluencesOf } from '../gp/hyper.ts';
import { parseExamples } from '../lens/examples.ts';
import { splitPlayers } from '../lens/text/players.ts';
import { LEAST_TEXTS } from '../lens/text/word-prior.ts';
import type { Model } from '../model/model.ts';
import { rSquared } from '../spectrum/cross-validate.ts';
import { adapterOf, type BenchContext, type Benchmark, type Row, rounded, rowOf, spread } from './harness.ts';

/** Masks of each text that are learned from, numbers of the first of them that a text is explained from, and further masks that grade. */
export interface WordPriorSizes {
  readonly learned: number;
  readonly budgets: readonly number[];
  readonly fresh: number;
}

const SIZES: WordPriorSizes = { learned: 500, budgets: [64, 124, 250, 500], fresh: 250 };
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
async function ask(model: Model, text: string, { learned, fresh }: WordPriorSizes): Promise<Asked> {
  const { players, valueFunction } = await prepareClassifier(model, text, {});
  const n = players.length;
  // One draw: none of those that grade is among the others.
  const all = pairedMasks(n, learned + fresh, SEED);
  const masks = sliceMasks(all, 0, learned);
  const unseen = sliceMasks(all, learned, all.count);
  const [values, truth] = [await valueFunction(masks), await valueFunction(unseen)];
  const { end } = await gp(masks, values, { seed: SEED });
  const fit = { influences: end && [...logInfluencesOf(end.at, n)] };
  return { text, masks, values, unseen, truth, said: withText(null, { text, lens: 'text', players, model: model.info, fit }, model) };
}

/** R² of a text from its first masks, with what the others say of words and without. */
async function gradesOf(
  asked: Asked,
  others: readonly Asked[],
  model: Model,
  { budgets }: WordPriorSizes,
): Promise<[with_: number, without: number][]> {
  const prior = { ...asked.said, texts: others.flatMap(({ said }) => said.texts) };
  const expected = expectedInfluences(prior, model, splitPlayers(model.tokenizer, asked.text));
  const out: [number, number][] = [];
  for (const budget of budgets) {
    const masks = sliceMasks(asked.masks, 0, budget);
    const values = asked.values.subarray(0, budget);
    const r2 = async (influences?: ArrayLike<number>) =>
      rSquared((await predictGp(masks, values, asked.unseen, { seed: SEED, influences })).means, asked.truth);
    out.push([await r2(expected?.influences), await r2()]);
  }
  return out;
}

/** R² at each number of passes, with a prior of all other texts and without. @throws bad-file where there are too few texts. */
export async function wordPriorRows(context: BenchContext, model: Model, given: readonly string[], sizes = SIZES): Promise<Row[]> {
  const texts = given.filter((text) => isMeasured(text, model)).slice(0, TEXTS);
  if (texts.length <= LEAST_TEXTS)
    throw new WebspexError(
      'bad-file',
      `data: expected at least ${LEAST_TEXTS + 1} texts of ${FEWEST} to ${MOST} words, got ${texts.length}; give others`,
    );
  const asked: Asked[] = [];
  for (const [i, text] of texts.entries()) {
    context.report(`word-prior: ${sizes.learned + sizes.fresh} passes of text ${i + 1} of ${texts.length}`);
    asked.push(await ask(model, text, sizes));
  }
  const grades: [number, number][][] = [];
  for (const one of asked) {
    context.report(`word-prior: explaining text ${grades.length + 1} of ${texts.length} from ${sizes.budgets.join(', ')} passes`);
    const others = asked.filter((other) => other !== one);
    grades.push(await gradesOf(one, others, model, sizes));
  }
  const adapter = adapterOf(model.device);
  return sizes.budgets.map((budget, b) => {
    const at = grades.map((g) => g[b]);
    return rowAt(budget, at, context, adapter);
  });
}

/** What other texts of a model are worth. */
export const wordPrior: Benchmark = {
  title: 'R² at few passes where the Gaussian process begins from what other texts say of which words matter, and without',
  async run(context) {
    const [quickest] = context.backends;
    if (!quickest) return [];
    const model = await quickest.load();
    try {
      const examples = parseExamples(await context.readText('data'), 'data');
      return await wordPriorRows(
        context,
        model,
        examples.map(({ text }) => text),
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
