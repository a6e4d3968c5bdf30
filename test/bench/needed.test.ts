import { describe, expect, it } from 'vitest';
import type { BenchContext } from '../../src/bench/harness.ts';
import { masksNeeded } from '../../src/bench/masks-needed.ts';
import { passesNeeded } from '../../src/bench/needed/curve.ts';
import { FRESH, type Game, type GameHead, joined, packGame, SEED, spexPlanOf, unpackGame } from '../../src/bench/needed/game.ts';
import { gatherGame } from '../../src/bench/needed/gather.ts';
import { hitsOf } from '../../src/bench/needed/hits.ts';
import { BUDGETS, curveOf } from '../../src/bench/needed/methods.ts';
import { PLANTED_NAMES, plantedGame } from '../../src/bench/needed/planted.ts';
import { type Curve, PROXYSPEX, SPEX, summarise } from '../../src/bench/needed/summary.ts';
import { curvesSvg } from '../../src/bench/needed/svg.ts';
import { concatMasks, type Masks, maskKey, sliceMasks } from '../../src/core/masks.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { spectrumFromTerms } from '../../src/spectrum/spectrum.ts';
import { causalOf, modelOf } from '../lens/text/support.ts';
import { rejectedBy, thrownBy } from '../model/support.ts';
import { evaluateTerms, type Terms } from '../spectrum/planted.ts';

const TERMS: Terms = [
  [[], 1],
  [[0], 0.5],
  [[3], -0.4],
  [[9], 0.3],
  [[0, 9], 0.25],
  [[1, 3], 0.125],
];

/** A small game whose values are exact in float32. */
function smallGame(head: Partial<GameHead> = {}): Game {
  const full: GameHead = { name: 'small', family: 'minilm', n: 11, fit: 250, fresh: 100, spexBits: 3, ...head };
  const known = full.fit + full.fresh;
  const masks = pairedMasks(full.n, known + (full.more ?? 0), SEED);
  const plan = full.spexBits > 0 ? spexPlanOf(full) : null;
  const of = (some: Masks) => evaluateTerms(TERMS, some);
  const values = of(masks).map(Math.fround);
  const part = (from: number, end: number) => ({ masks: sliceMasks(masks, from, end), values: values.subarray(from, end) });
  return {
    head: full,
    fit: joined(part(0, full.fit), part(known, masks.count)),
    fresh: part(full.fit, known),
    spex: plan && { plan, masks: plan.masks, values: of(plan.masks).map(Math.fround) },
  };
}

function contextOf(files: Readonly<Record<string, Uint8Array>>, more: Partial<BenchContext> = {}) {
  const lines: string[] = [];
  const context: BenchContext = {
    commit: 'abc',
    cpuSeconds: () => 0,
    backends: [],
    readText: async () => '',
    readGame: async (name) => files[name] ?? null,
    report: (line) => lines.push(line),
    ...more,
  };
  return { context, lines };
}

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const stored = (game: Game) => ({ 'games.json': json([game.head]), [`${game.head.name}.bin`]: packGame(game) });

describe('a stored game', () => {
  it.each([
    [0, 0],
    [3, 0],
    [0, 60],
    [3, 60],
  ])(
    'reads as it was written, with SPEX’s masks (b = %i) or without, with %i more rows; more of them leave the bytes before',
    (spexBits, more) => {
      const game = smallGame({ spexBits, more });
      const bytes = packGame(game);
      expect(bytes.subarray(0, bytes.length - more * 6)).toEqual(packGame(smallGame({ spexBits })));
      const again = unpackGame(game.head, bytes);
      expect(again.fit.masks.count).toBe(250 + more);
      expect(again.fit).toEqual(game.fit);
      expect(again.fresh).toEqual(game.fresh);
      expect(again.spex?.values).toEqual(game.spex?.values);
    },
  );

  it('is refused where bytes are missing, and where its masks are not those that SPEX plans', () => {
    const game = smallGame();
    const bytes = packGame(game);
    expect(thrownBy(() => unpackGame(game.head, bytes.subarray(1))).code).toBe('bad-file');
    // The first byte of SPEX's masks stands after 350 masks of 2 bytes and their values.
    const other = bytes.slice();
    other[350 * 6] ^= 1;
    expect(thrownBy(() => unpackGame(game.head, other)).code).toBe('bad-file');
  });

  it('has masks that grade and that nothing may fit, planted or gathered', () => {
    for (const name of PLANTED_NAMES) {
      const { fit, fresh, head } = plantedGame(name);
      expect(fresh.masks.count).toBe(FRESH);
      const all = concatMasks(fit.masks, fresh.masks);
      expect(new Set(Array.from({ length: all.count }, (_, r) => maskKey(all, r))).size).toBe(head.fit + (head.more ?? 0) + FRESH);
      expect(fit.masks.count).toBeGreaterThanOrEqual(BUDGETS[BUDGETS.length - 1]);
    }
  });
});

describe('gathering a game anew', () => {
  it('asks a classifier the stored masks of the stored text, whole, and keeps its answers in their order', async () => {
    const model = modelOf(['negative', 'positive'], (ids) => [0, ids.filter((id) => id !== 103).length]);
    const head = { ...smallGame().head, n: 5, fit: 20, fresh: 12, spexBits: 0, text: 'a good film indeed !', target: 'positive' };
    let last = 0;
    const game = await gatherGame(head, model, (done) => {
      last = done;
    });
    expect([game.head.n, game.fit.masks.count, game.fresh.masks.count, last]).toEqual([5, 20, 12, 32]);
    const masks = pairedMasks(5, 32, SEED);
    const kept = Array.from({ length: 32 }, (_, r) => 2 + [0, 1, 2, 3, 4].filter((i) => (masks.words[r] >> i) & 1).length);
    expect([...game.fit.values, ...game.fresh.values]).toEqual(kept);
  });

  it('asks for the spans of a game as its players, and for more rows after those that grade', async () => {
    const model = modelOf(['negative', 'positive'], (ids) => [0, ids.filter((id) => id !== 103).length]);
    const text = 'a good film indeed !';
    const spans = [
      [0, 6],
      [7, 11],
      [12, 20],
    ] as const;
    const head = { ...smallGame().head, n: 3, fit: 2, fresh: 2, more: 4, spexBits: 0, text, target: 'positive', spans };
    const game = await gatherGame(head, model, () => {});
    // Two words in the first and the last span, and two tokens around the text.
    const tokens = (masks: Masks) =>
      Array.from({ length: masks.count }, (_, r) => 2 + [2, 1, 2].reduce((sum, w, i) => sum + w * ((masks.words[r] >> i) & 1), 0));
    const masks = pairedMasks(3, 8, SEED);
    expect(game.head.n).toBe(3);
    expect(game.fit.masks).toEqual(concatMasks(sliceMasks(masks, 0, 2), sliceMasks(masks, 4, 8)));
    expect(game.fresh.masks).toEqual(sliceMasks(masks, 2, 4));
    expect([...game.fit.values]).toEqual(tokens(game.fit.masks));
    expect([...game.fresh.values]).toEqual(tokens(game.fresh.masks));
    expect(unpackGame(game.head, packGame(game)).fit).toEqual(game.fit);
  });

  it('locks what the game locks of a causal prompt', async () => {
    const head = { ...smallGame().head, n: 2, fit: 2, fresh: 2, spexBits: 0, text: 'ab cd. ef', target: 'g', lock: [[7, 9]] as const };
    const game = await gatherGame(
      head,
      causalOf(() => -1, { begin: 0 }),
      () => {},
    );
    expect(game.head.n).toBe(2);
  });
});

describe('gold players', () => {
  const spectrum = spectrumFromTerms(6, [
    [[], 9],
    [[4], 0.5],
    [[1], -2],
    [[0], 1],
    [[2, 3], 8],
    [[5], 0],
  ]);

  it('are found among the largest main effects of either sign, and not through pairs or by a main effect of nothing', () => {
    expect(hitsOf(spectrum, [1])).toEqual([1, 1, 1]);
    expect(hitsOf(spectrum, [0, 1])).toEqual([1 / 2, 1, 1]);
    expect(hitsOf(spectrum, [0, 1, 4])).toEqual([1 / 3, 1, 1]);
    expect(hitsOf(spectrum, [4, 3, 5, 2])).toEqual([0, 1 / 4, 1 / 4]);
    expect(hitsOf(spectrumFromTerms(6, []), [0])).toEqual([0, 0, 0]);
  });

  it('are looked for at every budget of a game that has them, and averaged over games', async () => {
    // Main effects of the game: players 0, 3 and 9, from .5 down to .3.
    const points = await curveOf(smallGame({ family: 'smollm2-sentences', gold: [3, 9, 4] }), 'pursuit');
    expect(points.map(([passes, , hits]) => [passes, hits])).toEqual([125, 250].map((passes) => [passes, [0, 2 / 3, 2 / 3]]));
    expect((await curveOf(smallGame(), 'pursuit')).map((point) => point.length)).toEqual([2, 2]);
    const own = { name: 'a', family: 'smollm2-sentences', n: 11 } as const;
    const other = { game: { ...own, name: 'b' }, method: 'pursuit', points: [[125, 0.5, [1, 1, 0]]] } as const;
    const [{ id, details }] = summarise([{ game: own, method: 'pursuit', points }, other], 'abc');
    expect(id).toBe('needed-smollm2-sentences-pursuit');
    expect([details.hit1At125, details.hit3At125, details.hit5At125]).toEqual([0.5, 0.8333, 0.3333]);
    // One of the games has no result there.
    expect(details).not.toHaveProperty('hit1At250');
  });
});

describe('passes needed', () => {
  it('lie between two points on a straight line over log passes, at the first crossing', () => {
    const points = [
      [100, 0.2],
      [400, 0.6],
      [800, 0.5],
      [1600, 0.9],
    ] as const;
    expect(passesNeeded(points, 0.4).passes).toBeCloseTo(200, 9);
    expect(passesNeeded(points, 0.6)).toEqual({ passes: 400, atFirst: false });
    expect(passesNeeded(points, 0.1)).toEqual({ passes: 100, atFirst: true });
    expect(passesNeeded(points, 0.95)).toEqual({ passes: Number.POSITIVE_INFINITY, atFirst: false });
  });

  const game = (name: string) => ({ name, family: 'minilm' as const, n: 20 });
  const curves = (shift: Readonly<Record<string, number>>): Curve[] =>
    Object.entries(shift).flatMap(([name, times]) => {
      const r2 = (n: number) => 1 - 1 / Math.sqrt(n);
      const at = [125, 250, 500, 1000, 2000];
      return [
        { game: game(name), method: PROXYSPEX, points: at.map((n) => [n, r2(n)] as const) },
        { game: game(name), method: 'auto', points: at.map((n) => [n, r2(n * times)] as const) },
        { game: game(name), method: SPEX, points: [[4000, r2(500)]] as const },
      ];
    });

  it('are given as median and range over games, against ProxySPEX and against SPEX, floors and failures said', () => {
    const rows = summarise(curves({ a: 4, b: 2, c: 64 }), 'abc');
    const auto = rows.find((r) => r.id === 'needed-minilm-auto');
    expect(auto?.ratio).toBe(4);
    expect(auto?.ours).toBe(500);
    expect(auto?.peer).toBe(2000);
    expect(auto?.details.timesFewerThanProxySpexAt2000).toBe('4 (2 to ≥16)');
    expect(auto?.details.timesFewerThanProxySpexAt1000).toBe('4 (2 to ≥8)');
    // 4,000 passes of SPEX are worth 500 of ProxySPEX: 125, 250 and at most 125 of ours.
    expect(auto?.details.timesFewerThanSpex).toBe('≥32 (16 to ≥32)');
    const worse = summarise(curves({ a: 0.25, b: 0.2, c: 1 }), 'abc').find((r) => r.id === 'needed-minilm-auto');
    expect([worse?.ratio, worse?.ours]).toEqual([0, 0]);
    expect(worse?.details.timesFewerThanProxySpexAt2000).toBe('never (never to 1)');
    expect(rows.find((r) => r.id === 'needed-minilm-shapiq-proxyspex')?.ratio).toBe(1);
  });

  it('are drawn in the panel of their own kind, though one kind’s name begins like another’s', () => {
    const all = (['smollm2', 'smollm2-locked', 'smollm2-sentences'] as const).flatMap((family) =>
      curves({ [family]: 4 }).map((curve) => ({ ...curve, game: { ...curve.game, family } })),
    );
    const svg = curvesSvg(summarise(all, 'abc'));
    for (const title of ['everything maskable', 'stem locked', 'sentences of HotpotQA']) expect(svg.split(title)).toHaveLength(2);
    expect(svg.match(/<path d="M[^"]*L/g)).toHaveLength(6);
  });

  it('are drawn one line for each method in each panel, the peers’ too, and nothing else is', () => {
    const rows = summarise(curves({ a: 4, b: 2, c: 64 }), 'abc');
    const svg = curvesSvg([...rows, { ...rows[0], id: 'boost' }]);
    expect(svg.match(/<path d="M[^"]*L/g)).toHaveLength(2);
    expect(svg.match(/<text[^>]*>shapiq ProxySPEX</g)).toHaveLength(1);
    expect(svg).toContain('MiniLM, reviews');
    expect(svg).not.toContain('NaN');
  });
});

describe('the benchmark', () => {
  it('grades our methods on the stored masks beside the stored curves of the peers', async () => {
    // Too few rows for the authors' recipe, which takes its time.
    const game = smallGame({ fit: 200 });
    const peers = {
      made: {},
      curves: {
        small: {
          [PROXYSPEX]: [
            [125, 0.9],
            [250, 0.95],
          ],
        },
      },
    };
    const { context, lines } = contextOf({ ...stored(game), 'peers.json': json(peers) }, { families: ['minilm'] });
    const rows = await masksNeeded.run(context);
    const names = ['auto', 'pursuit', 'proxyspex', 'linear', 'spex', 'shapiq-proxyspex'];
    expect(rows.map((r) => r.id)).toEqual(names.map((name) => `needed-minilm-${name}`));
    // Six terms, exactly known values: what finds pairs finds them all.
    for (const name of ['auto', 'pursuit', 'proxyspex'])
      expect(rows.find((r) => r.id === `needed-minilm-${name}`)?.details.r2At125).toBeGreaterThan(0.99);
    expect(rows.find((r) => r.id === 'needed-minilm-linear')?.details.r2At125).toBeLessThan(0.95);
    expect(rows.at(-1)?.details.r2At250).toBe(0.95);
    expect(lines.some((line) => line.includes('small, auto'))).toBe(true);
  });

  it('goes on to budgets that the first rows do not reach, with the rows after those that grade', async () => {
    const game = smallGame({ fit: 130, fresh: 100, more: 120 });
    const before = smallGame({ fit: 250, fresh: 100 });
    const [[, first], [passes, second]] = await curveOf(game, 'linear');
    expect(passes).toBe(250);
    const [[, same]] = await curveOf({ ...before, fresh: game.fresh }, 'linear');
    expect(first).toBe(same);
    // Beyond row 130 other masks are fitted than those that a game of 250 rows has there.
    expect(second).not.toBe((await curveOf({ ...before, fresh: game.fresh }, 'linear'))[1][1]);
    expect(await curveOf(smallGame({ fit: 130, fresh: 100 }), 'linear')).toHaveLength(1);
  });

  it('says where no games are stored, and that a game has no numbers or its list is no JSON', async () => {
    const empty = contextOf({}, { families: ['minilm'] });
    expect(await masksNeeded.run(empty.context)).toEqual([]);
    expect(empty.lines.join()).toContain('no stored games');
    const missing = contextOf({ 'games.json': json([smallGame().head]) });
    expect((await rejectedBy(masksNeeded.run(missing.context))).code).toBe('not-found');
    const broken = contextOf({ 'games.json': new TextEncoder().encode('[') });
    expect((await rejectedBy(masksNeeded.run(broken.context))).code).toBe('bad-file');
  });

  it('gathers what it has a model for, keeps the rest as stored, and writes planted games for the peers', async () => {
    const game = smallGame({ family: 'distilbert' });
    const asked = { name: 'text', family: 'minilm', n: 4, fit: 8, fresh: 8, spexBits: 0, text: 'a very good film', target: 'positive' };
    const prompt = smallGame({ name: 'prompt', family: 'smollm2', spexBits: 0 });
    const written: Record<string, Uint8Array> = {};
    const { context, lines } = contextOf(
      { 'games.json': json([game.head, asked, prompt.head]), 'small.bin': packGame(game), 'prompt.bin': packGame(prompt) },
      {
        writeGame: async (name, bytes) => {
          written[name] = bytes;
        },
        backends: [{ name: 'wasm', load: async () => modelOf(['negative', 'positive'], (ids) => [0, ids.length]) }],
      },
    );
    const rows = await masksNeeded.run(context);
    expect(rows.map((r) => r.id)).toEqual(['gather-text']);
    expect(written['small.bin']).toEqual(packGame(game));
    expect(written['prompt.bin']).toEqual(packGame(prompt));
    expect(lines.filter((line) => line.includes('stays as it is stored'))).toHaveLength(2);
    const heads = JSON.parse(new TextDecoder().decode(written['games.json'])) as GameHead[];
    expect(heads.map((h) => h.name)).toEqual(['small', 'text', 'prompt']);
    expect(heads[0].groups).toHaveLength(3);
    expect(unpackGame(heads[1], written['text.bin']).fit.masks.count).toBe(8);
    const planted = JSON.parse(new TextDecoder().decode(written['planted.json'])) as GameHead[];
    expect(planted.map((h) => h.name)).toEqual(PLANTED_NAMES);
    expect(unpackGame(planted[0], written[`${PLANTED_NAMES[0]}.bin`]).fit).toEqual(plantedGame(PLANTED_NAMES[0]).fit);
  });
});
