import { describe, expect, it } from 'vitest';
import { allMasks, createMasks, masksFromRows } from '../../../src/core/masks.ts';
import { splitPlayers } from '../../../src/lens/text/players.ts';
import { parseScalar, resolveTarget, SCALARS, scalarOf, textValueFunction } from '../../../src/lens/text/value-function.ts';
import { rejectedBy, thrownBy } from '../../model/support.ts';
import { modelOf, sequencesOf, tokenizer } from './support.ts';

/** Float64 log and exp of float32 logits, twice in a row. */
const CLOSE = 12;
const rule = { kind: 'mask-token' } as const;

describe('the scalar', () => {
  const logits = Float32Array.from([9, 9, 9, 1, -2, 0.5]);
  const z = [1, -2, 0.5];
  const total = z.reduce((sum, v) => sum + Math.exp(v), 0);

  it('is what its name says, of the row and label asked for', () => {
    for (const t of [0, 1, 2]) {
      const p = Math.exp(z[t]) / total;
      expect(scalarOf(logits, 1, 3, t, 'logit')).toBe(z[t]);
      expect(scalarOf(logits, 1, 3, t, 'prob')).toBeCloseTo(p, CLOSE);
      expect(scalarOf(logits, 1, 3, t, 'log-prob')).toBeCloseTo(Math.log(p), CLOSE);
      expect(scalarOf(logits, 1, 3, t, 'log-odds')).toBeCloseTo(Math.log(p / (1 - p)), CLOSE);
    }
  });

  it('of two labels in log-odds is the difference of their logits, exactly, and changes sign with the label', () => {
    const two = Float32Array.from([0.1, -3.7]);
    expect(scalarOf(two, 0, 2, 0, 'log-odds')).toBe(two[0] - two[1]);
    expect(scalarOf(two, 0, 2, 1, 'log-odds')).toBe(two[1] - two[0]);
  });

  it('stays finite where exp of a logit would not', () => {
    const huge = Float32Array.from([3000, -3000, 2990]);
    expect(scalarOf(huge, 0, 3, 0, 'log-odds')).toBeCloseTo(10, CLOSE);
    expect(scalarOf(huge, 0, 3, 1, 'log-prob')).toBeCloseTo(-6000 - Math.log1p(Math.exp(-10)), 8);
    expect(scalarOf(huge, 0, 3, 1, 'prob')).toBe(0);
  });

  it('is named, log-odds by default', () => {
    expect([parseScalar(undefined), ...SCALARS.map(parseScalar)]).toEqual(['log-odds', ...SCALARS]);
    expect(thrownBy(() => parseScalar('odds')).message).toMatch(/log-odds, logit, log-prob, prob, got odds/);
  });
});

describe('the target', () => {
  const labels = ['neg', 'NEU', 'pos', 'Pos', '0'];
  const logits = Float32Array.from([0, 3, 7, -1, 2]);

  it('is the predicted label unless one is named, in any case, or numbered', () => {
    expect(resolveTarget(labels, undefined, logits)).toBe(2);
    expect(resolveTarget(labels, 'neu', logits)).toBe(1);
    expect(resolveTarget(labels, 'Pos', logits)).toBe(3);
    expect(resolveTarget(labels, 'POS', logits)).toBe(2);
    expect(resolveTarget(labels, '3', logits)).toBe(3);
    expect(resolveTarget(labels, '0', logits)).toBe(4);
    expect(resolveTarget(['a', 'b'], undefined, Float32Array.from([1, 1]))).toBe(0);
  });

  it('that there is none of is refused with the labels there are', () => {
    for (const wanted of ['positive', '5', '-1', '1.0', '', ' neg'])
      expect(thrownBy(() => resolveTarget(labels, wanted, logits)).message).toMatch(/one of neg, NEU, pos, Pos, 0, got/);
    const many = Array.from({ length: 1000 }, (_, i) => `L${i}`);
    expect(thrownBy(() => resolveTarget(many, 'x', new Float32Array(1000))).message).toMatch(/L19 and 980 more, got x/);
  });

  it('is not looked for among logits that are not numbers', () => {
    expect(thrownBy(() => resolveTarget(['a', 'b'], undefined, Float32Array.from([Number.NaN, 1]))).code).toBe('non-finite');
  });
});

describe('the value function of a text', () => {
  const split = splitPlayers(tokenizer, 'not very good');

  it('gives each mask the scalar of the masked text, in order', async () => {
    const model = modelOf(['a', 'b', 'c'], (ids) => [ids.length, ids.filter((id) => id === 103).length, ids[1] / 1000]);
    const masks = allMasks(3);
    const values = await textValueFunction(model, split, { target: 1, scalar: 'logit', rule })(masks);
    expect([...values]).toEqual([3, 2, 2, 1, 2, 1, 1, 0]);
    expect(sequencesOf(model.asked[0])[0b101]).toEqual([101, tokenizer.encode('not').ids[0], 103, tokenizer.encode('good').ids[0], 102]);
    const odds = await textValueFunction(model, split, { target: 2, scalar: 'log-odds', rule })(masksFromRows([[1, 1, 1]]));
    const [z0, z1, z2] = [5, 0, tokenizer.encode('not').ids[0] / 1000];
    expect(odds[0]).toBeCloseTo(z2 - Math.log(Math.exp(z0) + Math.exp(z1)), 5);
  });

  it('refuses logits that are not numbers, any label’s, naming the mask', async () => {
    const model = modelOf(['a', 'b'], (ids) => [1, ids[1] === 103 && ids[2] !== 103 ? Number.POSITIVE_INFINITY : 2]);
    const error = await rejectedBy(textValueFunction(model, split, { target: 0, scalar: 'logit', rule })(allMasks(3)));
    expect([error.code, error.message]).toEqual(['non-finite', expect.stringMatching(/got Infinity for mask 2 of the batch/)]);
  });

  it('refuses a text that is too long before the model is asked anything', async () => {
    const model = modelOf(['a', 'b'], () => [0, 0], { maxTokens: 4 });
    const error = await rejectedBy(textValueFunction(model, split, { target: 0, scalar: 'logit', rule })(createMasks(3, 2)));
    expect([error.code, model.asked.length]).toEqual(['too-long', 0]);
  });
});
