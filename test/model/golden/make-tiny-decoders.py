"""Makes tiny-decoders/: folders as transformers saves a causal language model of each supported architecture, with seeded random weights.

    pip install torch transformers safetensors tokenizers
    python make-tiny-decoders.py

Each has other sizes, heads, biases and storage; widths are no multiples of 8 where that is allowed. `golden.json` has what PyTorch says in
float64 of the weights as stored: log-probabilities of every token after the first, and the likeliest token in each place.
"""

import json, random
from pathlib import Path

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM,
    Qwen3Config, Qwen3ForCausalLM,
)

OUT = Path(__file__).parent / "tiny-decoders"
LLAMA3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 32}
FOLDERS = {
    "gpt2": (GPT2Config, GPT2LMHeadModel, torch.float32,
             dict(vocab_size=61, n_positions=40, n_embd=20, n_layer=2, n_head=2, activation_function="gelu_new", bos_token_id=60, eos_token_id=60)),
    "llama": (LlamaConfig, LlamaForCausalLM, torch.float32,
              dict(vocab_size=67, hidden_size=24, intermediate_size=28, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                   max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=True, rope_parameters=LLAMA3, attention_bias=True,
                   mlp_bias=True)),
    "mistral": (MistralConfig, MistralForCausalLM, torch.bfloat16,
                dict(vocab_size=50, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=3, num_key_value_heads=1,
                     head_dim=8, max_position_embeddings=64, sliding_window=33)),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM, torch.float16,
              dict(vocab_size=71, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=3,
                   max_position_embeddings=48, rope_parameters={"rope_type": "linear", "rope_theta": 1000.0, "factor": 2.0})),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM, torch.float32,
              dict(vocab_size=59, hidden_size=20, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                   head_dim=10, max_position_embeddings=48, tie_word_embeddings=True, eos_token_id=[58, 57],
                   rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})),
}
LENGTHS = [2, 5, 9, 17, 33]

SIGNS = [*"abcdefghijklmnopqrstuvwxyz", "\u0120", ".", "_", "\u010a", ",", "?"]
MERGES = [("t", "h"), ("th", "e"), *(("\u0120", c) for c in "abcdefghilmnoprstwy_"), ("\u0120", "the"), ("\u0120n", "o"), ("\u0120no", "t"),
          ("\u0120b", "a"), ("\u0120ba", "d"), ("\u0120g", "o")]


def tokenizer():
    """A byte-level BPE tokenizer of 61 tokens, for gpt2."""
    tokens = [*SIGNS, *(a + b for a, b in MERGES)]
    made = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=MERGES))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    assert made.get_vocab_size() == 61 and made.token_to_id("<|endoftext|>") == 60
    return made


def main():
    golden = {"madeBy": "test/model/golden/make-tiny-decoders.py", "torch": torch.__version__, "transformers": transformers.__version__,
              "folders": {}}
    for seed, (name, (Config, Model, dtype, sizes)) in enumerate(FOLDERS.items()):
        torch.manual_seed(seed)
        config = Config(attn_implementation="eager", **sizes)
        model = Model(config).eval()
        with torch.no_grad():
            for key, weight in model.named_parameters():
                if "norm" in key.lower() or ".ln_" in key:
                    weight.normal_(0 if key.endswith("bias") else 1, 0.2)
                elif key.endswith("bias") or "wpe" in key:
                    weight.normal_(0, 0.3)
                elif "embed" in key or "wte" in key:
                    weight.normal_(0, 0.5)
                else:
                    weight.normal_(0, 1.3 * weight.shape[0 if Model is GPT2LMHeadModel else -1] ** -0.5)
        model = model.to(dtype)
        model.save_pretrained(str(OUT / name))
        (OUT / name / "generation_config.json").unlink()
        if name == "gpt2":
            tokenizer().save(str(OUT / name / "tokenizer.json"))
        # Read back, as `to` has rounded the angles of rotary positions too.
        exact = Model.from_pretrained(str(OUT / name), dtype=torch.float32, attn_implementation="eager").double()
        draw, rows = random.Random(seed), []
        with torch.no_grad():
            for length in LENGTHS:
                ids = [draw.randrange(config.vocab_size) for _ in range(length)]
                scores = torch.log_softmax(exact(torch.tensor([ids])).logits[0], -1)
                rows.append({"ids": ids, "logProbs": [scores[i, ids[i + 1]].item() for i in range(length - 1)],
                             "best": scores[:-1].argmax(-1).tolist()})
        golden["folders"][name] = {"architecture": Model.__name__, "rows": rows}
    (OUT / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
