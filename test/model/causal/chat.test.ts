import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyChatTemplate, type ChatMessage, ggufChatTemplate, readChatTemplate } from '../../../src/model/causal/chat.ts';
import { readGguf } from '../../../src/model/gguf/read.ts';
import { rejectedBy, thrownBy } from '../support.ts';
import { hasModel } from './known-models.ts';

interface GoldenRow {
  readonly messages: readonly ChatMessage[];
  readonly prompt: string | { readonly error: string };
}
const golden = JSON.parse(readFileSync(new URL('../golden/chat.json', import.meta.url), 'utf8')) as {
  tokens: Record<string, string>;
  templates: Record<string, { source: string; rows: readonly GoldenRow[] }>;
};
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const ASKED: readonly ChatMessage[] = [{ role: 'user', content: 'hi' }];

describe('a chat template', () => {
  it.each(Object.keys(golden.templates))(
    'makes the prompts that transformers makes with it, and refuses what it refuses (%s)',
    async (name) => {
      const { source, rows } = golden.templates[name];
      const template = readChatTemplate(bytes({ ...golden.tokens, chat_template: source }), null);
      if (!template) return expect.unreachable();
      for (const { messages, prompt } of rows)
        if (typeof prompt === 'string') expect(await applyChatTemplate(template, messages)).toBe(prompt);
        else {
          const error = await rejectedBy(applyChatTemplate(template, messages));
          expect([error.code, error.message]).toEqual(['usage', expect.stringContaining(`(${prompt.error}); leave chat`)]);
        }
    },
  );

  it('is the default one of several, or the file beside the configuration; its tokens are names or objects', async () => {
    const named = [
      { name: 'tool_use', template: 'no' },
      { name: 'default', template: '{{ bos_token }}{{ messages[0].content }}' },
    ];
    const config = { bos_token: { content: '<s>', lstrip: false }, model_max_length: 3, pad_token: null, chat_template: named };
    const template = readChatTemplate(bytes(config), null);
    expect(template?.tokens).toEqual({ bos_token: '<s>' });
    expect(template && (await applyChatTemplate(template, ASKED))).toBe('<s>hi');
    expect(readChatTemplate(bytes(config), bytes('beside'))?.source).toBe('beside');
    expect(readChatTemplate(null, bytes('beside'))).toEqual({ source: 'beside', tokens: {} });
    expect([readChatTemplate(bytes({ chat_template: named.slice(0, 1) }), null), readChatTemplate(null, null)]).toEqual([null, null]);
  });

  it.each([
    ['a number', 7, /expected some text, got 7/],
    ['nothing but blanks', ' ', /expected some text/],
    ['more than any is', 'a'.repeat(1_000_001), /expected at most 1000000 characters, got 1000001/],
  ])('that is %s is refused', (_, source, message) => {
    const error = thrownBy(() => readChatTemplate(bytes({ chat_template: source }), null));
    expect([error.code, error.message]).toEqual(['bad-file', expect.stringMatching(message)]);
  });

  it.each(['{% for m in messages %}', '{{ messages[ }}', '{% frob %}'])('that is no Jinja (%s) is refused', async (source) => {
    const error = await rejectedBy(applyChatTemplate({ source, tokens: {} }, ASKED));
    expect([error.code, error.message]).toEqual(['bad-file', expect.stringMatching(/^chat template: expected Jinja, got /)]);
  });

  it('that fails on the way says so in its own words', async () => {
    const source = "{{ raise_exception('only\n in threes') }}";
    const error = await rejectedBy(applyChatTemplate({ source, tokens: {} }, ASKED));
    expect([error.code, error.message]).toEqual(['usage', expect.stringMatching(/refusal \(only\\u\{a\} in threes\); leave chat out$/)]);
  });

  it.skipIf(!hasModel('smollm2'))('of SmolLM2 is in its GGUF file (skipped where ../shared is absent)', () => {
    const file = new URL('../../../../shared/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf', import.meta.url);
    expect(ggufChatTemplate(readGguf(readFileSync(file)).metadata)).toEqual({
      source: golden.templates.smollm2.source,
      tokens: { bos_token: '<|im_start|>', eos_token: '<|im_end|>', unk_token: '<|endoftext|>', pad_token: '<|im_end|>' },
    });
  });

  it('is missing from a file that names none', () => {
    expect(ggufChatTemplate(new Map())).toBeNull();
  });
});
