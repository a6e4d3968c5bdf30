import { describe, expect, it } from 'vitest';
import { followGame, type Look } from '../../src/bench/coverage/follow.ts';
import { type Game, plantedGames, readGame } from '../../src/bench/coverage/games.ts';
import { stopRow } from '../../src/bench/coverage/stops.ts';
import { exactFbii, setOf, trueR2 } from '../../src/bench/coverage/truth.ts';
import { COVERED_METHODS, coverage, coverageRows, seedsFor } from '../../src/bench/coverage.ts';
import type { BenchContext } from '../../src/bench/harness.ts';
import { thrownBy } from '../model/support.ts';

/** Sums of 64 numbers of the order of one. */
const FLOAT64 = 1e-12;
const said: string[] = [];
const context: BenchContext = {
  commit: 'abc',
  cpuSeconds: () => 0,
  backends: [],
  readText: async () => '',
  report: (line) => said.push(line),
};

const bytesOf = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

/** 1 + 2 x0 − x1 x2 + 4 x0 x1 x2 x3 x4, of six players. */
const GAME: Game = {
  name: 'six',
  family: 'six',
  players: 6,
  values: Float32Array.from({ length: 64 }, (_, m) => {
    const on = (...players: number[]) => Number(players.every((i) => (m >> i) & 1));
    return 1 + 2 * on(0) - on(1, 2) + 4 * on(0, 1, 2, 3, 4);
  }),
};

describe('the truth beside an explanation', () => {
  it('is the least-squares polynomial of that order over all masks, whose normal equations its errors satisfy', () => {
    const fbii = exactFbii(GAME, 2);
    // FBII with the empty set: coefficients of the best polynomial of degree 2 in presences. Its error is orthogonal to every monomial.
    for (const set of [0, 1, 2, 8, 3, 6, 24]) {
      let sum = 0;
      for (let m = 0; m < 64; m++) {
        if ((m & set) !== set) continue;
        let value = -GAME.values[m];
        for (let s = 0; s < 64; s++) if ((m & s) === s && [0, 1, 2].includes(s.toString(2).split('1').length - 1)) value += fbii[s];
        sum += value;
      }
      expect(Math.abs(sum)).toBeLessThan(64 * FLOAT64);
    }
    expect(setOf([0, 3])).toBe(9);
  });

  it('counts only masks that were not seen', () => {
    const seen = new Uint8Array(64);
    const constant = { spectrum: [{ members: [], coefficient: 1 }] };
    const mean = GAME.values.reduce((a, b) => a + b, 0) / 64;
    const variance = GAME.values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 64;
    expect(Math.abs(trueR2(constant, GAME, seen) + (mean - 1) ** 2 / variance)).toBeLessThan(FLOAT64);
    // Where all that differs from 1 has been seen, 1 is all that is left.
    for (let m = 0; m < 64; m++) seen[m] = Number(GAME.values[m] > 1 && m > 1);
    expect(
      trueR2(
        {
          spectrum: [
            { members: [], coefficient: 2 },
            { members: [0], coefficient: -1 },
          ],
        },
        { ...GAME, values: GAME.values.map((_, m) => (seen[m] ? 100 : 1 + 2 * (m & 1))) },
        seen,
      ),
    ).toBe(1);
  });

  it('comes from tables of 2ⁿ float32, probabilities as log-odds; other files are refused', () => {
    expect(Array.from(readGame('a-b-3-x', bytesOf([0.5, 0.75])).values)).toEqual([0, Math.fround(Math.log(3))]);
    expect(readGame('distilbert-imdb-14-03', bytesOf([1, 2]))).toMatchObject({ family: 'distilbert-imdb', players: 1 });
    expect(Array.from(readGame('t', bytesOf([0, 0.5])).values)).toEqual([0, 0.5]);
    expect(thrownBy(() => readGame('t', bytesOf([1, 2, 3]))).message).toMatch(/expected 2\^n float32 values/);
    expect(thrownBy(() => readGame('t', bytesOf([1, Number.NaN]))).message).toMatch(/expected finite values, got NaN at place 1/);
    expect(thrownBy(() => readGame('t', new Uint8Array(7))).code).toBe('bad-file');
  });
});

describe('the coverage benchmark', () => {
  it('follows a run look by look, and knows the first ones as the least sure', async () => {
    const looks = await followGame(plantedGames(1)[0], 'pursuit', 120, 1);
    expect(looks.map((l) => l.passes)).toEqual([64, 86, 116, 120]);
    for (const look of looks) {
      expect(look.mains.of).toBeGreaterThan(10);
      expect(look.mains.held).toBeLessThanOrEqual(look.mains.of);
      expect(look.truth).toBeLessThanOrEqual(1);
      expect(look.bound).toBeLessThanOrEqual(look.r2);
    }
  });

  it('counts a stop below the goal as false, and passes over those of an oracle', () => {
    const look = (passes: number, bound: number, truth: number) => ({ passes, bound, truth, game: { name: `at ${passes}` } }) as Look;
    // Six goals, .5 to .9. The first run stops right at twice the oracle's passes for .9, and at once for the others; the second falsely for .5.
    const runs = [
      [look(64, 0.85, 0.95), look(128, 0.92, 0.96)],
      [look(64, 0.55, 0.4), look(128, 0.1, 0.4)],
    ];
    const [stops, passes] = stopRow(runs, context, 'gp');
    expect(stops).toMatchObject({ id: 'stops-gp', ours: 14.29, details: { stops: 7, tried: 12, false: 1, where: 'at 64' } });
    expect(passes.ours).toBe(1.143);
    expect(stopRow([[look(64, 0.1, 0.2)]], context, 'gp')).toEqual([]);
  });

  it('makes 300 runs, whatever the number of games, by a method that can stop at an R²', () => {
    expect([12, 52, 300].map((games) => games * seedsFor(games).length)).toEqual([300, 312, 300]);
    expect(seedsFor(52)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(COVERED_METHODS).toEqual(expect.arrayContaining(['auto', 'gp', 'pursuit', 'proxyspex']));
    expect(COVERED_METHODS).not.toEqual(expect.arrayContaining(['exact']));
  });

  it('says what share of ranges held the truth, which game is the worst, and that complete tables were skipped', async () => {
    const rows = await coverageRows(context, plantedGames(2), [1], 'linear');
    expect(rows.map((r) => r.id)).toEqual(expect.arrayContaining(['r2-linear', 'mains-linear']));
    const [r2] = rows;
    expect(r2.details.ranges).toBe(16);
    expect(r2.ours).toBeGreaterThan(50);
    expect(String(r2.details.worst)).toMatch(/^planted-[12] \d/);
    const skip = coverage.run({
      ...context,
      readTables: undefined,
      report: (line) => {
        said.push(line);
        if (/skipped/.test(line)) throw new Error('enough');
      },
    });
    await expect(skip).rejects.toThrow('enough');
  });
});
