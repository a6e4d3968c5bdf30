import type { DecoderArchitecture, DecoderKeys, DecoderLayerNames } from './architecture.ts';

function gpt2Layer(at: string): DecoderLayerNames {
  return {
    attentionNorm: `${at}.ln_1`,
    qkv: `${at}.attn.c_attn`,
    headNorm: null,
    projection: `${at}.attn.c_proj`,
    mlpNorm: `${at}.ln_2`,
    gate: null,
    up: `${at}.mlp.c_fc`,
    down: `${at}.mlp.c_proj`,
  };
}

/** Radford et al. 2019: learned positions, layer norms, a plain MLP. */
const GPT2: DecoderArchitecture = {
  name: 'GPT2LMHeadModel',
  modelType: 'gpt2',
  keys: {
    layers: 'n_layer',
    width: 'n_embd',
    heads: 'n_head',
    keyHeads: null,
    headSize: null,
    hidden: 'n_inner',
    activation: 'activation_function',
    epsilon: 'layer_norm_epsilon',
    positions: 'n_positions',
  },
  norm: 'layer-norm',
  inputsFirst: true,
  bias: { qkv: true, projection: true, mlp: true },
  tied: true,
  window: null,
  prefixes: ['transformer.', ''],
  names: (prefix) => ({
    word: `${prefix}wte.weight`,
    position: `${prefix}wpe.weight`,
    layer: (layer) => gpt2Layer(`${prefix}h.${layer}`),
    norm: `${prefix}ln_f`,
    head: 'lm_head.weight',
  }),
};

const LLAMA_KEYS: DecoderKeys = {
  layers: 'num_hidden_layers',
  width: 'hidden_size',
  heads: 'num_attention_heads',
  keyHeads: 'num_key_value_heads',
  headSize: 'head_dim',
  hidden: 'intermediate_size',
  activation: 'hidden_act',
  epsilon: 'rms_norm_eps',
  positions: 'max_position_embeddings',
};

function llamaLayer(at: string): DecoderLayerNames {
  return {
    attentionNorm: `${at}.input_layernorm`,
    qkv: { query: `${at}.self_attn.q_proj`, key: `${at}.self_attn.k_proj`, value: `${at}.self_attn.v_proj` },
    headNorm: null,
    projection: `${at}.self_attn.o_proj`,
    mlpNorm: `${at}.post_attention_layernorm`,
    gate: `${at}.mlp.gate_proj`,
    up: `${at}.mlp.up_proj`,
    down: `${at}.mlp.down_proj`,
  };
}

/** Touvron et al. 2023, arXiv 2302.13971: rotary positions, RMS norms, a gated MLP. SmolLM2 and many others are this too. */
const LLAMA: DecoderArchitecture = {
  name: 'LlamaForCausalLM',
  modelType: 'llama',
  keys: LLAMA_KEYS,
  norm: 'rms-norm',
  inputsFirst: false,
  bias: { qkv: 'attention_bias', projection: 'attention_bias', mlp: 'mlp_bias' },
  tied: false,
  window: null,
  prefixes: ['model.'],
  names: (prefix) => ({
    word: `${prefix}embed_tokens.weight`,
    position: null,
    layer: (layer) => llamaLayer(`${prefix}layers.${layer}`),
    norm: `${prefix}norm`,
    head: 'lm_head.weight',
  }),
};

/** Jiang et al. 2023, arXiv 2310.06825: Llama whose tokens see a window of those before them. */
const MISTRAL: DecoderArchitecture = {
  ...LLAMA,
  name: 'MistralForCausalLM',
  modelType: 'mistral',
  bias: { qkv: false, projection: false, mlp: false },
  window: { key: 'sliding_window', unless: null },
};

/** Qwen 2 and 2.5 (arXiv 2407.10671): Llama with biases on Q, K and V. */
const QWEN2: DecoderArchitecture = {
  ...LLAMA,
  name: 'Qwen2ForCausalLM',
  modelType: 'qwen2',
  bias: { qkv: true, projection: false, mlp: false },
  window: { key: 'sliding_window', unless: 'use_sliding_window' },
};

/** Qwen 3 (arXiv 2505.09388): Llama with an RMS norm on each query and key head. */
const QWEN3: DecoderArchitecture = {
  ...LLAMA,
  name: 'Qwen3ForCausalLM',
  modelType: 'qwen3',
  bias: { qkv: 'attention_bias', projection: 'attention_bias', mlp: false },
  window: { key: 'sliding_window', unless: 'use_sliding_window' },
  names: (prefix) => {
    const names = LLAMA.names(prefix);
    return {
      ...names,
      layer: (layer) => {
        const at = `${prefix}layers.${layer}.self_attn`;
        return { ...names.layer(layer), headNorm: { query: `${at}.q_norm`, key: `${at}.k_norm` } };
      },
    };
  },
};

/** Every causal language model there is; a config.json that names another is refused. */
export const DECODERS: readonly DecoderArchitecture[] = [GPT2, LLAMA, MISTRAL, QWEN2, QWEN3];
