import { describe, expect, it } from 'vitest';
import { linear } from '../../src/baselines/linear.ts';
import { createMasks, type Masks, pickMasks } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { gp, predictGp } from '../../src/gp/gp.ts';
import { pursuit } from '../../src/pursuit/pursuit.ts';
import { interactionRows, toInteractions } from '../../src/spectrum/indices.ts';
import { evaluateSpectrum } from '../../src/spectrum/spectrum.ts';
import { standardErrors } from '../../src/spectrum/uncertainty.ts';
import { rSquaredOf } from '../spectrum/planted.ts';
import { signs } from './support.ts';

/** A sentence-like function: words of falling influence, neighbours that interact, and an output that saturates. */
function sentence(masks: Masks, seed: number): Float64Array {
  const random = createRandom(seed);
  const weights = Array.from({ length: masks.n }, (_, i) => random.normal() * 0.8 ** (i % 9));
  const pairs = Array.from({ length: masks.n - 1 }, () => (random.uniform() < 0.3 ? random.normal() * 0.4 : 0));
  const size = Math.hypot(...weights, ...pairs);
  return Float64Array.from(signs(masks), (z) => {
    let sum = 0.3 * size;
    for (let i = 0; i < masks.n; i++) sum += weights[i] * z[i] + (i + 1 < masks.n ? pairs[i] * z[i] * z[i + 1] : 0);
    return 3 * Math.tanh(sum / size);
  });
}

const options = { seed: 1 };
/** The read-out keeps all but 0.05 % of what it sees, and sees up to degree 6; what saturation makes beyond is left out. */
const READ_OUT = 0.03;
/** A search that goes on moves on a little along flat directions. */
const SAME = 0.99;

describe('gp', () => {
  it.each([
    [13, 96],
    [24, 128],
    [40, 256],
  ])('explains a saturating function of %i players from %i masks better than pursuit and a line', async (n, count) => {
    const masks = pairedMasks(n, count, 3);
    const values = sentence(masks, 9);
    const fresh = pairedMasks(n, 1000, 99);
    const truth = sentence(fresh, 9);
    const r2 = async (decode: typeof gp) => rSquaredOf(evaluateSpectrum((await decode(masks, values, options)).spectrum, fresh), truth);
    const own = await r2(gp);
    expect(own).toBeGreaterThan(await r2(pursuit));
    expect(own).toBeGreaterThan((await r2(linear)) + 0.05);
    const direct = rSquaredOf((await predictGp(masks, values, fresh, options)).means, truth);
    expect(Math.abs(direct - own)).toBeLessThan(READ_OUT);
  });

  describe('where something is expected of players', () => {
    const n = 60;
    const matters = (i: number) => i % 12 === 5;
    const few = (masks: Masks) =>
      Float64Array.from(signs(masks), (z) => {
        const [a, b, c, d, e] = z.filter((_, i) => matters(i));
        return a + b - c + 0.8 * d * e + 0.5 * a * b * c;
      });
    const fresh = pairedMasks(n, 1000, 99);
    const r2 = async (count: number, influences?: ArrayLike<number>) => {
      const masks = pairedMasks(n, count, 3);
      const { means } = await predictGp(masks, few(masks), fresh, { ...options, influences });
      return rSquaredOf(means, few(fresh));
    };
    const right = Array.from({ length: n }, (_, i) => (matters(i) ? 1.5 : 0));

    it('needs fewer rows where that is right', async () => {
      expect(await r2(64, right)).toBeGreaterThan((await r2(64)) + 0.1);
    });

    it('listens to the rows where it is wrong, and to nothing where it is nothing', async () => {
      const wrong = right.map((_, i) => right[(i + 1) % n]);
      const plain = await r2(384);
      expect(await r2(384, wrong)).toBeGreaterThan(plain - 0.03);
      expect(await r2(64, new Float64Array(n))).toBe(await r2(64));
    });

    it('wants one finite number for each player', async () => {
      await expect(r2(64, right.slice(1))).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringMatching(/each of 60 players, got 59/),
      });
      await expect(
        r2(
          64,
          right.map((v, i) => (i === 3 ? Number.NaN : v)),
        ),
      ).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringMatching(/got NaN for player 3/),
      });
    });
  });

  it('fits rows without complements too', async () => {
    const all = pairedMasks(16, 400, 3);
    const masks = pickMasks(
      all,
      Array.from({ length: 150 }, (_, r) => 2 * r + (r % 2)),
    );
    const fresh = pairedMasks(16, 1000, 99);
    const { spectrum } = await gp(masks, sentence(masks, 4), options);
    expect(rSquaredOf(evaluateSpectrum(spectrum, fresh), sentence(fresh, 4))).toBeGreaterThan(0.8);
  });

  it('goes on from an earlier search to the same answer', async () => {
    const masks = pairedMasks(20, 256, 3);
    const values = sentence(masks, 5);
    const first = await gp(masks, values, options);
    const again = await gp(masks, values, { ...options, start: first.end });
    const fresh = pairedMasks(20, 500, 98);
    expect(rSquaredOf(evaluateSpectrum(again.spectrum, fresh), evaluateSpectrum(first.spectrum, fresh))).toBeGreaterThan(SAME);
  });

  it('gives the same bits for the same seed', async () => {
    const masks = pairedMasks(17, 64, 3);
    const values = sentence(masks, 5);
    const [a, b] = [await gp(masks, values, options), await gp(masks, values, options)];
    expect(a.spectrum).toEqual(b.spectrum);
  });

  it.each(['FBII', 'BII'] as const)('gives standard errors of %s that hold the truth in about 95 of 100 cases', async (index) => {
    const inside: number[] = [];
    const n = 10;
    const everyone = pairedMasks(n, 2 ** n, 1);
    for (let seed = 0; seed < 8; seed++) {
      const table = sentence(everyone, 20 + seed);
      const exact = { n, keys: everyone.words, coefficients: new Float64Array(2 ** n) };
      for (let k = 0; k < 2 ** n; k++) exact.coefficients[k] = meanOfCharacter(everyone, table, everyone.words[k]);
      const truth = new Map(toInteractions(exact, { index, maxOrder: 4 }).map((i) => [i.members.join(), i.value]));
      const masks = pairedMasks(n, 128, 40 + seed);
      const values = sentence(masks, 20 + seed);
      const fit = await gp(masks, values, options);
      const unseen = pairedMasks(n, 256, 80 + seed);
      const predicted = evaluateSpectrum(fit.spectrum, unseen);
      const noise = sentence(unseen, 20 + seed).reduce((sum, v, r) => sum + (v - predicted[r]) ** 2 / 256, 0);
      const rows = interactionRows(fit.spectrum, { index, maxOrder: 4 });
      for (const [i, se] of (await standardErrors(fit, rows, noise)).entries())
        if (rows[i].members.length <= 2) inside.push(Math.abs(rows[i].value - truth.get(rows[i].members.join())!) <= 1.96 * se ? 1 : 0);
    }
    const share = inside.reduce((a, b) => a + b, 0) / inside.length;
    expect(share).toBeGreaterThan(0.93);
  });

  it('takes one player, one mask, a constant', async () => {
    const one = pairedMasks(1, 2, 1);
    const { spectrum } = await gp(one, [2, 1], options);
    expect(evaluateSpectrum(spectrum, one).every(Number.isFinite)).toBe(true);
    const flat = await gp(pairedMasks(6, 20, 1), new Float64Array(20).fill(3), options);
    expect(flat.spectrum.coefficients.length).toBe(1);
    expect(flat.spectrum.coefficients[0]).toBeCloseTo(3, 12);
    expect([...(await gp(createMasks(3, 1), [5], options)).spectrum.coefficients]).toEqual([5]);
  });

  it('says what is wrong with its input', async () => {
    const masks = pairedMasks(8, 20, 1);
    await expect(gp(masks, new Float64Array(19), options)).rejects.toMatchObject({ code: 'usage' });
    await expect(gp(masks, new Float64Array(20).fill(Number.NaN), options)).rejects.toMatchObject({ code: 'non-finite' });
    const many = pairedMasks(20, 4098, 1);
    await expect(gp(many, new Float64Array(4098), options)).rejects.toMatchObject({ code: 'usage' });
  });

  it('stops at whichever breath the run is aborted, in the search, the read-out and the variances, and breathes no more', async () => {
    const masks = pairedMasks(40, 256, 3);
    const values = sentence(masks, 5);
    let breaths = 0;
    const counted = async () => void breaths++;
    const fit = await gp(masks, values, { ...options, breathe: counted });
    const all = breaths;
    const functionals = Array.from({ length: 300 }, (_, i) => ({ members: [i % 40], byDegree: new Float64Array(5).fill(1) }));
    await fit.posterior?.variances(functionals, counted);
    // Two dozen evaluations of two matrices of 128 rows, some of 96 from nothing, and 4,096 pairs of masks of the read-out.
    expect(all).toBeGreaterThan(30);
    expect(breaths).toBeGreaterThan(all);
    for (const last of [1, all >> 1, all - 1, all]) {
      let taken = 0;
      const breathe = async () => {
        if (++taken === last) throw new Error('aborted');
      };
      await expect(gp(masks, values, { ...options, breathe })).rejects.toThrow('aborted');
      expect(taken).toBe(last);
    }
    const stop = async () => {
      throw new Error('aborted');
    };
    await expect(fit.posterior?.variances(functionals, stop)).rejects.toThrow('aborted');
  });
});

/** 2⁻ⁿ Σ_m f(m) (−1)^⟨k,m⟩, one frequency at a time. */
function meanOfCharacter(masks: Masks, table: Float64Array, key: number): number {
  let sum = 0;
  for (let r = 0; r < table.length; r++) {
    let odd = false;
    for (let bits = key & masks.words[r]; bits !== 0; bits &= bits - 1) odd = !odd;
    sum += odd ? -table[r] : table[r];
  }
  return sum / table.length;
}
