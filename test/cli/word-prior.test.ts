import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readExplanation } from '../../src/element.ts';
import type { Explanation } from '../../src/index.ts';
import type { WordPrior } from '../../src/text.ts';
import { cli, type Ran, scratch } from './support.ts';

const folder = scratch();
const at = (name: string) => join(folder, name);
const FIRST = 'A slow and rather silly story, but her acting never fails to impress anyone';
const SECOND = 'The plot is thin and the jokes are old, yet I laughed a lot all the same';
const explain = (text: string, ...options: string[]) => cli(['explain', text, '--budget', '64', '--device', 'wasm', ...options]);
const priorIn = (name: string): WordPrior => JSON.parse(readFileSync(at(name), 'utf8'));

describe('webspex explain --word-prior', () => {
  let first: Ran;
  beforeAll(async () => {
    first = await explain(FIRST, `--word-prior=${at('words.json')}`);
  });

  it('keeps what the first text says of words, and says from when on it counts', () => {
    expect(first.code).toBe(0);
    expect(first.err).toContain(`webspex: 1 text is kept in ${at('words.json')}; from 5 others on it counts\n`);
    expect(first.out).not.toContain('Begun from');
    const [{ words, influences }, ...others] = priorIn('words.json').texts;
    expect(others).toEqual([]);
    expect([words.length, influences.length]).toEqual([14, 14]);
  });

  it('begins from the others once there are five, adds the text, and says both, in the document too', async () => {
    const one = priorIn('words.json');
    const [{ words, influences }] = one.texts;
    // The same words in other orders are other texts.
    const turned = words.map((_, t) => ({
      words: words.map((_, i) => words[(i + t) % words.length]),
      influences: words.map((_, i) => influences[(i + t) % words.length]),
    }));
    writeFileSync(at('many.json'), JSON.stringify({ ...one, texts: turned }));
    const ran = await explain(SECOND, '--json', `--word-prior=${at('many.json')}`);
    expect(ran.code).toBe(0);
    const document: Explanation = readExplanation(JSON.parse(ran.out));
    expect(document.fit.priorTexts).toBe(14);
    expect(ran.err).toContain(`webspex: 15 texts are kept in ${at('many.json')}\n`);
    expect(priorIn('many.json').texts[14].influences).toEqual(document.fit.influences);
    const said = await explain(SECOND, `--word-prior=${at('many.json')}`);
    expect(said.out).toMatch(/\nBegun from what 14 other texts say of which words matter\n/);
    expect(priorIn('many.json').texts).toHaveLength(15);
  });

  it('adds nothing where every masking was evaluated, and says so', async () => {
    const ran = await explain('Never dull', `--word-prior=${at('short.json')}`);
    expect([ran.code, ran.err]).toEqual([0, expect.stringContaining(`webspex: nothing of this text was added to ${at('short.json')}\n`)]);
    expect(existsSync(at('short.json'))).toBe(false);
  });

  it('refuses what has no use for it, and files that are none, and leaves them as they are', async () => {
    writeFileSync(at('log.json'), '{"format":"webspex-log"}');
    writeFileSync(at('cut.json'), '{"format":"webspex-wo');
    const refused = async (code: number, said: RegExp, ...options: string[]) => {
      const ran = await explain(FIRST, ...options);
      expect([ran.code, ran.out]).toEqual([code, '']);
      expect(ran.err).toMatch(said);
    };
    await refused(2, /expected method auto or gp, got lime/, '--word-prior', '--method', 'lime');
    await refused(2, /expected --lens text, got heads/, '--word-prior', '--lens', 'heads');
    await refused(2, /--word-prior: expected a file that can be written, got .*nowhere/, `--word-prior=${at('nowhere/words.json')}`);
    await refused(3, /word prior: expected format "webspex-word-prior"/, `--word-prior=${at('log.json')}`);
    await refused(3, /cut\.json: expected the JSON of a word prior/, `--word-prior=${at('cut.json')}`);
    expect(readFileSync(at('log.json'), 'utf8')).toBe('{"format":"webspex-log"}');
    const ran = await cli(['explain', '--exec', 'true', '--players', '4', '--word-prior']);
    expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(/expected no --word-prior with --exec/)]);
  });
});
