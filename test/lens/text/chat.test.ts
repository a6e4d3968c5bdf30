import { describe, expect, it } from 'vitest';
import { masksFromRows } from '../../../src/core/masks.ts';
import { chatLocked, chatPrompt, chatUnits } from '../../../src/lens/text/chat.ts';
import { maskSequences } from '../../../src/lens/text/masking.ts';
import { splitPlayers } from '../../../src/lens/text/players.ts';
import { rejectedBy, thrownBy } from '../../model/support.ts';
import { bpe, causalOf, sequencesOf } from './support.ts';

const chatty = (source: string) => ({ ...causalOf(() => 0), chat: async () => ({ source, tokens: { bos_token: 'the ' } }) });
const TEMPLATE =
  "{% for m in messages %}{{ ('ask. ' if m.role == 'user' else 'be. ') + m.content + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'no. ' }}{% endif %}";
const TEXT = 'it is bad? is it not?';

describe('a text as a message in a chat', () => {
  it('stands in the template as it is, behind the system message where there is one', async () => {
    expect(await chatPrompt(chatty(TEMPLATE), TEXT, true)).toEqual({ prompt: `ask. ${TEXT}\nno. `, message: [5, 5 + TEXT.length] });
    const { prompt, message } = await chatPrompt(chatty(TEMPLATE), TEXT, { system: 'good' });
    expect(prompt).toBe(`be. good\nask. ${TEXT}\nno. `);
    expect(prompt.slice(...message)).toBe(TEXT);
  });

  it('is found where the template says the same words, and without the blanks that it trims', async () => {
    const { prompt, message } = await chatPrompt(chatty('ask ask {{ messages[0].content | trim }} ask'), ' ask\n', true);
    expect([prompt, message]).toEqual(['ask ask ask ask', [8, 11]]);
  });

  it('has players in the message alone, of any units, and its last sentence locked with the template', async () => {
    const made = await chatPrompt(chatty(TEMPLATE), TEXT, true);
    const labels = (units: Parameters<typeof chatUnits>[1], lock: Parameters<typeof chatLocked>[1]) =>
      splitPlayers(bpe, made.prompt, chatUnits(made, units), chatLocked(made, lock)).players.map(({ start, end }) =>
        made.prompt.slice(start, end),
      );
    expect(labels('word', 'auto')).toEqual(['it', 'is', 'bad?']);
    expect(labels('word', 'none')).toEqual(['it', 'is', 'bad?', 'is', 'it', 'not?']);
    expect(labels('sentence', 'none')).toEqual(['it is bad?', 'is it not?']);
    expect(labels('token', 'auto').join('').trim()).toMatch(/is bad\?$/);
    expect(labels('/bad|not/', [[0, 2]])).toEqual(['bad', 'not']);
    expect(labels([[3, 9]], 'none')).toEqual(['is bad']);
    expect(chatLocked(made, 'auto')).toEqual([
      [0, 5],
      [16, 31],
    ]);
    expect(thrownBy(() => chatLocked(made, [[0, 99]])).message).toMatch(/within 21 characters/);
  });

  it('loses nothing of its template with its first word, not the new line before it', async () => {
    const made = await chatPrompt(chatty("be.\n{{ messages[0].content + '\n' }}no. "), TEXT, true);
    const split = splitPlayers(bpe, made.prompt, chatUnits(made, 'word'), chatLocked(made, 'auto'));
    const [none, last] = sequencesOf(
      maskSequences(
        masksFromRows([
          [0, 0, 0],
          [0, 0, 1],
        ]),
        split,
        { kind: 'remove' },
        bpe,
        99,
      ),
    );
    expect(bpe.decode(none)).toContain('be.\n is it not?\nno. ');
    expect(bpe.decode(last)).toContain('be.\n bad? is it not?\nno. ');
  });

  it.each([
    ['a model without a template', causalOf(() => 0), /expected a model with a chat template, got test, which has none/],
    ['one whose file has none', { ...causalOf(() => 0), chat: async () => null }, /which has none/],
    ['a template that changes messages', chatty('{{ messages[0].content | upper }}'), /got one that changes it/],
    ['a template that says them twice', chatty('{{ messages[0].content }}{{ messages[0].content }}'), /got one that changes it/],
    ['a template without them', chatty('hello'), /got one that changes it/],
  ])('is refused with %s', async (_, model, message) => {
    const error = await rejectedBy(chatPrompt(model, TEXT, true));
    expect([error.code, error.message]).toEqual(['unsupported-model', expect.stringMatching(message)]);
  });
});
