import { beforeAll, describe, expect, it } from 'vitest';
import { WebspexError } from '../../src/core/errors.ts';
import type { Explanation } from '../../src/explain/document.ts';
import { readExplanation } from '../../src/view/read.ts';
import { PAYLOADS } from '../support/payloads.ts';
import { everywhere, sample } from './support.ts';

let e: Explanation;
beforeAll(async () => {
  e = await sample();
});

function withField(path: string, value: unknown): unknown {
  const copy = structuredClone(e) as unknown as Record<string, unknown>;
  const steps = path.split('.');
  let at = copy as Record<string, unknown>;
  for (const step of steps.slice(0, -1)) at = at[step] as Record<string, unknown>;
  if (value === undefined) delete at[steps[steps.length - 1]];
  else at[steps[steps.length - 1]] = value;
  return copy;
}

const NUMBERS = [
  'values.full',
  'values.empty',
  'maxOrder',
  'seed',
  'fit.r2',
  'fit.r2Low',
  'fit.r2High',
  'fit.heldOut',
  'fit.queries',
  'fit.budget',
  'interactions.0.value',
  'interactions.0.se',
  'spectrum.0.coefficient',
  'timing.evaluateMs',
  'players.0.start',
  'players.0.end',
];
const STRINGS = [
  'text',
  'lens',
  'target',
  'scalar',
  'index',
  'method',
  'mask',
  'units',
  'fit.chosen',
  'players.0.label',
  'model.id',
  'model.revision',
  'model.sha256',
  'model.dtype',
  'device.backend',
  'device.adapter',
  'software.version',
];
const LISTS = ['players', 'interactions', 'spectrum', 'fit.candidates', 'interactions.0.members', 'spectrum.0.members'];
const written = (path: string) => path.replace(/\.(\d+)/g, '[$1]');

const MUTATIONS: [string, unknown][] = [
  ...NUMBERS.flatMap((p): [string, unknown][] => [undefined, null, '1', Number.NaN, Number.POSITIVE_INFINITY, {}].map((v) => [p, v])),
  ...STRINGS.flatMap((p): [string, unknown][] => [undefined, null, 1, {}, ['x']].map((v) => [p, v])),
  ...LISTS.flatMap((p): [string, unknown][] => [undefined, null, 'x', {}, 3].map((v) => [p, v])),
  ['format', 'webspex'],
  ['version', 2],
  ['players', []],
  ['players.1.id', 0],
  ['players.0.end', 1e9],
  ['players.1.start', 0],
  ['interactions.0.members', [0, 5]],
  ['interactions.0.members', [1, 0]],
  ['interactions.0.members', [1, 1]],
  ['interactions.0.members', [-1]],
  ['interactions.0.members', [0.5]],
  ['interactions.0.se', -1],
];

describe('readExplanation', () => {
  it('accepts what explain writes, before and after JSON', () => {
    expect(readExplanation(e)).toBe(e);
    expect(readExplanation(JSON.parse(JSON.stringify(e)))).toEqual(e);
  });

  it('accepts any text in any string, because strings are only shown', () => {
    for (const payload of PAYLOADS) expect(() => readExplanation(everywhere(e, payload))).not.toThrow();
  });

  it('refuses every field that is not what it should be, by its name', () => {
    for (const [path, value] of MUTATIONS) {
      const field = written(path).replace(/\.(start|end|id)$/, ''); // a span is named by its player
      let said = 'nothing';
      try {
        readExplanation(withField(path, value));
      } catch (error) {
        said = error instanceof WebspexError && error.code === 'bad-file' ? error.message : `another error: ${String(error)}`;
      }
      expect(said, `${path} = ${String(value)}`).toContain(field);
    }
  });

  it('refuses what is no object at all', () => {
    for (const value of [null, undefined, 3, 'x', [], [e]])
      expect(() => readExplanation(value)).toThrow(/explanation: expected the file to be an object/);
  });
});
