import { describe, expect, it } from 'vitest';
import { FUNCTION_ORIGIN } from '../../src/explain/explain.ts';
import { unseenOptions } from '../../src/explain/lens-options.ts';
import { questionOf } from '../../src/explain/log.ts';
import { type EvaluationLog, type Explanation, explain, isPresent, type Masks, maskText, questionHash, WebspexError } from './support.ts';

/** A log in memory that also counts. */
function memoryLog(): EvaluationLog & { readonly values: Map<string, number>; adds: number } {
  const values = new Map<string, number>();
  const log = {
    values,
    adds: 0,
    open: async () => values,
    add(mask: string, value: number) {
      log.adds++;
      values.set(mask, value);
    },
    flush: async () => {},
  };
  return log;
}

const value = (masks: Masks, r: number) =>
  2 * Number(isPresent(masks, r, 0)) - 0.3 * Number(isPresent(masks, r, 5)) + 3 * Number(isPresent(masks, r, 2) && isPresent(masks, r, 3));

/** A function that counts what it is asked, and fails at its call number `failAt` after it has told of half its values. */
function counted(failAt = Number.POSITIVE_INFINITY) {
  const asked: string[] = [];
  let calls = 0;
  return {
    asked,
    async valueFunction(masks: Masks, options?: { onValue?: (row: number, value: number) => void }) {
      for (let r = 0; r < masks.count; r++) asked.push(maskText(masks, r));
      if (calls++ === failAt) {
        for (let r = masks.count - 1; r >= masks.count / 2; r--) options?.onValue?.(r, value(masks, r));
        throw new Error('the far side went away');
      }
      return Float32Array.from({ length: masks.count }, (_, r) => value(masks, r));
    },
  };
}

const OPTIONS = { players: 24, budget: 256, method: 'pursuit' } as const;
const untimed = ({ timing: _, ...rest }: Explanation) => rest;

describe('a run with an evaluation log', () => {
  it('goes on after a failure without asking twice for what it was told, to the same bytes as a run that never failed', async () => {
    const log = memoryLog();
    const broken = counted(2);
    await expect(explain(broken.valueFunction, { ...OPTIONS, log }).result).rejects.toThrow(/went away/);
    const kept = new Set(log.values.keys());
    expect(kept.size).toBeGreaterThan(8);
    expect(kept.size).toBeLessThan(new Set(broken.asked).size);
    const whole = counted();
    const resumed = await explain(whole.valueFunction, { ...OPTIONS, log }).result;
    expect(whole.asked.filter((mask) => kept.has(mask))).toEqual([]);
    expect(new Set(whole.asked).size).toBe(whole.asked.length);
    expect(kept.size + whole.asked.length).toBe(OPTIONS.budget);
    expect(log.adds).toBe(OPTIONS.budget);
    expect(resumed.fit.queries).toBe(OPTIONS.budget);
    const straight = await explain(counted().valueFunction, OPTIONS).result;
    expect(untimed(resumed)).toEqual(untimed(straight));
  });

  it('pays only for the masks that a larger budget or another method adds', async () => {
    const log = memoryLog();
    await explain(counted().valueFunction, { ...OPTIONS, log }).result;
    const more = counted();
    await explain(more.valueFunction, { ...OPTIONS, budget: 300, method: 'linear', log }).result;
    expect(more.asked.length).toBe(300 - OPTIONS.budget);
  });

  it('keeps no value that is not finite', async () => {
    const log = memoryLog();
    const wrong = async (masks: Masks) => Float32Array.from({ length: masks.count }, (_, r) => (r === 1 ? Number.NaN : 1));
    await expect(explain(wrong, { ...OPTIONS, log }).result).rejects.toSatisfy(
      (error) => error instanceof WebspexError && error.code === 'non-finite' && error.message.includes('for mask 1;'),
    );
    expect(log.values.size).toBe(7);
  });

  it('tells questions apart by what values depend on, not by the method or the budget', async () => {
    const opened: string[] = [];
    const log: EvaluationLog = {
      async open(question) {
        opened.push(await questionHash(question));
        return new Map();
      },
      add() {},
      flush: async () => {},
    };
    for (const other of [{}, { budget: 128, method: 'linear', seed: 9 }, { players: 23 }] as const)
      await explain(counted().valueFunction, { ...OPTIONS, ...other, log }).result;
    expect(opened[1]).toBe(opened[0]);
    expect(opened[2]).not.toBe(opened[0]);
  });

  it.each([
    ['labelled texts', { examples: [{ label: 'a', text: 'b' }] }],
    ['training examples', { train: [{ label: 'a', text: 'b' }] }],
    ['a strength of the penalty', { l2: 2 }],
    ['reference texts', { reference: ['a'] }],
  ])('tells questions apart by %s, of which an explanation says only how many there are', async (_, asked) => {
    const hash = async (given: object) => questionHash(await questionOf(FUNCTION_ORIGIN, [], unseenOptions(given)));
    expect(await hash(asked)).not.toBe(await hash({}));
    expect(await hash(asked)).toBe(await hash({ ...asked, budget: 7 }));
  });
});
