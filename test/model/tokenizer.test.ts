import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WebspexError } from '../../src/core/errors.ts';
import { loadTokenizer } from '../../src/model/tokenizer.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url));
const file = read('../../models/minilm-sst2/tokenizer.json');
const golden = JSON.parse(read('golden/tokenizer.json').toString()) as {
  tokenizers: string;
  rows: [string, number[], number[], number[]][];
};
const tokenizer = loadTokenizer(file);

describe('the tokenizer', () => {
  it(`gives the ids and offsets of Hugging Face tokenizers ${golden.tokenizers} on ${golden.rows.length} texts`, () => {
    for (const [text, ids, starts, ends] of golden.rows) {
      const e = tokenizer.encode(text);
      expect({ text, ids: [...e.ids], starts: [...e.starts], ends: [...e.ends] }).toEqual({ text, ids, starts, ends });
    }
  });

  it('keeps offsets ascending and inside any string, lone surrogates included', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((u) => String.fromCharCode(...u)),
        ),
        (text) => {
          const { ids, starts, ends } = tokenizer.encode(text);
          for (let i = 0; i < ids.length; i++) {
            if (!(starts[i] < ends[i] && ends[i] <= text.length)) return false;
            if (i > 0 && !(starts[i] >= starts[i - 1] && ends[i] >= ends[i - 1])) return false;
            if (!(ids[i] < tokenizer.vocabularySize)) return false;
          }
          return true;
        },
      ),
      { numRuns: 2000, seed: 3 },
    );
  });

  it('knows its special tokens', () => {
    expect(tokenizer.special).toEqual({ cls: 101, sep: 102, mask: 103, unk: 100, pad: 0 });
    expect(tokenizer.vocabularySize).toBe(30522);
  });

  it('refuses other kinds of tokenizer and nonsense by name', () => {
    const json = JSON.parse(file.toString());
    const small = { ...json, model: { ...json.model, vocab: { '[UNK]': 0, a: 1, '##b': 2 } }, added_tokens: [] };
    const load = (change: object) => loadTokenizer(new TextEncoder().encode(JSON.stringify({ ...small, ...change })));
    expect([...load({}).encode('ab c').ids]).toEqual([1, 2, 0]);
    const cases: [object, string, RegExp][] = [
      [{ model: { type: 'BPE', vocab: {}, merges: [] } }, 'unsupported-model', /WordPiece.*BPE/],
      [{ normalizer: { type: 'NFC' } }, 'unsupported-model', /BertNormalizer.*NFC/],
      [{ pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+$' } } }, 'unsupported-model', /BertPreTokenizer.*Split/],
      [{ model: { ...small.model, vocab: { '[UNK]': -1 } } }, 'bad-file', /id from 0/],
      [{ model: { ...small.model, vocab: { '[UNK]': 1.5 } } }, 'bad-file', /id from 0/],
      [{ model: { ...small.model, vocab: { '[UNK]': 4294967296 } } }, 'bad-file', /id from 0/],
      [{ model: { ...small.model, vocab: { '[UNK]': 0, a: 0 } } }, 'bad-file', /0 twice/],
      [{ model: { ...small.model, vocab: { a: 0 } } }, 'bad-file', /unknown token/],
      [{ model: { ...small.model, max_input_chars_per_word: 1e9 } }, 'bad-file', /max_input_chars/],
      [{ added_tokens: [{ id: 'x', content: '[CLS]' }] }, 'bad-file', /id from 0/],
      [{ added_tokens: [{ id: 5, content: '<x>', lstrip: true }] }, 'unsupported-model', /lstrip/],
    ];
    for (const [change, code, message] of cases) {
      let error: unknown;
      try {
        load(change);
      } catch (e) {
        error = e;
      }
      expect(error, JSON.stringify(change)).toBeInstanceOf(WebspexError);
      expect((error as WebspexError).code).toBe(code);
      expect((error as WebspexError).message).toMatch(message);
    }
    expect(() => loadTokenizer(new Uint8Array([1, 2, 3]))).toThrow(WebspexError);
  });
});
