import { isPresent, type ValueFunction } from '../core/masks.ts';
import { pairedMasks } from '../core/sample.ts';
import type { Explanation } from '../explain/document.ts';
import { explain } from '../explain/explain.ts';
import { createExplainer } from '../explain/explainer.ts';
import { predictRows } from '../explain/verify.ts';
import { adapterOf, type BenchContext, type Benchmark, type Row, rounded, rowOf } from './harness.ts';

/** R² over unseen masks that a run is to be sure of, and the passes that it may take for it. */
const R2 = 0.9;
const BUDGET = 2048;

/** Of 12, 14 and 28 words. */
const TEXTS = [
  'I expected to hate it, but the jokes land and nobody overacts.',
  'Her acting never fails to impress, but the plot is not bad, not great.',
  'The first half is slow and the songs are not memorable, yet the cast is so charming that I left the cinema smiling and humming one of them.',
];

/** A function of 24 players whose interactions are known. */
const PLAYERS = 24;
const TERMS: readonly (readonly [value: number, ...members: number[]])[] = [
  [2, 0],
  [-1.5, 3],
  [1, 17],
  [3, 5, 9],
  [-2, 11, 20],
  [2.5, 1, 7, 13],
];
/** Masks that its explanation is compared on. */
const COMPARED = 1000;

const planted: ValueFunction = async (masks) =>
  Float32Array.from({ length: masks.count }, (_, r) =>
    TERMS.reduce((sum, [value, ...members]) => sum + (members.every((m) => isPresent(masks, r, m)) ? value : 0), 0),
  );

function rowFor(id: string, title: string, e: Explanation, { commit }: BenchContext, adapter: string): Row {
  const { fit, timing } = e;
  return rowOf({
    id,
    title,
    ours: rounded((timing.evaluateMs + timing.decodeMs) / 1000),
    unit: 's',
    adapter,
    commit,
    details: {
      passes: fit.queries,
      players: e.players.length,
      reached: fit.until?.reached ? 'yes' : 'no',
      r2: rounded(fit.r2),
      evaluateSeconds: rounded(timing.evaluateMs / 1000),
      decodeSeconds: rounded(timing.decodeMs / 1000),
      masksPerSecond: rounded(timing.masksPerSecond),
    },
  });
}

/** Share of the planted function's variation that an explanation holds, on masks of another seed. */
async function trueR2(e: Explanation): Promise<number> {
  const masks = pairedMasks(PLAYERS, COMPARED, 99);
  const rows = Array.from({ length: COMPARED }, (_, r) => Array.from({ length: PLAYERS }, (_, i) => Number(isPresent(masks, r, i))));
  const [values, predicted] = [await planted(masks), predictRows(e, rows)];
  const mean = values.reduce((a, b) => a + b, 0) / COMPARED;
  const left = values.reduce((sum, v, r) => sum + (v - predicted[r]) ** 2, 0);
  return 1 - left / values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
}

/** From pressing Explain to an R² that is surely high: three texts on the quickest backend, and a function whose answer is known. */
export const until: Benchmark = {
  title: `seconds and passes until R² is surely ${R2}: three texts on the quickest backend, and a function that is known`,
  async run(context: BenchContext) {
    const out: Row[] = [];
    const [quickest] = context.backends;
    if (quickest) {
      const explainer = createExplainer(await quickest.load());
      try {
        for (const [i, text] of TEXTS.entries()) {
          context.report(`until: ${quickest.name}, text ${i + 1} of ${TEXTS.length}`);
          const e = await explainer.explain(text, { untilR2: R2, budget: BUDGET }).result;
          out.push(rowFor(`until-text-${i + 1}`, `R² surely ${R2}: ${e.players.length} words`, e, context, adapterOf(explainer.device)));
        }
      } finally {
        explainer.destroy();
      }
    }
    context.report('until: planted function');
    const e = await explain(planted, { players: PLAYERS, untilR2: R2, budget: BUDGET }).result;
    const r2 = await trueR2(e);
    const row = rowFor(
      'until-planted',
      `R² surely ${R2}: ${TERMS.length} planted terms of ${PLAYERS} players`,
      e,
      context,
      'CPU, one thread',
    );
    out.push({ ...row, equal: r2 >= R2, details: { ...row.details, trueR2: rounded(r2) } });
    return out;
  },
};
