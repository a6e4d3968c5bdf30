import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Family } from '../../src/bench/needed/game.ts';
import { curveOf } from '../../src/bench/needed/methods.ts';
import { sliceMasks, type ValueFunction } from '../../src/core/masks.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { compareMethods } from '../../src/explain/compare.ts';
import { explainFrom, FUNCTION_ORIGIN } from '../../src/explain/explain.ts';
import { explainer } from '../../src/explain/explainer.ts';
import type { ExplainOptions } from '../../src/explain/options.ts';
import { servedExplainer } from '../../src/lens.ts';
import { readerOf } from '../gp/support.ts';
import { fakeFetch, honest } from '../lens/served/fake-server.ts';

const FOLDER = fileURLToPath(new URL('../model/golden/tiny-decoders/gpt2/', import.meta.url));
const TEXT = 'the cat is not bad? is it good';

describe('a question about words in order', () => {
  it('is one to a causal model where nothing is locked and words are removed, and no other', async () => {
    const ex = await explainer('text-generation', FOLDER, { device: 'reference' });
    const of = async (question: object) => (await ex.describe(TEXT, { target: 'no', ...question })).sequential;
    expect(await of({ lock: 'none' })).toBe(true);
    expect(await of({ lock: 'none', mask: 'replace:' })).toBe(true);
    expect(await of({ lock: 'none', units: 'sentence' })).toBe(true);
    expect(await of({})).toBe(false);
    expect(await of({ lock: [[0, 3]] })).toBe(false);
    expect(await of({ lock: 'none', mask: 'neutral' })).toBe(false);
    // What is no player is never masked.
    expect(await of({ lock: 'none', units: [[0, 7]] })).toBe(false);
    expect((await ex.describe(TEXT, { target: 'no', lens: 'heads' })).sequential).toBeUndefined();
    ex.destroy();
  });

  it('is one to a served model likewise', async () => {
    const { fetch } = fakeFetch(honest);
    const ex = servedExplainer({ url: 'http://one', model: 'm', fetch, retries: 0, by: 'top-k' });
    const of = async (question: object) =>
      (await ex.describe('We saw the film. Was it good?', { target: 'yes vs no', ...question })).sequential;
    expect(await of({ lock: 'none' })).toBe(true);
    expect(await of({})).toBe(false);
    expect(await of({ lock: 'none', mask: 'neutral' })).toBe(false);
  });

  it('is never one to a classifier', async () => {
    const ex = await explainer('text-classification', undefined, { device: 'wasm' });
    expect((await ex.describe('not bad at all', { mask: 'remove' })).sequential).toBeUndefined();
    ex.destroy();
  });
});

const n = 20;
const truth = readerOf(n, 3);
const valueFunction: ValueFunction = async (masks) => Float32Array.from(truth(masks));

async function explained(sequential: boolean | undefined, options: Partial<ExplainOptions> = {}) {
  const all = { players: n, budget: 128, method: 'gp', ...options } as const;
  return explainFrom(async () => ({ valueFunction, options: all, origin: FUNCTION_ORIGIN, sequential })).result;
}

describe('its explanation', () => {
  it('has the Gaussian process count endings, in its folds too', async () => {
    const [told, untold] = [await explained(true), await explained(undefined)];
    expect(told.fit.r2).toBeGreaterThan(untold.fit.r2 + 0.02);
    expect(told.spectrum).not.toEqual(untold.spectrum);
    expect(told.interactions.every(({ se }) => Number.isFinite(se) && se > 0)).toBe(true);
    // Said or not said: the same game, to the last bit.
    const { timing: _, ...denied } = await explained(false);
    const { timing: __, ...silent } = untold;
    expect(denied).toEqual(silent);
  }, 240_000);

  it('is told of by auto, and in a comparison', async () => {
    const told = await explained(true, { method: 'auto' });
    const untold = await explained(undefined, { method: 'auto' });
    const own = (e: typeof told) => e.fit.candidates.find(({ method }) => method === 'gp')?.r2 ?? 0;
    expect(own(told)).toBeGreaterThan(own(untold) + 0.02);
    const comparing = { players: n, budget: 128, methods: ['gp', 'linear'] as const };
    const [with_, without] = [
      await compareMethods(valueFunction, { ...comparing, sequential: true }),
      await compareMethods(valueFunction, comparing),
    ];
    const of = ({ methods }: typeof with_, name: string) => methods.find(({ method }) => method === name);
    expect(of(with_, 'gp')?.explanation.spectrum).toEqual((await explained(true)).spectrum);
    expect(of(with_, 'gp')?.r2).not.toBe(of(without, 'gp')?.r2);
    expect(of(with_, 'linear')?.r2).toBe(of(without, 'linear')?.r2);
  }, 240_000);
});

describe('the games of masks-needed', () => {
  it('are such questions where they are prompts with nothing locked', async () => {
    const masks = pairedMasks(n, 628, 1);
    const part = (from: number, to: number) => ({ masks: sliceMasks(masks, from, to), values: truth(sliceMasks(masks, from, to)) });
    const curve = (family: Family) => {
      const head = { name: 'reader', family, n, fit: 128, fresh: 500, spexBits: 0 };
      return curveOf({ head, fit: part(0, 128), fresh: part(128, 628), spex: null }, 'gp');
    };
    const [[[passes, told]], [[, untold]]] = [await curve('smollm2'), await curve('smollm2-locked')];
    expect(passes).toBe(125);
    expect(told).toBeGreaterThan(untold + 0.01);
    expect(await curve('minilm')).toEqual(await curve('smollm2-locked'));
  });
});
