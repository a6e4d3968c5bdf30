import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dequantise } from '../../src/model/gguf/blocks.ts';
import { ggufModel } from '../../src/model/gguf/model.ts';
import { readGguf } from '../../src/model/gguf/read.ts';
import { ggufTokenizer } from '../../src/model/gguf/tokenizer.ts';
import { loadTokenizer } from '../../src/model/tokenizer.ts';
import { ggufFile, type Written } from './gguf-file.ts';
import { thrownBy } from './support.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url));
const pipelines = JSON.parse(read('golden/pipelines.json').toString()) as {
  texts: string[];
  madeUp: string[];
  models: { bytes: { vocab: Record<string, number>; merges: string[] } };
  variants: { name: string; rows: [ids: number[], starts: number[], ends: number[]][] }[];
};
const golden = JSON.parse(read('golden/gguf.json').toString()) as {
  sentencepiece: string;
  tokenizers: string;
  sentencePiece: { pieces: string[]; scores: number[]; types: number[]; rows: [text: string, ids: number[], decoded: string][] };
  smollm2: { texts: number[]; chat: [string, number[]]; tensors: Record<string, number> };
};
const tokenizerOf = (metadata: Record<string, Written>) => ggufTokenizer(readGguf(ggufFile(metadata)).metadata);

/** FNV-1a over bytes. */
function fnv(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const b of bytes) h = Math.imul(h ^ b, 0x01000193);
  return h >>> 0;
}
const digest = (values: number[]) => fnv(new Uint8Array(Uint32Array.from(values).buffer));

describe('the byte-level tokenizer of a GGUF file', () => {
  const { vocab, merges } = pipelines.models.bytes;
  const tokens = Object.keys(vocab).sort((a, b) => vocab[a] - vocab[b]);
  const metadata = {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'gpt-2',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': tokens.map((t) => (/^<\/?s>$/.test(t) ? 3 : 1)),
    'tokenizer.ggml.merges': merges,
    'tokenizer.ggml.bos_token_id': 0,
    'tokenizer.ggml.eos_token_id': 1,
  };

  it.each([
    ['gpt-2', 'GPT-2'],
    ['qwen2', 'Qwen 2 and 3'],
    ['qwen35', 'Qwen 3.5'],
    ['smollm', 'SmolLM2'],
    ['gpt-4o', 'o200k'],
    ['llama-bpe', 'Llama 3'],
  ])('%s gives the ids of Hugging Face tokenizers for %s, and their offsets', (pre, name) => {
    const tokenizer = tokenizerOf({ ...metadata, 'tokenizer.ggml.pre': pre });
    const { rows } = pipelines.variants.find((v) => v.name === name) as (typeof pipelines.variants)[number];
    pipelines.texts.forEach((text, i) => {
      // Added tokens of those files are not in this one.
      if (text.includes('<') || (pre === 'qwen2' && /newé|the\n/iu.test(text))) return;
      const e = tokenizer.encode(text);
      expect({ text, ids: [...e.ids] }).toEqual({ text, ids: rows[i][0] });
      // That file trims blanks off its offsets.
      if (pre !== 'llama-bpe') expect([[...e.starts], [...e.ends]]).toEqual(rows[i].slice(1));
      expect(tokenizer.decode(e.ids).normalize('NFC')).toBe(text.normalize('NFC'));
    });
  });

  it('puts the special tokens around a text that the file asks for, or that its kind has', () => {
    const wrapping = (change: Record<string, Written>) => {
      const { before, after } = tokenizerOf({ ...metadata, ...change }).wrapping;
      return [[...before], [...after]];
    };
    expect(wrapping({})).toEqual([[], []]);
    expect(wrapping({ 'tokenizer.ggml.add_bos_token': true, 'tokenizer.ggml.add_eos_token': true })).toEqual([[0], [1]]);
    expect(wrapping({ 'tokenizer.ggml.pre': 'llama-bpe' })).toEqual([[0], []]);
    expect(wrapping({ 'tokenizer.ggml.pre': 'llama-bpe', 'tokenizer.ggml.add_bos_token': false })).toEqual([[], []]);
    expect([...tokenizerOf(metadata).encode('a<s>b').ids]).toEqual([vocab.a, 0, vocab.b]);
  });

  it('that is not for us is refused by name', () => {
    const refusals: [Record<string, Written>, string, RegExp][] = [
      [{ 'tokenizer.ggml.model': 'rwkv' }, 'unsupported-model', /expected gpt2, llama or bert, got "rwkv"/],
      [{ 'tokenizer.ggml.pre': 'default' }, 'unsupported-model', /pre: expected gpt-2, .*got "default"/],
      [{ 'tokenizer.ggml.pre': 1 }, 'bad-file', /pre: expected a name, got 1/],
      [{ 'tokenizer.ggml.tokens': [1, 2] }, 'bad-file', /tokens: expected a list of strings/],
      [{ 'tokenizer.ggml.tokens': [] }, 'bad-file', /1 to 2000000 tokens, got 0/],
      [{ 'tokenizer.ggml.token_type': [1] }, 'bad-file', /token_type: expected 460 entries, got 1/],
      [{ 'tokenizer.ggml.merges': ['no such'] }, 'bad-file', /merges: expected tokens of the vocabulary/],
      [{ 'tokenizer.ggml.bos_token_id': 460 }, 'bad-file', /bos_token_id: expected an id below 460, got 460/],
      [{ 'tokenizer.ggml.add_bos_token': 1 }, 'bad-file', /add_bos_token: expected true or false, got 1/],
    ];
    for (const [change, code, message] of refusals) {
      const error = thrownBy(() => tokenizerOf({ ...metadata, ...change }));
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    }
  });
});

describe('the SentencePiece tokenizer of a GGUF file', () => {
  const { pieces, scores, types, rows } = golden.sentencePiece;
  const metadata = {
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.tokens': pieces,
    // A fraction among them, so that they are written as float32; the unknown token's own counts for nothing.
    'tokenizer.ggml.scores': [0.5, ...scores.slice(1)],
    'tokenizer.ggml.token_type': types,
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    'tokenizer.ggml.unknown_token_id': 0,
  };
  const tokenizer = tokenizerOf(metadata);

  it(`gives the ids and the decoded texts of SentencePiece ${golden.sentencepiece} on ${rows.length} texts, bytes for what it lacks`, () => {
    expect(rows.some(([, ids]) => ids.some((id) => types[id] === 6))).toBe(true);
    for (const [text, ids, decoded] of rows) {
      const e = tokenizer.encode(text);
      expect({ text, ids: [...e.ids] }).toEqual({ text, ids });
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
  });

  it('gives offsets that cover the text in order, the tokens of one character sharing its range', () => {
    const { ids, starts, ends, tokens } = tokenizer.encode('a 🥹b');
    expect(tokens.slice(-5)).toEqual(['<0xF0>', '<0x9F>', '<0xA5>', '<0xB9>', 'b']);
    expect([...starts].slice(-5)).toEqual([2, 2, 2, 2, 4]);
    expect([...ends].slice(-5)).toEqual([4, 4, 4, 4, 5]);
    expect([ids.length, starts[0], tokenizer.wrapping.before[0]]).toEqual([starts.length, 0, 1]);
  });

  it('puts no blank before a text where the file says so', () => {
    const bare = tokenizerOf({ ...metadata, 'tokenizer.ggml.add_space_prefix': false });
    expect(bare.encode('the').tokens.join('')).toBe('the');
    expect(bare.decode(bare.encode(' the').ids)).toBe(' the');
  });
});

describe('the WordPiece tokenizer of a GGUF file', () => {
  it('equals that of the tokenizer.json it was converted from', () => {
    const file = read('../../models/minilm-sst2/tokenizer.json');
    const { vocab } = JSON.parse(file.toString()).model as { vocab: Record<string, number> };
    const names = Object.keys(vocab).sort((a, b) => vocab[a] - vocab[b]);
    const written = names.map((t) => (/^\[.*\]$/.test(t) ? t : t.startsWith('##') ? t.slice(2) : `▁${t}`));
    const tokenizer = tokenizerOf({
      'tokenizer.ggml.model': 'bert',
      'tokenizer.ggml.tokens': written,
      'tokenizer.ggml.token_type': names.map((t) => (/^\[.*\]$/.test(t) && !/unused/.test(t) ? 3 : 1)),
      'tokenizer.ggml.unknown_token_id': 100,
      'tokenizer.ggml.seperator_token_id': 102,
    });
    const want = loadTokenizer(file);
    for (const text of pipelines.texts) expect(tokenizer.encode(text)).toEqual(want.encode(text));
    expect(tokenizer.wrapping).toEqual(want.wrapping);
    expect(tokenizer.special).toEqual(want.special);
  });
});

const STORIES = new URL('../../../shared/models/stories260K/', import.meta.url);

/** llama2.c's vocabulary: the length of the longest piece, then for each a score and its bytes; blanks are blanks. */
function readPieces(file: Buffer): { pieces: string[]; scores: number[] } {
  const [pieces, scores]: [string[], number[]] = [[], []];
  for (let at = 4; at < file.length; ) {
    const length = file.readInt32LE(at + 4);
    scores.push(file.readFloatLE(at));
    pieces.push(file.toString('utf8', at + 8, at + 8 + length));
    at += 8 + length;
  }
  return { pieces, scores };
}

/** llama2.c's own encoding (run.c), as slow as it is plain: the best pair of the whole text, again and again. */
function encodePlainly(text: string, pieces: readonly string[], scores: readonly number[]): number[] {
  const ids: number[] = [];
  for (const c of ` ${text}`) {
    const id = pieces.indexOf(c);
    if (id >= 0) ids.push(id);
    else for (const byte of Buffer.from(c)) ids.push(byte + 3);
  }
  for (;;) {
    let [best, at, found] = [Number.NEGATIVE_INFINITY, -1, -1];
    for (let i = 0; i + 1 < ids.length; i++) {
      const id = pieces.indexOf(pieces[ids[i]] + pieces[ids[i + 1]]);
      if (id >= 0 && scores[id] > best) [best, at, found] = [scores[id], i, id];
    }
    if (at < 0) return ids;
    ids.splice(at, 2, found);
  }
}

describe.skipIf(!existsSync(STORIES))('stories260K’s vocabulary (skipped where it is absent)', () => {
  it('tokenizes its story and other texts as llama2.c does', () => {
    const { pieces, scores } = readPieces(readFileSync(new URL('tok512.bin', STORIES)));
    expect(pieces.length).toBe(512);
    const tokenizer = tokenizerOf({
      'tokenizer.ggml.model': 'llama',
      'tokenizer.ggml.tokens': pieces.map((piece, id) => (id < 3 ? ['<unk>', '<s>', '</s>'][id] : piece.replaceAll(' ', '▁'))),
      'tokenizer.ggml.scores': scores.map((score, id) => (id < 3 ? 0.5 : score)),
      'tokenizer.ggml.token_type': pieces.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1)),
      'tokenizer.ggml.bos_token_id': 1,
    });
    const story = readFileSync(new URL('stories260K.md', STORIES), 'utf8').slice(0, 1500);
    for (const text of [story, ...pipelines.texts].filter((t) => t !== '' && !/[<▁\0]/.test(t)))
      expect({ text, ids: [...tokenizer.encode(text).ids] }).toEqual({ text, ids: encodePlainly(text, pieces, scores) });
  });
});

const SMOLLM2 = new URL('../../../shared/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf', import.meta.url);

describe.skipIf(!existsSync(SMOLLM2))('SmolLM2-135M (skipped where its file is absent)', () => {
  const gguf = readGguf(existsSync(SMOLLM2) ? new Uint8Array(readFileSync(SMOLLM2)) : ggufFile({}));

  it(`tokenizes ${golden.smollm2.texts.length} texts as Hugging Face tokenizers ${golden.tokenizers} do`, () => {
    const tokenizer = ggufTokenizer(gguf.metadata);
    const texts = [...pipelines.texts, ...pipelines.madeUp];
    const differing = texts.filter((text, i) => {
      const { ids, starts, ends } = tokenizer.encode(text);
      return digest([...ids, ...starts, ...ends]) !== golden.smollm2.texts[i];
    });
    expect(differing).toEqual([]);
    const [chat, ids] = golden.smollm2.chat;
    expect([...tokenizer.encode(chat).ids]).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(chat);
  });

  it('has the tensors and the configuration of a Llama, its weights those of Python’s gguf, bit for bit', () => {
    const { config, tensors } = ggufModel(gguf);
    expect(tensors.size).toBe(272);
    expect(config).toMatchObject({
      ...{ num_hidden_layers: 30, hidden_size: 576, num_attention_heads: 9, num_key_value_heads: 3, intermediate_size: 1536 },
      rope_parameters: { rope_theta: 100_000, rope_type: 'default' },
      ...{ rms_norm_eps: 1e-5, vocab_size: 49_152, tie_word_embeddings: true, eos_token_id: 2 },
    });
    for (const [name, want] of Object.entries(golden.smollm2.tensors)) {
      const tensor = gguf.tensors.get(name);
      expect(tensor && fnv(new Uint8Array(dequantise(name, tensor).buffer))).toBe(want);
    }
  });
});
