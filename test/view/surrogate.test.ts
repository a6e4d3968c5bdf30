import { describe, expect, it } from 'vitest';
import { sceneOf, UNTOUCHED } from '../../src/view/scene.ts';
import { project } from '../../src/view/surrogate.ts';
import { game, sample } from './support.ts';

/** Values pass through float32 once. */
const FLOAT32 = 1e-5;
const bits = (set: number, n: number) => Array.from({ length: n }, (_, i) => (set >> i) & 1);
const sizeOf = (set: number) => bits(set, 5).reduce((a, b) => a + b, 0);
const inside = (a: number, b: number) => (a & b) === a;
const setOf = (members: readonly number[]) => members.reduce((set, m) => set | (1 << m), 0);

describe('switching words off', () => {
  it('predicts what the game gives with those players masked, for every set of them', async () => {
    const e = await sample();
    for (let off = 0; off < 32; off++) {
      const absent = new Set([0, 1, 2, 3, 4].filter((i) => (off >> i) & 1));
      expect(project(e, absent).value).toBeCloseTo(game(bits(~off & 31, 5)), 4);
    }
  });

  it.each(['Moebius', 'BII', 'Fourier'] as const)(
    'gives the %s interactions of the game among the others, by brute force',
    async (index) => {
      const e = await sample(index);
      for (const off of [1 << 1, (1 << 0) | (1 << 3)]) {
        const rest = 31 & ~off;
        const value = (set: number) => game(bits(set & rest, 5));
        const derivative = (s: number, t: number) => {
          let sum = 0;
          for (let part = 0; part < 32; part++) if (inside(part, s)) sum += (-1) ** (sizeOf(s) - sizeOf(part)) * value(part | t);
          return sum;
        };
        const brute = (s: number) => {
          if (index === 'Moebius') return derivative(s, 0);
          let sum = 0;
          let count = 0;
          for (let t = 0; t < 32; t++) {
            if (!inside(t, rest) || (index === 'BII' && (t & s) !== 0)) continue;
            sum += index === 'BII' ? derivative(s, t) : (-1) ** sizeOf(s & t) * value(t);
            count++;
          }
          return sum / count;
        };
        const found = new Map(
          project(e, new Set([0, 1, 2, 3, 4].filter((i) => (off >> i) & 1))).interactions.map((i) => [setOf(i.members), i.value]),
        );
        for (const set of found.keys()) expect(inside(set, rest)).toBe(true);
        for (let set = 1; set < 32; set++)
          if (inside(set, rest))
            expect(Math.abs((found.get(set) ?? 0) - brute(set)), `${index} of ${set} without ${off}`).toBeLessThan(FLOAT32);
      }
    },
  );

  it('changes nothing where no word is off', async () => {
    const e = await sample();
    expect(project(e, new Set()).interactions).toBe(e.interactions);
  });

  it('takes the word out of lanes and rows, and says what the explanation predicts', async () => {
    const e = await sample();
    const scene = sceneOf(e, { ...UNTOUCHED, off: new Set([1]) });
    expect(scene.lanes.concat(scene.rows).some((i) => i.members.includes(1))).toBe(false);
    expect(scene.predicted).toBeCloseTo(game([1, 0, 1, 1, 1]), 4);
  });
});
