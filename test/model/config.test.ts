import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { BERT } from '../../src/model/architectures/bert.ts';
import { readConfig } from '../../src/model/config.ts';
import { mutants, thrownBy } from './support.ts';

const embedded = readFileSync(new URL('../../models/minilm-sst2/config.json', import.meta.url));
const json = JSON.parse(embedded.toString()) as Record<string, unknown>;
const bytesOf = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const read = (change: object) => readConfig(bytesOf({ ...json, ...change }));

describe('config.json', () => {
  it('of the embedded model gives its sizes', () => {
    expect(readConfig(embedded)).toEqual({
      architecture: BERT,
      kind: 'classifier',
      tied: true,
      layers: 6,
      width: 384,
      embeddingWidth: 384,
      heads: 12,
      hidden: 1536,
      activation: 'gelu',
      epsilon: 1e-12,
      vocabularySize: 30522,
      positions: 512,
      places: { first: 0, pad: null },
      types: 2,
      labels: ['negative', 'positive'],
    });
  });

  it('names every activation that there is a kernel for', () => {
    const of = (hidden_act: string) => read({ hidden_act }).activation;
    expect([of('gelu'), of('gelu_new'), of('gelu_pytorch_tanh'), of('relu')]).toEqual(['gelu', 'gelu-tanh', 'gelu-tanh', 'relu']);
  });

  it('numbers its labels where they have no names, and takes any number of them', () => {
    expect(read({ id2label: undefined }).labels).toEqual(['LABEL_0', 'LABEL_1']);
    expect(read({ id2label: null, num_labels: 3 }).labels).toEqual(['LABEL_0', 'LABEL_1', 'LABEL_2']);
    expect(read({ id2label: { 2: 'c', 0: 'a', 1: 'b' } }).labels).toEqual(['a', 'b', 'c']);
  });

  it('may state what changes nothing', () => {
    const harmless = {
      position_embedding_type: 'absolute',
      is_decoder: false,
      add_cross_attention: false,
      problem_type: 'multi_label_classification',
      quantization_config: null,
      pruned_heads: {},
      auto_map: null,
      use_cache: true,
      classifier_dropout: null,
      torch_dtype: 'float16',
    };
    expect(read(harmless)).toEqual(read({}));
  });

  it('that asks for other arithmetic is unsupported, naming key, value and what is supported', () => {
    const cases: [object, RegExp][] = [
      [{ model_type: 'deberta' }, /model_type: expected bert, distilbert, electra, roberta, xlm-roberta, got "deberta"/],
      [{ model_type: 'distilbert' }, /architectures: expected DistilBertForSequenceClassification, got/],
      [{ model_type: undefined }, /model_type: expected bert, .*, got none/],
      [{ architectures: ['BertModel'] }, /architectures: expected BertForSequenceClassification, got \["BertModel"\]/],
      [{ architectures: undefined }, /architectures/],
      [{ position_embedding_type: 'relative_key_query' }, /position_embedding_type: expected absolute, got "relative_key_query"/],
      [{ is_decoder: true }, /is_decoder: expected false, got true/],
      [{ add_cross_attention: true }, /add_cross_attention/],
      [{ hidden_act: 'silu' }, /hidden_act: expected gelu, gelu_new, gelu_pytorch_tanh, relu, got "silu"/],
      [{ hidden_act: 'constructor' }, /hidden_act/],
      [
        { problem_type: 'regression' },
        /problem_type: expected single_label_classification or multi_label_classification, got "regression"/,
      ],
      [{ id2label: { 0: 'LABEL_0' } }, /num_labels: expected 2 or more, got 1/],
      [{ id2label: undefined, num_labels: 1 }, /num_labels: expected 2 or more, got 1/],
      [{ quantization_config: { quant_method: 'bitsandbytes' } }, /quantization_config: expected none, got \{"quant_method"/],
      [{ auto_map: { AutoModel: 'modeling.X' } }, /auto_map/],
      [{ pruned_heads: { 0: [1] } }, /pruned_heads/],
      [{ embedding_size: 128 }, /embedding_size/],
    ];
    for (const [change, message] of cases) {
      const error = thrownBy(() => read(change));
      expect([error.code, error.message]).toEqual(['unsupported-model', expect.stringMatching(message)]);
      expect(error.message).toMatch(
        /; supported: BertForSequenceClassification, DistilBertForSequenceClassification, ElectraForSequenceClassification/,
      );
    }
  });

  it('of other architectures is read by their names, and refused where two names of one size disagree', () => {
    const golden = (name: string) =>
      JSON.parse(readFileSync(new URL(`golden/tiny/${name}/config.json`, import.meta.url), 'utf8')) as object;
    const [distilbert, electra] = ['distilbert', 'electra'].map(golden);
    const of = (...changes: object[]) => readConfig(bytesOf(Object.assign({}, ...changes)));
    expect(of(distilbert, { hidden_size: 18, layer_norm_eps: 1e-5 })).toMatchObject({
      layers: 2,
      width: 18,
      heads: 3,
      epsilon: 1e-12,
      types: 0,
    });
    expect(of(electra)).toMatchObject({ width: 20, embeddingWidth: 12, activation: 'relu' });
    const cases: [object, string, RegExp][] = [
      [{ ...distilbert, hidden_size: 768 }, 'unsupported-model', /hidden_size: expected none or the 18 of dim, got 768/],
      [{ ...distilbert, activation: undefined, hidden_act: 'gelu' }, 'unsupported-model', /hidden_act: expected none or/],
      [{ ...distilbert, n_heads: 5 }, 'bad-file', /n_heads: expected a divisor of dim 18, got 5/],
      [{ ...distilbert, embedding_size: 9 }, 'unsupported-model', /embedding_size: expected none, got 9/],
      [{ ...electra, embedding_size: undefined }, 'bad-file', /embedding_size: expected a whole number/],
      [{ ...electra, architectures: ['ElectraForPreTraining'] }, 'unsupported-model', /expected ElectraForSequenceClassification/],
    ];
    for (const [json, code, message] of cases) {
      const error = thrownBy(() => of(json));
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    }
  });

  it('that is nonsense is a bad file, naming the key', () => {
    const cases: [object, RegExp][] = [
      [{ hidden_size: 0 }, /hidden_size: expected a whole number from 1 to 65536, got 0/],
      [{ hidden_size: -384 }, /hidden_size/],
      [{ hidden_size: 1e12 }, /hidden_size.*got 1000000000000/],
      [{ hidden_size: 384.5 }, /hidden_size/],
      [{ hidden_size: '384' }, /hidden_size.*got "384"/],
      [{ hidden_size: undefined }, /hidden_size.*got none/],
      [{ num_attention_heads: 7 }, /num_attention_heads: expected a divisor of hidden_size 384, got 7/],
      [{ num_hidden_layers: 1e12 }, /num_hidden_layers/],
      [{ intermediate_size: undefined }, /intermediate_size/],
      [{ vocab_size: -1 }, /vocab_size/],
      [{ max_position_embeddings: 0 }, /max_position_embeddings/],
      [{ type_vocab_size: null }, /type_vocab_size/],
      [{ layer_norm_eps: 0 }, /layer_norm_eps/],
      [{ layer_norm_eps: '1e-12' }, /layer_norm_eps/],
      [{ hidden_act: undefined }, /hidden_act: expected the name of an activation, got none/],
      [{ id2label: { 0: 'a', 2: 'b' } }, /id2label: expected a name for label 1, got none/],
      [{ id2label: { 0: 'a', 1: 7 } }, /id2label: expected a name for label 1, got 7/],
      [{ id2label: 'x' }, /id2label: expected an object, got "x"/],
      [{ id2label: undefined, num_labels: 1e9 }, /num_labels/],
    ];
    for (const [change, message] of cases) {
      const error = thrownBy(() => read(change));
      expect([error.code, error.message]).toEqual(['bad-file', expect.stringMatching(message)]);
    }
    for (const text of ['', '{', 'null', '7', '[]', '"x"']) expect(thrownBy(() => readConfig(bytesOf(text))).code).toBe('bad-file');
    expect(thrownBy(() => readConfig(bytesOf(`{"model_type":${'['.repeat(1e5)}${']'.repeat(1e5)}}`))).message).not.toMatch(/\[{100}/);
  });

  it('survives 2,000 seeded mutants and every cut with typed errors only', () => {
    for (const bytes of mutants(embedded, 2000, createRandom(9)))
      try {
        readConfig(bytes);
      } catch {
        expect(['bad-file', 'unsupported-model']).toContain(thrownBy(() => readConfig(bytes)).code);
      }
    const text = embedded.toString().trimEnd();
    for (let length = 0; length < text.length; length++)
      expect(thrownBy(() => readConfig(bytesOf(text.slice(0, length) || ' '))).code).toBe('bad-file');
  });
});
