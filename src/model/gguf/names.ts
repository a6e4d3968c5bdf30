/** Where a tensor lies in Hugging Face's naming, and whether GGUF stores it outputs first where that stores it inputs first. */
export interface Renamed {
  readonly name: string;
  readonly turned: boolean;
}

type Table = Readonly<Record<string, string>>;

const LLAMA: Table = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
  'blk.*.attn_norm': 'model.layers.*.input_layernorm',
  'blk.*.attn_q': 'model.layers.*.self_attn.q_proj',
  'blk.*.attn_k': 'model.layers.*.self_attn.k_proj',
  'blk.*.attn_v': 'model.layers.*.self_attn.v_proj',
  'blk.*.attn_output': 'model.layers.*.self_attn.o_proj',
  'blk.*.attn_q_norm': 'model.layers.*.self_attn.q_norm',
  'blk.*.attn_k_norm': 'model.layers.*.self_attn.k_norm',
  'blk.*.ffn_norm': 'model.layers.*.post_attention_layernorm',
  'blk.*.ffn_gate': 'model.layers.*.mlp.gate_proj',
  'blk.*.ffn_up': 'model.layers.*.mlp.up_proj',
  'blk.*.ffn_down': 'model.layers.*.mlp.down_proj',
};

const GPT2: Table = {
  token_embd: 'transformer.wte',
  position_embd: 'transformer.wpe',
  output_norm: 'transformer.ln_f',
  output: 'lm_head',
  'blk.*.attn_norm': 'transformer.h.*.ln_1',
  'blk.*.attn_qkv': 'transformer.h.*.attn.c_attn',
  'blk.*.attn_output': 'transformer.h.*.attn.c_proj',
  'blk.*.ffn_norm': 'transformer.h.*.ln_2',
  'blk.*.ffn_up': 'transformer.h.*.mlp.c_fc',
  'blk.*.ffn_down': 'transformer.h.*.mlp.c_proj',
};

const BERT: Table = {
  token_embd: 'bert.embeddings.word_embeddings',
  position_embd: 'bert.embeddings.position_embeddings',
  token_types: 'bert.embeddings.token_type_embeddings',
  token_embd_norm: 'bert.embeddings.LayerNorm',
  'blk.*.attn_q': 'bert.encoder.layer.*.attention.self.query',
  'blk.*.attn_k': 'bert.encoder.layer.*.attention.self.key',
  'blk.*.attn_v': 'bert.encoder.layer.*.attention.self.value',
  'blk.*.attn_output': 'bert.encoder.layer.*.attention.output.dense',
  'blk.*.attn_output_norm': 'bert.encoder.layer.*.attention.output.LayerNorm',
  'blk.*.ffn_up': 'bert.encoder.layer.*.intermediate.dense',
  'blk.*.ffn_down': 'bert.encoder.layer.*.output.dense',
  'blk.*.layer_output_norm': 'bert.encoder.layer.*.output.LayerNorm',
  cls: 'bert.pooler.dense',
  'cls.output': 'classifier',
};

/** Conv1D's weights, which GGUF's converter turns. */
const TURNED = /\.c_(attn|proj|fc)\.weight$/;

/** Tensor names by `general.architecture`; Mistral's files call themselves llama. */
export const TABLES: Readonly<Record<string, Table>> = { llama: LLAMA, qwen2: LLAMA, qwen3: LLAMA, gpt2: GPT2, bert: BERT };

/** The name that transformers gives a tensor of a GGUF file, or null where the architecture has none such. */
export function renamed(architecture: string, name: string): Renamed | null {
  const table = Object.hasOwn(TABLES, architecture) ? TABLES[architecture] : undefined;
  const parts = /^(?:blk\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name);
  if (!table || !parts) return null;
  const [, layer, stem, kind] = parts;
  const key = layer === undefined ? stem : `blk.*.${stem}`;
  if (!Object.hasOwn(table, key)) return null;
  const full = `${table[key].replace('*', layer)}.${kind}`;
  return { name: full, turned: architecture === 'gpt2' && TURNED.test(full) };
}
