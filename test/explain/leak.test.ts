import { describe, expect, it } from 'vitest';
import { linear } from '../../src/baselines/linear.ts';
import { pickMasks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { gp, predictGp } from '../../src/gp/gp.ts';
import { proxyspex } from '../../src/proxyspex/proxyspex.ts';
import { pursuit } from '../../src/pursuit/pursuit.ts';
import { crossFitted } from '../../src/spectrum/cross-fitted.ts';
import { crossValidate, type NamedDecoder, pairFolds, rSquared } from '../../src/spectrum/cross-validate.ts';
import type { Decoder, Spectrum } from '../../src/spectrum/spectrum.ts';
import { spectrumFromTerms } from '../../src/spectrum/spectrum.ts';
import { evaluateTerms, hierarchical } from '../spectrum/planted.ts';

const N = 12;
/** Below the number from which folds of the Gaussian process go on from the fit of all rows. */
const ROWS = 120;
const OPTIONS = { folds: 5, seed: 3 };
const masks = pairedMasks(N, ROWS, 1);
const values = evaluateTerms(hierarchical(N, 12, 4), masks).map((v) => Math.tanh(v));

/** Rows whose grade depends on their own fold's values: predictions of a fold are made anew with those values, and only those, spoiled. */
async function leaks(decoders: (y: Float64Array) => Promise<NamedDecoder[]>, y: Float64Array): Promise<number> {
  const { predicted } = await crossValidate(await decoders(y), masks, y, OPTIONS);
  let changed = 0;
  for (const fold of pairFolds(ROWS, OPTIONS.folds, OPTIONS.seed)) {
    const spoiled = y.map((v, r) => (fold.includes(r) ? 50 * ((r % 3) - 1) - v : v));
    const again = (await crossValidate(await decoders(spoiled), masks, spoiled, OPTIONS)).predicted;
    changed += fold.filter((r) => again[r] !== predicted[r]).length;
  }
  return changed;
}

const noise = (seed: number) => {
  const random = createRandom(seed, 8);
  return Float64Array.from({ length: ROWS }, () => random.normal());
};

/** The pairs that correlate most with the rows given, fitted by least squares on what is asked: where those rows are all, the selection leaks. */
function screened(all: Float64Array | null): Decoder {
  return async (seen, y) => {
    const [rows, by] = all ? [masks, all] : [seen, Float64Array.from(y)];
    const pairs = Array.from({ length: N }, (_, a) => Array.from({ length: a }, (_, b) => [b, a])).flat();
    const correlation = (members: number[], of: typeof seen, v: ArrayLike<number>) =>
      evaluateTerms([[members, 1]], of).reduce((sum, x, r) => sum + x * v[r], 0) / of.count;
    const best = pairs
      .map((members) => ({ members, size: Math.abs(correlation(members, rows, by)) }))
      .sort((a, b) => b.size - a.size)
      .slice(0, 6);
    const spectrum: Spectrum = spectrumFromTerms(
      N,
      best.map(({ members }) => [members, correlation(members, seen, y)] as const),
    );
    return { method: 'screened', spectrum, factor: null };
  };
}

describe('selection never sees the rows that grade it', () => {
  it.each([
    ['linear', linear],
    ['pursuit', pursuit],
    ['proxyspex', proxyspex],
  ] as const)('in %s', async (method, decode) => {
    expect(await leaks(async () => [{ method, decode }], values)).toBe(0);
  });

  it('in the Gaussian process, which starts from nothing where rows are few, though the fit of all rows is known', async () => {
    const decoders = async (y: Float64Array): Promise<NamedDecoder[]> => {
      const { end } = await gp(masks, y, { seed: 3 });
      return [{ method: 'gp', decode: gp, predict: (m, v, u, o) => predictGp(m, v, u, { ...o, start: end }) }];
    };
    expect(await leaks(decoders, values)).toBe(0);
  });

  it('and a planted selection that does is caught, and claims to explain noise', async () => {
    const honest = async (): Promise<NamedDecoder[]> => [{ method: 'screened', decode: screened(null) }];
    const leaking = async (y: Float64Array): Promise<NamedDecoder[]> => [{ method: 'screened', decode: screened(y) }];
    expect(await leaks(honest, values)).toBe(0);
    expect(await leaks(leaking, values)).toBeGreaterThan(ROWS / 2);
    let [kept, leaked] = [0, 0];
    for (let seed = 1; seed <= 8; seed++) {
      const y = noise(seed);
      const r2 = async (d: NamedDecoder[]) => crossFitted((await crossValidate(d, masks, y, OPTIONS)).predicted, y, OPTIONS).r2;
      kept += (await r2(await honest())) / 8;
      leaked += (await r2(await leaking(y))) / 8;
    }
    expect(kept).toBeLessThan(0);
    expect(leaked).toBeGreaterThan(0.03);
  });

  it('nor does the choice among methods: the best of forty that guess explains noise by luck, and its grade says that it does not', async () => {
    let [byLuck, graded] = [0, 0];
    for (let seed = 1; seed <= 8; seed++) {
      const guesses = Array.from({ length: 40 }, (_, d): NamedDecoder => {
        const guess = noise(100 * seed + d).map((v) => 0.3 * v);
        const place = new Map(Array.from({ length: ROWS }, (_, r) => [masks.words[r], guess[r]]));
        return {
          method: `guess ${d}`,
          decode: pursuit,
          predict: async (_m, _v, u) => ({ means: Float64Array.from(u.words, (w) => place.get(w) as number) }),
        };
      });
      const y = noise(seed);
      // What any decoder says here depends on no value, so only the choice could leak.
      if (seed === 1) expect(await leaks(async () => guesses, y)).toBe(0);
      const { predicted, scored } = await crossValidate(guesses, masks, y, OPTIONS);
      byLuck += scored[0].r2 / 8;
      graded += rSquared(predicted, y) / 8;
    }
    expect(byLuck).toBeGreaterThan(0.01);
    expect(graded).toBeLessThan(0);
  });

  it('and a decoder that drops out says after how many folds, over whose rows its R² is', async () => {
    const place = new Map(Array.from({ length: ROWS }, (_, r) => [masks.words[r], r]));
    const guess = (method: string, off: (r: number) => number): NamedDecoder => ({
      method,
      decode: pursuit,
      predict: async (_m, _v, u) => ({
        means: Float64Array.from(u.words, (w) => values[place.get(w) as number] + off(place.get(w) as number)),
      }),
    });
    const right = guess('right', () => 0);
    const wrong = guess('wrong', (r) => 10 + r);
    const { scored } = await crossValidate([right, wrong], masks, values, { ...OPTIONS, favoured: 'right' });
    const folds = scored.find(({ method }) => method === 'wrong')?.folds ?? 0;
    expect(scored.find(({ method }) => method === 'right')?.folds).toBeUndefined();
    expect(folds).toBeGreaterThan(0);
    expect(folds).toBeLessThan(OPTIONS.folds);
    const rows = pairFolds(ROWS, OPTIONS.folds, OPTIONS.seed).slice(0, folds).flat();
    expect(scored.find(({ method }) => method === 'wrong')?.r2).toBeCloseTo(
      rSquared(
        rows.map((r) => values[r] + 10 + r),
        rows.map((r) => values[r]),
      ),
      10,
    );
  });

  it('and rows that do not grade are fitted without changing who grades', async () => {
    const graded = Uint8Array.from({ length: ROWS }, (_, r) => Number(r > 1));
    const spoiled = values.map((v, r) => (r < 2 ? v + 1000 : v));
    const mean: NamedDecoder = {
      method: 'mean',
      decode: pursuit,
      predict: async (_m, v, u) => ({ means: new Float64Array(u.count).fill(v.reduce((a, b) => a + b, 0) / v.length) }),
    };
    const { scored } = await crossValidate([mean], masks, spoiled, { ...OPTIONS, graded });
    const rows = Array.from({ length: ROWS - 2 }, (_, r) => r + 2);
    const { scored: without } = await crossValidate([mean], pickMasks(masks, rows), values.slice(2), OPTIONS);
    // Fitting them moves the mean by 1000/48 in four folds of five; were they graded, their variance would hide that.
    expect(scored[0].r2).toBeLessThan(-100);
    expect(without[0].r2).toBeGreaterThan(-0.1);
  });
});
