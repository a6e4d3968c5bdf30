"""Makes tiny-gguf/: the models of tiny-decoders/ as llama.cpp's converter writes them.

    pip install gguf==0.19.0 numpy
    python make-tiny-gguf.py

Names are gguf's own; what else the converter does to a model (convert_hf_to_gguf.py) is done here: Llama's query and key rows in llama.cpp's
order, GPT-2's matrices turned, Llama 3's slowed rotations as a tensor of factors. Matrices stay in 32 or 16 bits, as their rows are too short for
blocks. What PyTorch says of them is in tiny-decoders/golden.json.
"""

import json
import math
import struct
from pathlib import Path

import gguf
import numpy as np

HERE = Path(__file__).parent
ARCHITECTURES = {"gpt2": "gpt2", "llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}


def tensors_of(folder):
    data = (folder / "model.safetensors").read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        raw = data[8 + size + begin : 8 + size + end]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(raw, {"F32": np.float32, "F16": np.float16}[entry["dtype"]])
        yield name, entry["dtype"], values.reshape(entry["shape"])


def permuted(rows, heads):
    """The channels of each head that turn together side by side (LlamaModel.permute)."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def rope_factors(size, rope):
    low, high = (rope["original_max_position_embeddings"] / rope[key] for key in ("low_freq_factor", "high_freq_factor"))
    out = []
    for i in range(0, size, 2):
        wave = 2 * math.pi * rope["rope_theta"] ** (i / size)
        if wave < high:
            out.append(1.0)
        elif wave > low:
            out.append(rope["factor"])
        else:
            smooth = (rope["original_max_position_embeddings"] / wave - rope["low_freq_factor"]) / (rope["high_freq_factor"] - rope["low_freq_factor"])
            out.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(out, np.float32)


def add_sizes(writer, config):
    if "n_embd" in config:
        writer.add_block_count(config["n_layer"])
        writer.add_context_length(config["n_positions"])
        writer.add_embedding_length(config["n_embd"])
        writer.add_feed_forward_length(4 * config["n_embd"])
        writer.add_head_count(config["n_head"])
        writer.add_layer_norm_eps(config["layer_norm_epsilon"])
        return
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    rope = config["rope_parameters"]
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_factors(head, rope))


def add_tokenizer(writer, folder, config):
    file = folder / "tokenizer.json"
    # A vocabulary of names, and one merge as there must be some.
    names, merges = [f"t{i}" for i in range(config["vocab_size"] - 1)] + ["t0t1"], ["t0 t1"]
    if file.exists():
        model = json.loads(file.read_text())["model"]
        ids = {**model["vocab"], **{t["content"]: t["id"] for t in json.loads(file.read_text())["added_tokens"]}}
        names, merges = sorted(ids, key=ids.get), [" ".join(pair) for pair in model["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(names)
    writer.add_token_types([3 if name.startswith("<|") else 1 for name in names])
    writer.add_token_merges(merges)
    if config.get("bos_token_id") is not None:
        writer.add_bos_token_id(config["bos_token_id"])
    end = config.get("eos_token_id")
    if end is not None:
        writer.add_eos_token_id(end[0] if isinstance(end, list) else end)


def convert(name, architecture):
    folder = HERE / "tiny-decoders" / name
    config = json.loads((folder / "config.json").read_text())
    writer = gguf.GGUFWriter(str(HERE / "tiny-gguf" / f"{name}.gguf"), architecture)
    add_sizes(writer, config)
    add_tokenizer(writer, folder, config)
    arch = next(a for a, text in gguf.MODEL_ARCH_NAMES.items() if text == architecture)
    names = gguf.get_tensor_name_map(arch, config.get("num_hidden_layers") or config["n_layer"])
    for full, dtype, values in tensors_of(folder):
        if architecture == "gpt2" and full.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
            values = values.T
        if architecture == "llama" and ".q_proj." in full:
            values = permuted(values, config["num_attention_heads"])
        if architecture == "llama" and ".k_proj." in full:
            values = permuted(values, config["num_key_value_heads"])
        values = np.ascontiguousarray(values)
        kind = gguf.GGMLQuantizationType.BF16 if dtype == "BF16" and values.ndim > 1 else None
        if kind:
            values = gguf.quants.quantize(values, kind)
        elif values.ndim == 1:
            values = values.astype(np.float32)
        writer.add_tensor(names.get_name(full, try_suffixes=(".weight", ".bias")), values, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    (HERE / "tiny-gguf").mkdir(exist_ok=True)
    for name, architecture in ARCHITECTURES.items():
        convert(name, architecture)


if __name__ == "__main__":
    main()
