import { describe, expect, it } from 'vitest';
import { isDecoderConfig } from '../../../src/model/causal/config.ts';
import { createRotations } from '../../../src/model/causal/rope.ts';
import { thrownBy } from '../support.ts';
import { FOLDERS, golden, tinyConfig } from './support.ts';

const bytesOf = (json: object) => new TextEncoder().encode(JSON.stringify(json));

describe('the configuration of a decoder', () => {
  it.each(FOLDERS)('of %s is read whole', (folder) => {
    const { architecture, sizes, tied } = tinyConfig(folder);
    expect(architecture.name).toBe(golden[folder].architecture);
    expect(sizes).toMatchObject(
      {
        gpt2: { heads: 2, keyHeads: 2, headSize: 10, hidden: 80, gated: false, norm: 'layer-norm', rotary: false, headNorm: false },
        llama: { heads: 4, keyHeads: 2, headSize: 6, hidden: 28, gated: true, norm: 'rms-norm', rotary: true, headNorm: false },
        mistral: { heads: 3, keyHeads: 1, headSize: 8, layers: 1 },
        qwen2: { heads: 3, keyHeads: 3, headSize: 8 },
        qwen3: { heads: 4, keyHeads: 2, headSize: 10, headNorm: true },
      }[folder] ?? expect.unreachable(),
    );
    expect(tied).toBe(['gpt2', 'llama', 'qwen3'].includes(folder));
  });

  it('takes texts no longer than the window in which every token sees every other', () => {
    expect(tinyConfig('mistral').maxTokens).toBe(33);
    expect(tinyConfig('mistral', { sliding_window: null }).maxTokens).toBe(64);
    expect(tinyConfig('qwen2', { sliding_window: 20 }).maxTokens).toBe(48);
    expect(tinyConfig('qwen2', { sliding_window: 20, use_sliding_window: true }).maxTokens).toBe(20);
  });

  it('knows where texts begin and answers end, and no token beyond the vocabulary', () => {
    expect([tinyConfig('gpt2').begin, tinyConfig('gpt2').ends]).toEqual([60, [60]]);
    expect(tinyConfig('gpt2', { bos_token_id: 50256 }).begin).toBe(null);
    expect(tinyConfig('qwen3').ends).toEqual([58, 57]);
    expect(tinyConfig('llama', { eos_token_id: null }).ends).toEqual([]);
  });

  it('reads rope_scaling as older files write it', () => {
    const now = tinyConfig('llama').rope?.frequencies;
    const { rope_type: type, ...rest } = {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 32,
    };
    const then = tinyConfig('llama', { rope_parameters: null, rope_theta: 500000, rope_scaling: { type, ...rest } }).rope?.frequencies;
    expect(then).toEqual(now);
    expect(tinyConfig('llama', { rope_parameters: null }).rope?.frequencies[1]).toBeCloseTo(10000 ** (-2 / 6), 6);
  });

  it('turns no pair at position 0, and the first by one radian a position', () => {
    const table = createRotations({ frequencies: Float32Array.of(1, 0.1, 0.01) })(3);
    expect([...table.slice(0, 8)]).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
    expect(table[2 * 8]).toBeCloseTo(Math.cos(2), 6);
    expect(table[2 * 8 + 4 + 1]).toBeCloseTo(Math.sin(0.2), 6);
  });

  it.each([
    ['gpt2', { scale_attn_by_inverse_layer_idx: true }, /scale_attn_by_inverse_layer_idx: expected false, got true/],
    ['gpt2', { activation_function: 'mish' }, /activation_function: expected gelu, .*, got "mish"/],
    ['gpt2', { architectures: ['GPT2ForSequenceClassification'] }, /architectures: expected GPT2LMHeadModel/],
    ['llama', { quantization_config: { bits: 4 } }, /quantization_config: expected none/],
    ['llama', { rope_parameters: { rope_type: 'yarn', factor: 2 } }, /rope_scaling: expected default, linear, llama3, factors, got "yarn"/],
    ['llama', { rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } }, /partial_rotary_factor: expected 1, got 0.5/],
    [
      'llama',
      { model_type: 'gemma2' },
      /model_type: expected gpt2, llama, mistral, qwen2, qwen3, got "gemma2"; supported: GPT2LMHeadModel, /,
    ],
    ['qwen3', { final_logit_softcapping: 30 }, /final_logit_softcapping: expected none, got 30/],
  ])('of %s with %j is refused by name: other arithmetic', (folder, change, message) => {
    expect(thrownBy(() => tinyConfig(folder, change))).toMatchObject({
      code: 'unsupported-model',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['llama', { num_key_value_heads: 3 }, /num_key_value_heads: expected a divisor of num_attention_heads 4, got 3/],
    ['llama', { head_dim: 7 }, /head_dim: expected an even number, got 7/],
    ['llama', { rms_norm_eps: 'small' }, /rms_norm_eps: expected a number above 0/],
    ['llama', { vocab_size: -1 }, /vocab_size: expected a whole number/],
    ['llama', { eos_token_id: 'end' }, /eos_token_id: expected token ids, got "end"/],
    ['llama', { tie_word_embeddings: 'yes' }, /tie_word_embeddings: expected true or false/],
    ['llama', { rope_parameters: { rope_type: 'linear', factor: 0 } }, /factor: expected a number above 0, got 0/],
    ['llama', { rope_parameters: { rope_type: 'factors', factors: [1, 2] } }, /expected 3 factors above 0, got \[1,2\]/],
    ['llama', { rope_parameters: { rope_type: 'factors', factors: [1, 0, 1] } }, /expected 3 factors above 0, got \[1,0,1\]/],
    ['gpt2', { n_head: 3 }, /n_head: expected a divisor of n_embd 20, got 3/],
  ])('of %s with %j is refused as nonsense', (folder, change, message) => {
    expect(thrownBy(() => tinyConfig(folder, change))).toMatchObject({ code: 'bad-file', message: expect.stringMatching(message) });
  });

  it('is told from that of a classifier by its architectures', () => {
    expect(isDecoderConfig(bytesOf({ architectures: ['LlamaForCausalLM'] }))).toBe(true);
    expect(isDecoderConfig(bytesOf({ architectures: ['GPT2LMHeadModel'] }))).toBe(true);
    expect(isDecoderConfig(bytesOf({ architectures: ['BertForSequenceClassification'] }))).toBe(false);
    expect(isDecoderConfig(bytesOf({}))).toBe(false);
  });
});
