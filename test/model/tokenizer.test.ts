import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { loadTokenizer } from '../../src/model/tokenizer.ts';
import { normalise, wordPieces } from '../../src/model/wordpiece.ts';
import { mutants, thrownBy } from './support.ts';

type Row = [text: string, ids: number[], starts: number[], ends: number[]];

const read = (path: string) => readFileSync(new URL(path, import.meta.url));
const file = read('../../models/minilm-sst2/tokenizer.json');
const base = JSON.parse(file.toString());
const golden = JSON.parse(read('golden/tokenizer.json').toString()) as {
  tokenizers: string;
  rows: Row[];
  small: string[];
  variants: { name: string; normalizer: object | null; added_tokens: object[]; rows: Row[] }[];
  characters: { unicode: string; edges: number[]; digests: number[] };
};
const tokenizer = loadTokenizer(file);
const bytesOf = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
const smallModel = { ...base.model, vocab: Object.fromEntries(golden.small.map((token, id) => [token, id])) };

function expectRows(rows: Row[], t = tokenizer) {
  for (const [text, ids, starts, ends] of rows) {
    const e = t.encode(text);
    expect({ text, ids: [...e.ids], starts: [...e.starts], ends: [...e.ends] }).toEqual({ text, ids, starts, ends });
  }
}

describe('the tokenizer', () => {
  it(`gives the ids and offsets of Hugging Face tokenizers ${golden.tokenizers} on ${golden.rows.length} texts`, () => {
    expect(golden.rows.length).toBeGreaterThanOrEqual(300);
    expectRows(golden.rows);
  });

  for (const { name, normalizer, added_tokens, rows } of golden.variants)
    it(`gives them on ${rows.length} texts ${name.startsWith('with') ? name : `for ${name} text`}`, () => {
      expectRows(rows, loadTokenizer(bytesOf({ ...base, normalizer, added_tokens, model: smallModel, post_processor: null })));
    });

  it(`splits and normalises every code point of Unicode ${golden.characters.unicode} up to 2FFFF as they do`, () => {
    const rules = { unknown: '', prefix: '', longestWord: 100, longestToken: 100, cleanText: true, chineseChars: true };
    const everyWord = { get: () => 1 } as unknown as ReadonlyMap<string, number>;
    const { edges, digests } = golden.characters;
    let h = 0;
    let known = 0;
    for (let c = 0; c < 0x30000; c++) {
      if (c % 4096 === 0) h = 0x811c9dc5;
      while (known < edges.length && edges[known] <= c) known++;
      if (known % 2 === 1) {
        const mapped = normalise(`Q${String.fromCodePoint(c)}Z`, 0, {
          ...rules,
          vocabulary: everyWord,
          stripAccents: true,
          lowercase: true,
        });
        const words = wordPieces(mapped, 0, mapped.chars.length, {
          ...rules,
          vocabulary: everyWord,
          stripAccents: true,
          lowercase: true,
        });
        const line = `${words.map((w) => w.token).join('|')}\n`;
        for (let i = 0; i < line.length; i++) {
          const unit = line.charCodeAt(i);
          h = Math.imul(h ^ (unit & 255), 0x01000193);
          h = Math.imul(h ^ (unit >> 8), 0x01000193);
        }
      }
      if (c % 4096 === 4095) expect(h >>> 0, `code points up to ${c.toString(16)}`).toBe(digests[c >> 12]);
    }
  });

  it('keeps offsets of any string, lone surrogates included, ascending, inside the text and apart unless one character made both', () => {
    const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((u) => String.fromCharCode(...u));
    const near = fc.array(
      fc.constantFrom('a', 'B', ' ', '\ud83d', '\ude00', '\u0301', '\u0323', '한', 'İ', '[MASK]', '中', '\u200b', '\0'),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          units,
          near.map((a) => a.join('')),
        ),
        (text) => {
          const { ids, tokens, starts, ends } = tokenizer.encode(text);
          expect([tokens.length, starts.length, ends.length]).toEqual([ids.length, ids.length, ids.length]);
          for (let i = 0; i < ids.length; i++) {
            expect(starts[i] < ends[i] && ends[i] <= text.length).toBe(true);
            const before = i > 0 ? [starts[i - 1], ends[i - 1]] : [0, 0];
            const sharesOneCharacter = ends[i] - starts[i] <= 2 && starts[i] >= before[0] && ends[i] === before[1];
            const sharesItsFirst = starts[i] >= before[0] && starts[i] < before[1] && before[1] - starts[i] <= 2 && ends[i] >= before[1];
            expect(starts[i] >= before[1] || sharesOneCharacter || sharesItsFirst).toBe(true);
            expect(ids[i] < tokenizer.vocabularySize).toBe(true);
          }
        },
      ),
      { numRuns: 2000, seed: 3 },
    );
  });

  it('takes a lone surrogate for nothing where text is cleaned, and for an unknown word where it is not', () => {
    expect([...tokenizer.encode('a\ud800b').ids]).toEqual([...tokenizer.encode('ab').ids]);
    expect([...tokenizer.encode('a\ud800b').ends]).toEqual([3]);
    const raw = loadTokenizer(bytesOf({ ...base, normalizer: { ...base.normalizer, clean_text: false } }));
    const e = raw.encode('x \udc00 y');
    expect([e.ids[1], e.starts[1], e.ends[1]]).toEqual([100, 2, 3]);
  });

  it('knows its special tokens, also those that only added_tokens names', () => {
    expect(tokenizer.special).toEqual({ cls: 101, sep: 102, mask: 103, unk: 100, pad: 0 });
    expect(tokenizer.wrapping).toEqual({ before: Uint32Array.of(101), between: Uint32Array.of(102), after: Uint32Array.of(102) });
    expect([tokenizer.idOf('[MASK]'), tokenizer.idOf('no such token')]).toEqual([103, null]);
    expect(tokenizer.decode([101, 2014, 3772, 2196, 102])).toBe('[CLS] her acting never [SEP]');
    expect(thrownBy(() => tokenizer.decode([30522])).message).toMatch(/expected the id of a token, got 30522/);
    expect(tokenizer.vocabularySize).toBe(30522);
    const model = { ...base.model, vocab: { '[UNK]': 0, a: 1 } };
    const added_tokens = ['[CLS]', '[SEP]', '[MASK]'].map((content, i) => ({ id: 2 + i, content, special: true }));
    const t = loadTokenizer(bytesOf({ ...base, model, added_tokens, post_processor: null }));
    expect(t.special).toEqual({ cls: 2, sep: 3, mask: 4, unk: 0, pad: null });
    expect(t.wrapping).toEqual({ before: Uint32Array.of(2), between: Uint32Array.of(3), after: Uint32Array.of(3) });
    expect([t.vocabularySize, ...t.encode('a[MASK]b').ids]).toEqual([5, 1, 4, 0]);
  });

  it('ignores truncation and padding, which would change the text behind one’s back', () => {
    const truncation = { direction: 'Right', max_length: 4, strategy: 'LongestFirst', stride: 0 };
    const padding = {
      strategy: { Fixed: 128 },
      direction: 'Right',
      pad_to_multiple_of: null,
      pad_id: 0,
      pad_type_id: 0,
      pad_token: '[PAD]',
    };
    expect(loadTokenizer(bytesOf({ ...base, truncation, padding })).encode('one two three four five six').ids.length).toBe(6);
  });

  it('lets tokenizer_config.json win over the normalizer, as transformers does for BERT classes', () => {
    const tokens = (config: object) => loadTokenizer(file, bytesOf(config)).encode('Café 日本 X').tokens;
    // Checked with transformers 5.24.0: AutoTokenizer.from_pretrained(folder).tokenize('Café 日本 X').
    expect(tokens({})).toEqual(['cafe', '日', '本', 'x']);
    expect(tokens({ do_lower_case: false })).toEqual(['[UNK]', '日', '本', '[UNK]']);
    expect(tokens({ do_lower_case: true, strip_accents: false })).toEqual(['[UNK]', '日', '本', 'x']);
    expect(tokens({ do_lower_case: false, tokenize_chinese_chars: false })).toEqual(['[UNK]', '日', '##本', '[UNK]']);
    expect(tokens({ tokenizer_class: 'PreTrainedTokenizerFast', do_lower_case: false })).toEqual(['cafe', '日', '本', 'x']);
  });
});

describe('a tokenizer.json that is not for us', () => {
  const small = { ...base, model: { ...base.model, vocab: { '[UNK]': 0, a: 1, '##b': 2 } }, added_tokens: [], post_processor: null };
  const load = (change: object) => loadTokenizer(bytesOf({ ...small, ...change }));
  const vocab = (v: object) => ({ model: { ...small.model, vocab: v } });
  const cases: [object, string, RegExp][] = [
    [{ model: { type: 'WordLevel' } }, 'unsupported-model', /WordPiece, BPE or Unigram, got "WordLevel"/],
    [{ model: { type: 'Unigram\u001b[2J' } }, 'unsupported-model', /got "Unigram\\u001b\[2J"/],
    [{ normalizer: { type: 'NFC' } }, 'unsupported-model', /BertNormalizer, got "NFC"/],
    [{ pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+$' } } }, 'unsupported-model', /BertPreTokenizer, got "Split"/],
    [{ pre_tokenizer: null }, 'unsupported-model', /BertPreTokenizer, got none/],
    [{ post_processor: { type: 'BertProcessing', cls: ['[CLS]', 101], sep: ['[SEP]', 2] } }, 'bad-file', /ids of tokens, got 101/],
    [{ post_processor: { type: 'CtcProcessing' } }, 'unsupported-model', /BertProcessing, ByteLevel, got "CtcProcessing"/],
    [{ normalizer: { type: 'BertNormalizer', lowercase: 'yes' } }, 'bad-file', /lowercase: expected true or false, got "yes"/],
    [vocab({ '[UNK]': -1 }), 'bad-file', /"\[UNK\]": expected an id from 0/],
    [vocab({ '[UNK]': 1.5 }), 'bad-file', /id from 0/],
    [vocab({ '[UNK]': '9' }), 'bad-file', /id from 0.*got "9"/],
    [vocab({ '[UNK]': 4294967296 }), 'bad-file', /id from 0/],
    [vocab({ '[UNK]': 0, a: 0 }), 'bad-file', /"a": expected an id of its own, got 0/],
    [vocab({ a: 0 }), 'bad-file', /unknown token "\[UNK\]"/],
    [vocab([]), 'bad-file', /model\.vocab: expected an object/],
    [{ model: { ...small.model, max_input_chars_per_word: 1e9 } }, 'bad-file', /max_input_chars/],
    [{ model: { ...small.model, continuing_subword_prefix: 7 } }, 'bad-file', /continuing_subword_prefix/],
    [{ added_tokens: 'x' }, 'bad-file', /added_tokens: expected a list/],
    [{ added_tokens: [{ id: 'x', content: '[CLS]' }] }, 'bad-file', /id from 0/],
    [{ added_tokens: [{ id: 9 }] }, 'bad-file', /expected a content/],
    [{ added_tokens: [{ id: 1, content: '<x>' }] }, 'bad-file', /"<x>": expected an id of its own, got 1/],
    [{ added_tokens: [{ id: 7, content: 'a' }] }, 'bad-file', /"a": expected an id of its own, got 7/],
    [{ added_tokens: [{ id: 5, content: '<x>', lstrip: 1 }] }, 'bad-file', /lstrip/],
  ];

  it('is refused by name, with the right code, in one line', () => {
    expect([...load({}).encode('ab c').ids]).toEqual([1, 2, 0]);
    for (const [change, code, message] of cases) {
      const error = thrownBy(() => load(change));
      expect([error.code, error.message], JSON.stringify(change)).toEqual([code, expect.stringMatching(message)]);
      expect(error.message).not.toMatch(/\p{Cc}/u);
    }
  });

  it('is refused whatever the bytes: nesting, no UTF-8, no JSON, and single changes to a file give a tokenizer or a typed error', () => {
    const nested = new TextEncoder().encode(`{"model":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    expect(thrownBy(() => loadTokenizer(nested)).code).toBe('bad-file');
    expect(thrownBy(() => loadTokenizer(new Uint8Array([0x7b, 0xff, 0x7d]))).code).toBe('bad-file');
    expect(thrownBy(() => loadTokenizer(new Uint8Array())).code).toBe('bad-file');
    let refused = 0;
    for (const bytes of mutants(bytesOf(small), 2000, createRandom(11)))
      try {
        loadTokenizer(bytes).encode('ab c');
      } catch (error) {
        expect(
          thrownBy(() => loadTokenizer(bytes)),
          String(error),
        ).toBeDefined();
        refused++;
      }
    expect(refused).toBeGreaterThan(1000);
  });

  it('keeps names such as __proto__ as the words they are', () => {
    const json = new TextDecoder().decode(bytesOf(small)).replace('"a":1', '"a":1,"__proto__":3,"constructor":4');
    const t = loadTokenizer(new TextEncoder().encode(json));
    expect([...t.encode('constructor valueOf').ids]).toEqual([4, 0]);
    expect(t.vocabularySize).toBe(5);
  });
});
