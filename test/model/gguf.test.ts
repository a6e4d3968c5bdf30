import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expandPanels, type Packed } from '../../src/compute/packed.ts';
import { panelIndex } from '../../src/compute/panels.ts';
import { createRandom } from '../../src/core/random.ts';
import { emptyPanels, fillPanels } from '../../src/model/causal/stored.ts';
import { BLOCKS, checkedRows, dequantise, type GgufType } from '../../src/model/gguf/blocks.ts';
import { PACKED_TYPES } from '../../src/model/gguf/levels.ts';
import { ggufModel } from '../../src/model/gguf/model.ts';
import { readGguf } from '../../src/model/gguf/read.ts';
import { byteList, createBytes, ggufFile, type Oddities, type Written, type WrittenTensor } from './gguf-file.ts';
import { mutants, thrownBy } from './support.ts';

const read = (path: string) => new Uint8Array(readFileSync(new URL(path, import.meta.url)));
const file = read('golden/quantised.gguf');
const golden = JSON.parse(new TextDecoder().decode(read('golden/gguf.json'))) as { gguf: string; tensors: Record<GgufType, string> };
const floats = (base64: string) => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
const bytesOf = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
const one = (change: Partial<WrittenTensor> = {}): WrittenTensor => ({ name: 't', sizes: [2], type: 0, bytes: bytesOf([1, 2]), ...change });
const failure = (tensors: readonly WrittenTensor[], odd: Oddities = {}, metadata: Record<string, Written> = {}) =>
  thrownBy(() => readGguf(ggufFile(metadata, tensors, odd)));

describe('a GGUF file', () => {
  const { metadata, tensors } = readGguf(file);

  it('gives its metadata, values of every type and lists of them', () => {
    expect(Object.fromEntries(metadata)).toMatchObject({
      'general.architecture': 'llama',
      'test.u8': 200,
      'test.i8': -100,
      'test.u16': 60000,
      'test.i16': -30000,
      'test.u32': 4_000_000_000,
      'test.i32': -2_000_000_000,
      'test.u64': Number.MAX_SAFE_INTEGER,
      'test.i64': -Number.MAX_SAFE_INTEGER,
      'test.f32': Math.fround(0.1),
      'test.f64': 0.1,
      'test.bool': true,
      'test.string': 'naïve 😀\0x',
      'test.strings': ['', 'a', 'é'],
      'test.numbers': [1, -2, 3],
    });
  });

  it('gives its tensors in order of their data, shapes outermost first, their blocks as views into the file', () => {
    expect([...tensors.keys()]).toEqual([...Object.keys(BLOCKS), 'odd']);
    expect(tensors.get('odd')).toMatchObject({ type: 'F32', shape: [3, 5] });
    expect(tensors.get('Q6_K')).toMatchObject({ type: 'Q6_K', shape: [2, 256] });
    expect(tensors.get('Q6_K')?.bytes.length).toBe(2 * BLOCKS.Q6_K.bytes);
    expect(tensors.get('odd')?.bytes.buffer).toBe(file.buffer);
  });

  it.each(Object.keys(BLOCKS) as GgufType[])(
    `holds %s weights that become the float32 of Python’s gguf ${golden.gguf}, bit for bit`,
    (type) => {
      const tensor = tensors.get(type);
      if (!tensor) throw new Error(`no ${type}`);
      const got = dequantise(type, tensor);
      const want = floats(golden.tensors[type]);
      expect(new Set(want).size).toBeGreaterThan(15);
      // −0 and 0 are one number.
      expect(got.map((v) => v + 0)).toEqual(want.map((v) => v + 0));
    },
  );

  it.each(Object.keys(BLOCKS) as GgufType[])(
    'holds %s weights that keep their float32, bit for bit, as they lie packed in a program',
    (type) => {
      const tensor = tensors.get(type);
      if (!tensor) throw new Error(`no ${type}`);
      const [rows, columns] = tensor.shape;
      const panels = emptyPanels(PACKED_TYPES[type], columns, 8);
      fillPanels(panels, { rows, columns, type: PACKED_TYPES[type], ...checkedRows(type, tensor) }, { output: (n) => n + 3 });
      const { values } = panels;
      const got = values instanceof Uint32Array ? expandPanels(panels.type as Packed, values, columns, 8) : values;
      const want = dequantise(type, tensor);
      for (let n = 0; n < 8; n++)
        for (let k = 0; k < columns; k++)
          expect(got[panelIndex(columns, k, n)] + 0).toBe(n < 3 || n >= 3 + rows ? 0 : want[(n - 3) * columns + k] + 0);
    },
  );

  it('with a weight that is NaN or infinite is refused when that tensor is read, by name', () => {
    for (const [type, bytes] of [
      [0, bytesOf([1, Number.NaN])],
      [1, Uint8Array.of(0, 0, 0, 0xfc)],
      [30, Uint8Array.of(0, 0, 0x80, 0x7f)],
    ] as const) {
      const found = readGguf(ggufFile({}, [one({ type, bytes })])).tensors.get('t');
      if (!found) throw new Error('no t');
      const error = thrownBy(() => dequantise('t', found));
      expect([error.code, error.message]).toEqual([
        'bad-file',
        expect.stringMatching(/tensor t: expected finite weights, got .* at element 1/),
      ]);
    }
  });
});

describe('a file that is not GGUF as it should be', () => {
  const cases: [string, readonly WrittenTensor[], Oddities, Record<string, Written>, string, RegExp][] = [
    ['of another kind', [], { magic: 'GGML' }, {}, 'bad-file', /expected "GGUF" at byte 0, got "0x4c4d4747"/],
    ['of an old version', [], { version: 2 }, {}, 'bad-file', /version 3 at byte 4, got 2/],
    ['of big-endian numbers', [], { version: 0x03000000 }, {}, 'bad-file', /big-endian/],
    ['of too many tensors', [], { tensorCount: 2 ** 40 }, {}, 'bad-file', /at most 65536 tensors within \d+ bytes, got 1099511627776/],
    ['of more tensors than it has bytes for', [], { tensorCount: 9 }, {}, 'bad-file', /tensors within/],
    ['of too many keys', [], { keyCount: 2n ** 63n }, {}, 'bad-file', /number of keys: expected a number below 2\^53/],
    ['of more keys than it has bytes for', [], { keyCount: 9 }, {}, 'bad-file', /keys within/],
    ['whose tensor has no dimensions', [one({ sizes: [] })], {}, {}, 'bad-file', /tensor t: expected 1 to 4 dimensions, got 0/],
    ['whose tensor has five dimensions', [one({ sizes: [1, 1, 1, 1, 2] })], {}, {}, 'bad-file', /1 to 4 dimensions, got 5/],
    ['whose tensor is empty', [one({ sizes: [2, 0] })], {}, {}, 'bad-file', /sizes of at least 1/],
    ['whose tensor is beyond all counting', [one({ sizes: [2 ** 31, 2 ** 31] })], {}, {}, 'bad-file', /below 2\^53 in all/],
    [
      'whose tensor is larger than the file',
      [one({ sizes: [2 ** 30] })],
      {},
      {},
      'bad-file',
      /end within \d+ bytes, got \d+; the file is truncated/,
    ],
    [
      'whose rows are no whole blocks',
      [one({ sizes: [40], type: 2 })],
      {},
      {},
      'bad-file',
      /rows in blocks of 32 for Q4_0, got rows of 40/,
    ],
    ['of a type that ggml does not know', [one({ type: 99 })], {}, {}, 'bad-file', /a type of ggml's, got 99/],
    ['of a type that is not read', [one({ type: 10 })], {}, {}, 'unsupported-model', /tensor t: expected F32, F16, .*Q6_K, got Q2_K/],
    ['with a gap', [one({ offset: 64 })], {}, {}, 'bad-file', /begin at data byte 0, got 64/],
    [
      'with tensors that overlap',
      [one(), one({ name: 'u', offset: 0 })],
      {},
      {},
      'bad-file',
      /tensor u: expected to begin at data byte 32, got 0/,
    ],
    ['with a tensor off its place', [one({ offset: 4 })], {}, {}, 'bad-file', /begin at data byte 0, got 4/],
    ['with a name twice', [one(), one()], {}, {}, 'bad-file', /each name once/],
    ['that is cut off', [one()], { cut: 1 }, {}, 'bad-file', /truncated/],
    ['with something after its end', [one()], { extra: 32 }, {}, 'bad-file', /expected \d+ bytes, got \d+/],
    [
      'with an alignment that is none',
      [],
      {},
      { 'general.alignment': 24 },
      'bad-file',
      /general.alignment: expected a power of two up to 65536, got 24/,
    ],
  ];

  it.each(cases)('%s is refused by name, in one line', (_, tensors, odd, metadata, code, message) => {
    const error = failure(tensors, odd, metadata);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(error.message).not.toMatch(/\p{Cc}/u);
  });

  /** A file of one key, given as bytes. */
  const withKey = (bytes: readonly number[]) => Uint8Array.from([...ggufFile({}, [], { keyCount: 1 }), ...bytes]);

  it('is refused before room is made for what it only claims: lists, strings and lists of lists', () => {
    const key = (...values: readonly (readonly [value: number, size: number])[]) => {
      const out = createBytes();
      out.string('k');
      for (const [value, size] of values) out.put(value, size);
      return withKey([...out.parts, ...Array(64).fill(0)]);
    };
    const refusals: [Uint8Array, RegExp][] = [
      [withKey([...byteList('k', 2 ** 52), ...Array(16).fill(0)]), /k: expected 4503599627370496 values within \d+ bytes/],
      [withKey([...byteList('k', 2n ** 64n - 1n), ...Array(16).fill(0)]), /k: expected a number below 2\^53/],
      [withKey([...byteList('k', 4, 77), ...Array(16).fill(0)]), /values of type 0 to 12, got 77/],
      [
        withKey([...byteList('k', 1, 9), 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, ...Array(24).fill(9)]),
        /arrays at most 3 deep/,
      ],
      [key([8, 4], [2 ** 50, 8]), /k: expected 1125899906842624 bytes at byte \d+/],
      [key([13, 4]), /a value of type 0 to 12, got 13/],
      [key([7, 4], [2, 1]), /true or false at byte \d+, got 2/],
      [key([8, 4], [1, 8], [0xff, 1]), /expected UTF-8/],
    ];
    for (const [bytes, message] of refusals) {
      const error = thrownBy(() => readGguf(bytes));
      expect([error.code, error.message]).toEqual(['bad-file', expect.stringMatching(message)]);
    }
    expect(thrownBy(() => readGguf(ggufFile({ ab: 1, ac: 1 }).map((b) => (b === 0x63 ? 0x62 : b)))).code).toBe('bad-file');
  });

  it('is refused wherever it is cut off, and single changes to one give a file or a typed error', () => {
    const whole = ggufFile({ a: 'text', b: ['x', 'yz'], c: [1, 2, 3], d: 0.5 }, [
      one(),
      one({ name: 'u', sizes: [32, 1], type: 8, bytes: new Uint8Array(34) }),
    ]);
    expect(readGguf(whole).tensors.size).toBe(2);
    for (let length = 0; length < whole.length; length++) expect(thrownBy(() => readGguf(whole.subarray(0, length))).code).toBe('bad-file');
    let refused = 0;
    for (const bytes of mutants(whole, 3000, createRandom(8)))
      try {
        for (const [name, tensor] of readGguf(bytes).tensors) dequantise(name, tensor);
      } catch {
        thrownBy(() => {
          for (const [name, tensor] of readGguf(bytes).tensors) dequantise(name, tensor);
        });
        refused++;
      }
    expect(refused).toBeGreaterThan(1500);
  });
});

describe('the model in a GGUF file', () => {
  const llama = {
    'general.architecture': 'llama',
    'llama.block_count': 1,
    'llama.embedding_length': 4,
    'llama.attention.head_count': 2,
    'llama.attention.head_count_kv': 1,
    'llama.feed_forward_length': 6,
    'llama.context_length': 32,
    'llama.attention.layer_norm_rms_epsilon': 1e-5,
    'llama.rope.freq_base': 10000.5,
  };
  const matrix = (name: string, rows: number, columns: number): WrittenTensor => ({
    name,
    sizes: [columns, rows],
    type: 0,
    bytes: bytesOf(Array.from({ length: rows * columns }, (_, i) => i)),
  });
  const modelOf = (metadata: Record<string, Written>, tensors: readonly WrittenTensor[]) =>
    ggufModel(readGguf(ggufFile(metadata, tensors)));

  it('has the names, shapes and configuration that transformers would give it', () => {
    const { config, pairing, tensors } = modelOf(llama, [matrix('token_embd.weight', 9, 4), matrix('blk.0.attn_q.weight', 4, 4)]);
    expect(config).toMatchObject({
      ...{ model_type: 'llama', architectures: ['LlamaForCausalLM'], vocab_size: 9, tie_word_embeddings: true, attention_bias: false },
      ...{ num_hidden_layers: 1, hidden_size: 4, num_attention_heads: 2, num_key_value_heads: 1, head_dim: 2, intermediate_size: 6 },
      ...{ max_position_embeddings: 32, rms_norm_eps: 1e-5, hidden_act: 'silu', mlp_bias: false },
      rope_parameters: { rope_theta: 10000.5, rope_type: 'default' },
    });
    expect([...tensors.keys()]).toEqual(['model.embed_tokens.weight', 'model.layers.0.self_attn.q_proj.weight']);
    expect([pairing, tensors.get('model.embed_tokens.weight')?.shape]).toEqual(['neighbours', [9, 4]]);
  });

  it('of GPT-2 has its linear maps inputs first, as transformers stores them', () => {
    const metadata = {
      ...{ 'general.architecture': 'gpt2', 'gpt2.block_count': 1, 'gpt2.embedding_length': 2, 'gpt2.attention.head_count': 1 },
      ...{ 'gpt2.feed_forward_length': 3, 'gpt2.context_length': 8, 'gpt2.attention.layer_norm_epsilon': 1e-5 },
    };
    const { config, pairing, tensors } = modelOf(metadata, [
      matrix('token_embd.weight', 5, 2),
      matrix('output.weight', 5, 2),
      matrix('blk.0.ffn_up.weight', 3, 2),
    ]);
    expect(config).toMatchObject({ architectures: ['GPT2LMHeadModel'], n_inner: 3, n_positions: 8, tie_word_embeddings: false });
    const up = tensors.get('transformer.h.0.mlp.c_fc.weight');
    expect([pairing, up?.shape, [...(up?.read() ?? [])]]).toEqual(['halves', [2, 3], [0, 2, 4, 1, 3, 5]]);
    expect(tensors.get('lm_head.weight')?.shape).toEqual([5, 2]);
  });

  it('of another architecture, with other arithmetic or other tensors is refused by name', () => {
    const embeddings = matrix('token_embd.weight', 9, 4);
    const refusals: [Record<string, Written>, WrittenTensor[], string, RegExp][] = [
      [
        { ...llama, 'general.architecture': 'mamba' },
        [embeddings],
        'unsupported-model',
        /expected llama, qwen2, qwen3, gpt2, bert, got "mamba"/,
      ],
      [{ ...llama, 'general.architecture': 7 }, [embeddings], 'bad-file', /general.architecture: expected a name, got 7/],
      [{ ...llama, 'llama.expert_count': 8 }, [embeddings], 'unsupported-model', /llama.expert_count: expected 0, got 8/],
      [
        { ...llama, 'llama.rope.scaling.type': 'yarn' },
        [embeddings],
        'unsupported-model',
        /scaling.type: expected none or linear, got "yarn"/,
      ],
      [{ ...llama, 'llama.rope.dimension_count': 1 }, [embeddings], 'unsupported-model', /expected the 2 of a head, got 1/],
      [
        llama,
        [embeddings, matrix('blk.0.attn_sinks.weight', 1, 4)],
        'unsupported-model',
        /attn_sinks.weight: expected the tensors of LlamaForCausalLM/,
      ],
      [llama, [matrix('output.weight', 1, 4)], 'bad-file', /token_embd.weight: expected it/],
      [{ ...llama, 'llama.block_count': 0.5 }, [embeddings], 'bad-file', /block_count: expected a whole number/],
    ];
    for (const [metadata, tensors, code, message] of refusals) {
      const error = thrownBy(() => modelOf(metadata, tensors));
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    }
  });
});
