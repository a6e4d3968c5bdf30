import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { loadTokenizer } from '../../src/model/tokenizer.ts';
import { mutants, thrownBy } from './support.ts';

type Row = [ids: number[], starts: number[], ends: number[]];

const golden = JSON.parse(readFileSync(new URL('golden/pipelines.json', import.meta.url), 'utf8')) as {
  tokenizers: string;
  texts: string[];
  madeUp: string[];
  longLength: number;
  charsmap: string;
  models: Record<string, object>;
  variants: {
    name: string;
    json: { model: { shared: string } };
    single: number[];
    pair: number[];
    rows: Row[];
    digests: number[];
    long: number;
    decoded: number[];
  }[];
};

const bytesOf = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
const { texts, madeUp } = golden;
const long = [...[...texts, ...madeUp].join('').repeat(9)].slice(0, golden.longLength).join('');

/** tokenizer.json of a variant, with the shared parts put back. */
function fileOf(name: string): Record<string, unknown> & { model: Record<string, unknown> } {
  const { json } = golden.variants.find((v) => v.name === name) as (typeof golden.variants)[number];
  const { shared, ...extra } = json.model;
  const filled = JSON.stringify(json).replaceAll('"precompiled_charsmap":"shared"', `"precompiled_charsmap":"${golden.charsmap}"`);
  return { ...JSON.parse(filled), model: { ...golden.models[shared], ...extra } };
}

/** FNV-1a over 32-bit numbers, low byte first. */
function digest(values: Iterable<number>): number {
  let h = 0x811c9dc5;
  for (const v of values) for (let k = 0; k < 4; k++) h = Math.imul(h ^ ((v >>> (8 * k)) & 255), 0x01000193);
  return h >>> 0;
}

const unitsOf = (text: string) => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));

describe.each(golden.variants)('the tokenizer of $name', ({ name, single, pair, rows, digests, long: longDigest, decoded }) => {
  const tokenizer = loadTokenizer(bytesOf(fileOf(name)));
  const rowDigest = (text: string) => {
    const { ids, starts, ends } = tokenizer.encode(text);
    return digest([...ids, ...starts, ...ends]);
  };

  it(`gives the ids and offsets of Hugging Face tokenizers ${golden.tokenizers} on ${texts.length + madeUp.length} texts`, () => {
    texts.forEach((text, i) => {
      const e = tokenizer.encode(text);
      expect({ text, ids: [...e.ids], starts: [...e.starts], ends: [...e.ends] }).toEqual({
        text,
        ids: rows[i][0],
        starts: rows[i][1],
        ends: rows[i][2],
      });
    });
    const differing = madeUp.filter((text, i) => rowDigest(text) !== digests[i]);
    expect(differing).toEqual([]);
  });

  it(`gives them on a text of ${golden.longLength} characters`, () => {
    expect(rowDigest(long)).toBe(longDigest);
  });

  it('puts the same special tokens around one text and between two', () => {
    const { before, between, after } = tokenizer.wrapping;
    const [a, b] = ['the dog', 'the fox'].map((text) => tokenizer.encode(text).ids);
    expect([...before, ...a, ...after]).toEqual(single);
    expect([...before, ...a, ...(between ?? []), ...b, ...after]).toEqual(pair);
  });

  it('decodes whole and broken token sequences to the same texts', () => {
    const sequences = [...rows.map(([ids]) => ids), ...rows.map(([ids]) => ids.filter((_, i) => i % 2 === 0))];
    const differing = sequences.filter((ids, i) => digest(unitsOf(tokenizer.decode(ids))) !== decoded[i]);
    expect(differing.map((ids) => tokenizer.decode(ids))).toEqual([]);
  });

  it('keeps offsets of any string, lone surrogates included, ascending and inside the text', () => {
    const near = fc.constantFrom(
      'a',
      'B',
      ' ',
      '\ud83d',
      '\ude00',
      '\u0301',
      '\u0323',
      '한',
      'ﬁ',
      '<mask>',
      '中',
      '\u200b',
      '\0',
      '\n',
      '1',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.array(near, { maxLength: 12 }).map((a) => a.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        const { ids, tokens, starts, ends } = tokenizer.encode(given);
        expect([tokens.length, starts.length, ends.length]).toEqual([ids.length, ids.length, ids.length]);
        for (let i = 0; i < ids.length; i++) {
          expect(starts[i] <= ends[i] && ends[i] <= given.length).toBe(true);
          if (i > 0) expect(starts[i] >= starts[i - 1] && ends[i] >= ends[i - 1]).toBe(true);
          expect(ids[i] < tokenizer.vocabularySize).toBe(true);
        }
      }),
      { numRuns: 60, seed: 4 },
    );
  });
});

describe('a BPE or Unigram tokenizer.json that is not for us', () => {
  const load = (name: string, change: object) => loadTokenizer(bytesOf({ ...fileOf(name), ...change }));
  const modelWith = (name: string, change: object) => ({ model: { ...fileOf(name).model, ...change } });
  const cases: [string, object, string, RegExp][] = [
    [
      'GPT-2',
      { pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated' } },
      'unsupported-model',
      /known tokenizer, got "\(a\+\)\+\$"/,
    ],
    ['GPT-2', { pre_tokenizer: { type: 'UnicodeScripts' } }, 'unsupported-model', /ByteLevel, .*got "UnicodeScripts"/],
    ['GPT-2', { normalizer: { type: 'Nmt' } }, 'unsupported-model', /NFC, .*got "Nmt"/],
    ['GPT-2', { decoder: { type: 'CTC' } }, 'unsupported-model', /got "CTC"/],
    ['GPT-2', { post_processor: { type: 'Own\u001b[2J' } }, 'unsupported-model', /got "Own\\u001b\[2J"/],
    ['GPT-2', modelWith('GPT-2', { dropout: 0.1 }), 'unsupported-model', /dropout/],
    ['GPT-2', modelWith('GPT-2', { merges: [['a', 'no such']] }), 'bad-file', /merges: expected tokens of the vocabulary/],
    ['GPT-2', modelWith('GPT-2', { merges: ['a b c'] }), 'bad-file', /two tokens each, got "a b c"/],
    ['GPT-2', modelWith('GPT-2', { merges: {} }), 'bad-file', /merges: expected a list/],
    ['GPT-2', modelWith('GPT-2', { unk_token: 'none' }), 'bad-file', /unknown token "none"/],
    ['GPT-2', { pre_tokenizer: { type: 'Metaspace', replacement: 'ab' } }, 'bad-file', /one character, got "ab"/],
    ['GPT-2', { pre_tokenizer: { type: 'Metaspace', prepend_scheme: 'last' } }, 'bad-file', /always, first, never, got "last"/],
    ['RoBERTa', { post_processor: { type: 'RobertaProcessing', cls: ['<s>', 4_000_000_000], sep: ['</s>', 1] } }, 'bad-file', /id from 0/],
    [
      'RoBERTa',
      { post_processor: { type: 'RobertaProcessing', cls: ['<s>', 99_999], sep: ['</s>', 1] } },
      'bad-file',
      /ids of tokens, got 99999/,
    ],
    [
      'XLM-R',
      { post_processor: { type: 'TemplateProcessing', single: [{ Sequence: { id: 'B' } }] } },
      'unsupported-model',
      /around one text/,
    ],
    ['XLM-R', { post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: 'x' } }] } }, 'bad-file', /"x" has no ids/],
    ['XLM-R', { normalizer: { type: 'Precompiled', precompiled_charsmap: '???' } }, 'bad-file', /base64/],
    [
      'XLM-R',
      { normalizer: { type: 'Precompiled', precompiled_charsmap: btoa('\xff\xff\xff\xff1234') } },
      'bad-file',
      /trie of 4 bytes or more/,
    ],
    ['XLM-R', modelWith('XLM-R', { vocab: [['a', 'b']] }), 'bad-file', /a score each/],
    [
      'XLM-R',
      modelWith('XLM-R', {
        unk_id: 0,
        vocab: [
          ['a', 0],
          ['a', 1],
        ],
      }),
      'bad-file',
      /each token once/,
    ],
    [
      'XLM-R',
      modelWith('XLM-R', { unk_id: 0, vocab: [['a'.repeat(1e6), 0]] }),
      'bad-file',
      /tokens of at most 256 characters, got 1000000/,
    ],
    ['XLM-R', modelWith('XLM-R', { unk_id: 1e6 }), 'bad-file', /unk_id: expected an id below/],
  ];

  it('is refused by name, with the right code, in one line', () => {
    for (const [name, change, code, message] of cases) {
      const error = thrownBy(() => load(name, change));
      expect([error.code, error.message], JSON.stringify(change)).toEqual([code, expect.stringMatching(message)]);
      expect(error.message).not.toMatch(/\p{Cc}/u);
    }
  });

  it('gives a tokenizer or a typed error whatever single changes are made to it, the compiled normalisation included', () => {
    const vocab = { '<s>': 0, '</s>': 1, '<unk>': 2, a: 3, b: 4, ab: 5, Ġ: 6 };
    const small = { ...fileOf('RoBERTa'), model: { type: 'BPE', vocab, merges: ['a b'] }, added_tokens: [] };
    const unigram = {
      ...fileOf('XLM-R'),
      model: {
        type: 'Unigram',
        unk_id: 0,
        vocab: [
          ['<s>', 0],
          ['a', -1],
          ['</s>', -2],
        ],
      },
      added_tokens: [],
    };
    let refused = 0;
    for (const [file, count] of [
      [bytesOf(small), 1500],
      [bytesOf(unigram), 1000],
    ] as const)
      for (const bytes of mutants(file, count, createRandom(5))) {
        try {
          loadTokenizer(bytes).encode('ab ﬁ e\u0301 ㎏');
        } catch {
          thrownBy(() => loadTokenizer(bytes).encode('ab ﬁ e\u0301 ㎏'));
          refused++;
        }
      }
    expect(refused).toBeGreaterThan(500);
  });

  it('is refused when it makes every text ever longer, before that takes long', () => {
    const twice = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
    const growing = load('GPT-2', { normalizer: { type: 'Sequence', normalizers: Array(30).fill(twice) } });
    expect(thrownBy(() => growing.encode('aaaa')).message).toMatch(/at most 1000000 characters, got more by its replacements/);
  });

  it('takes a long word without blanks in little more than linear time, so that no text hangs the page', () => {
    // A quadratic merge loop takes minutes here; the limit of the test runner stands for "hangs".
    const tokens = load('Llama 2', {}).encode('ab'.repeat(200_000));
    expect(tokens.ends.at(-1)).toBe(400_000);
  });
});

describe('a lone surrogate', () => {
  it('is taken for the replacement character, whose bytes every tokenizer of bytes knows', () => {
    for (const name of ['GPT-2', 'Llama 2', 'Unigram with bytes']) {
      const tokenizer = loadTokenizer(bytesOf(fileOf(name)));
      const [lone, stated] = ['a\ud800b', 'a\ufffdb'].map((text) => tokenizer.encode(text));
      expect(lone).toEqual(stated);
    }
  });
});
