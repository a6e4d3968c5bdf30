import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readExplanation } from '../../src/element.ts';
import { cli, scratch } from './support.ts';

const folder = scratch();
const MODEL = ['--model', fileURLToPath(new URL('../model/golden/tiny-decoders/gpt2/', import.meta.url)), '--device', 'reference'];
const PROMPT = 'the cat is not bad? is it good';

/** The same model with a chat template. */
function chatFolder(): string {
  const made = join(folder, 'chatty');
  cpSync(MODEL[1], made, { recursive: true });
  const chat_template =
    "{% for m in messages %}{{ ('ask. ' if m.role == 'user' else 'be. ') + m.content + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'no. ' }}{% endif %}";
  writeFileSync(join(made, 'tokenizer_config.json'), JSON.stringify({ chat_template }));
  return made;
}

describe('webspex explain with a causal model', () => {
  it('puts the text into the model’s chat template, whose words are never masked', async () => {
    const chatty = ['--model', chatFolder(), '--device', 'reference'];
    const ran = await cli(['explain', PROMPT, '--chat', '--system', 'go on', '--target', 'no', '--json', ...chatty]);
    const e = readExplanation(JSON.parse(ran.out));
    expect([e.text, e.locked]).toEqual([
      `be. go on\nask. ${PROMPT}\nno. `,
      [
        [0, 15],
        [35, 50],
      ],
    ]);
    expect(e.players.map(({ label }) => label)).toEqual(['the', 'cat', 'is', 'not', 'bad']);
    const checked = await cli([
      'verify',
      PROMPT,
      '--chat',
      '--system',
      'go on',
      '--target',
      'no',
      '--members',
      'not,bad',
      '--json',
      ...chatty,
    ]);
    const { corners } = JSON.parse(checked.out);
    // The explanation is exact: the model itself says the same, in float32.
    for (const { measured, predicted } of corners) expect(predicted).toBeCloseTo(measured, 4);
    const bare = await cli(['explain', PROMPT, '--target', 'no', '--json', ...chatty]);
    expect(readExplanation(JSON.parse(bare.out)).text).toBe(PROMPT);
  });

  it('prints what was asked, what was never masked, and writes the same into the page', async () => {
    const page = join(folder, 'why.html');
    const ran = await cli(['explain', PROMPT, '--target', 'no vs not', '--mask', 'neutral', '--html', page, ...MODEL]);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^no vs not {2}log-odds [+−]/);
    expect(ran.out).toMatch(/Exact: all 32 maskings were evaluated\nnever masked: “is it good”\n/);
    expect(readFileSync(page, 'utf8')).toMatch(/never masked<\/dt><dd[^>]*>is it good</);
  });

  it('explains the model’s own answer as a document, and checks it by the model itself', async () => {
    const ran = await cli(['explain', PROMPT, '--json', ...MODEL]);
    const e = readExplanation(JSON.parse(ran.out));
    expect(e).toMatchObject({ scalar: 'log-prob', locked: [[20, 30]], model: { id: 'gpt2' }, mask: 'remove' });
    const checked = await cli(['verify', PROMPT, '--target', e.target, '--members', 'not,bad', '--json', ...MODEL]);
    const { corners, explanation } = JSON.parse(checked.out);
    expect(explanation.values).toEqual(e.values);
    // The explanation is exact: the model itself says the same, in float32.
    for (const { measured, predicted } of corners) expect(predicted).toBeCloseTo(measured, 4);
  });

  it('switches heads and blocks off with --lens, in one document that verify asks the model about', async () => {
    const asked = ['the cat is', '--lens', 'components', '--layers', '1', '--target', 'not'];
    const ran = await cli(['explain', ...asked, '--json', ...MODEL]);
    expect(ran.err).toBe('');
    const e = readExplanation(JSON.parse(ran.out));
    expect(e).toMatchObject({
      lens: 'components',
      text: 'the cat is',
      target: 'not',
      scalar: 'log-prob',
      fit: { chosen: 'exact', queries: 8 },
    });
    expect(e.players.map(({ label }) => label)).toEqual(['1.0', '1.1', 'mlp 1']);
    const checked = await cli(['verify', ...asked, '--members', '0,2', '--json', ...MODEL]);
    for (const { measured, predicted } of JSON.parse(checked.out).corners) expect(predicted).toBeCloseTo(measured, 4);
    const printed = await cli(['explain', ...asked, ...MODEL]);
    expect(printed.out).toMatch(/^not {2}log-prob [+−][\d.]+ .* with all components off [+−]/);
    const set = join(folder, 'set.tsv');
    writeFileSync(set, 'label\ttext\na\tb\n');
    const overSet = await cli(['explain', '--lens', 'heads', '--set', set, '--json', ...MODEL]);
    const over = readExplanation(JSON.parse(overSet.out));
    expect(over).toMatchObject({ lens: 'heads', fit: { chosen: 'exact', queries: 16 } });
    expect(over.players.map(({ label }) => label)).toEqual(['0.0', '0.1', '1.0', '1.1']);
  });

  it('needs a model with a chat template for --chat', async () => {
    const ran = await cli(['explain', PROMPT, '--chat', ...MODEL]);
    expect([ran.code, ran.err]).toEqual([
      3,
      expect.stringMatching(/chat: expected a model with a chat template, got gpt2, which has none/),
    ]);
  });

  it.each([
    [['--target', 'a vs '], /target: expected two texts in A vs B/],
    [['--lock', 'last'], /lock: expected auto, none or/],
    [['--lock', '[[0,99]]'], /lock: expected ascending, separate spans within 30 characters/],
    [['--mask', 'mask-token'], /use remove, neutral or replace:TEXT/],
    [['--system', 'go'], /--system: expected --chat with it/],
    [['--chat', '--lens', 'data', '--train', 'x.tsv'], /--chat: expected none with --lens data/],
    [['--scalar', 'prob', '--target', 'no'], /scalar: expected log-prob for one continuation, got prob/],
  ])('with %j is a usage error that says what to do', async (args, message) => {
    const ran = await cli(['explain', PROMPT, ...args, ...MODEL]);
    expect([ran.code, ran.out, ran.err]).toEqual([2, '', expect.stringMatching(message)]);
  });

  it('of a prompt longer than the model takes is refused with both numbers', async () => {
    const ran = await cli(['explain', 'a b c d '.repeat(12), '--target', 'no', ...MODEL]);
    expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(/too-long: text: expected at most 39 tokens .*got 50/)]);
  });
});
