import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Peers } from '../../src/bench/needed/frozen.ts';
import { firstRows, type GameHead, SEED, unpackGame } from '../../src/bench/needed/game.ts';
import { GAME_FAMILIES, PROXYSPEX } from '../../src/bench/needed/summary.ts';
import { concatMasks, maskKey, sliceMasks } from '../../src/core/masks.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { faithfulProxyspex } from '../../src/proxyspex/faithful.ts';
import { rSquared } from '../../src/spectrum/cross-validate.ts';
import { evaluateSpectrum } from '../../src/spectrum/spectrum.ts';

const folder = new URL('../../bench/masks-needed/games/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder));
const heads = JSON.parse(read('games.json').toString()) as GameHead[];
const peers = JSON.parse(read('peers.json').toString()) as Peers;
/** All that is stored, in bytes. */
const MOST_BYTES = 5e6;
/** Our trees are LightGBM's but for ties and rounding; of a few hundred terms that moves some over the cut. */
const CLOSE = 0.03;

describe('the stored games of masks-needed', () => {
  it('are few enough bytes, each of a kind that the benchmark knows, and no file is of no game', () => {
    const files = readdirSync(folder);
    expect(files.reduce((sum, f) => sum + statSync(new URL(f, folder)).size, 0)).toBeLessThan(MOST_BYTES);
    expect(files.sort()).toEqual([...heads.map(({ name }) => `${name}.bin`), 'games.json', 'peers.json'].sort());
    expect(heads.filter(({ family }) => !GAME_FAMILIES.includes(family))).toEqual([]);
  });

  it.each(heads)('$name: masks are those of seed 1, none of those that grade may fit, values are finite and vary', (head) => {
    const { fit, fresh } = unpackGame(head, read(`${head.name}.bin`));
    const seen = new Set(Array.from({ length: fit.masks.count }, (_, r) => maskKey(fit.masks, r)));
    expect(Array.from({ length: fresh.masks.count }, (_, r) => maskKey(fresh.masks, r)).filter((key) => seen.has(key))).toEqual([]);
    const known = head.fit + head.fresh;
    const all = pairedMasks(head.n, known + (head.more ?? 0), SEED);
    expect(fit.masks).toEqual(concatMasks(sliceMasks(all, 0, head.fit), sliceMasks(all, known, all.count)));
    expect(fresh.masks).toEqual(sliceMasks(all, head.fit, known));
    expect([...fit.values, ...fresh.values].every(Number.isFinite)).toBe(true);
    expect(new Set(fresh.values).size).toBeGreaterThan(fresh.values.length / 4);
  });

  it('have sentences of their text as players where gold ones are among them, and the question is none of them', () => {
    const golden = heads.filter(({ gold }) => gold);
    expect(golden.map(({ family }) => family)).toEqual(heads.flatMap(({ family }) => (family === 'smollm2-sentences' ? [family] : [])));
    for (const { n, text = '', spans = [], gold = [], lock = [], target } of golden) {
      expect(spans).toHaveLength(n);
      expect(spans.every(([start, end], i) => end > start && start > (spans[i - 1]?.[1] ?? -1) && end <= lock[0][0])).toBe(true);
      expect(text.slice(...lock[0])).toMatch(/^\nQuestion: .*\nAnswer:$/);
      expect(gold.length).toBeGreaterThan(1);
      expect(new Set(gold.filter((i) => i < n)).size).toBe(gold.length);
      // The answer stands in one of the gold sentences.
      expect(gold.some((i) => text.slice(...spans[i]).includes(String(target)))).toBe(true);
    }
  });

  it('have results of the peers at passes that the game has rows for, with versions', () => {
    expect(peers.made.shapiq).toBe('1.4.1');
    for (const [name, curves] of Object.entries(peers.curves))
      for (const [method, points] of Object.entries(curves)) {
        const head = heads.find((h) => h.name === name);
        if (head && method === PROXYSPEX) expect(points.filter(([passes]) => passes > head.fit + (head.more ?? 0))).toEqual([]);
        expect(points.every(([passes, r2], i) => r2 <= 1 && (i === 0 || passes > points[i - 1][0]))).toBe(true);
      }
  });

  it('faithful proxyspex with the grid of shapiq comes to what shapiq’s own came to on the same masks', async () => {
    const head = heads.find((h) => h.name === 'minilm-13') as GameHead;
    const { fit, fresh } = unpackGame(head, read('minilm-13.bin'));
    const { masks, values } = firstRows(fit, 250);
    const { spectrum } = await faithfulProxyspex(masks, values, {}, { depths: [3, 5], rates: [0.01, 0.1], trees: [500, 1000] });
    const theirs = peers.curves['minilm-13'][PROXYSPEX].find(([passes]) => passes === 250)?.[1] ?? 0;
    expect(Math.abs(rSquared(evaluateSpectrum(spectrum, fresh.masks), fresh.values) - theirs)).toBeLessThan(CLOSE);
  });
});
