"""Makes tiny-gguf/bert-*.gguf: encoders of tiny/ and tiny-heads/ as llama.cpp's converter writes them.

    pip install gguf==0.19.0 numpy
    python make-tiny-bert-gguf.py

Names are gguf's own; what else the converter does to a BERT (conversion/bert.py) is done here: words begin with a blank and what continues one
loses its "##", labels and pooling are keys. A classifier has its pooler as `cls` beside `cls.output`, as the converter writes RoBERTa's head, which
is made alike; it leaves a BERT's own out. What PyTorch says of them is in tiny/golden.json and tiny-heads/golden.json.
"""

import importlib
import json
from pathlib import Path

import gguf
import numpy as np

HERE = Path(__file__).parent
tiny = importlib.import_module("make-tiny-gguf")
# Name: folder and pooling.
FILES = {
    "bert-classifier": ("tiny/f32", gguf.PoolingType.RANK),
    "bert-mean": ("tiny-heads/mean-distilbert", gguf.PoolingType.MEAN),
}
HEAD = {"bert.pooler.dense": "cls", "classifier": "cls.output"}


def add_tokenizer(writer, folder):
    file = json.loads((folder / "tokenizer.json").read_text())
    special = {token["id"]: token["content"] for token in file["added_tokens"]}
    names = sorted(file["model"]["vocab"], key=file["model"]["vocab"].get)
    phantom = [t if i in special else t[2:] if t.startswith("##") else "\u2581" + t for i, t in enumerate(names)]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(phantom)
    writer.add_token_types([gguf.TokenType.CONTROL if i in special else gguf.TokenType.NORMAL for i in range(len(names))])
    for content, add in (("[UNK]", writer.add_unk_token_id), ("[SEP]", writer.add_sep_token_id), ("[PAD]", writer.add_pad_token_id),
                         ("[CLS]", writer.add_bos_token_id), ("[MASK]", writer.add_mask_token_id)):
        add(names.index(content))


def convert(name, place, pooling):
    folder = HERE / place
    config = json.loads((folder / "config.json").read_text())
    first = lambda *keys: next(config[key] for key in keys if key in config)
    writer = gguf.GGUFWriter(str(HERE / "tiny-gguf" / f"{name}.gguf"), "bert")
    writer.add_block_count(first("num_hidden_layers", "n_layers"))
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(first("hidden_size", "dim"))
    writer.add_feed_forward_length(first("intermediate_size", "hidden_dim"))
    writer.add_head_count(first("num_attention_heads", "n_heads"))
    writer.add_layer_norm_eps(config.get("layer_norm_eps", 1e-12))
    writer.add_causal_attention(False)
    writer.add_pooling_type(pooling)
    writer.add_token_type_count(config.get("type_vocab_size", 1))
    if "id2label" in config and pooling == gguf.PoolingType.RANK:
        writer.add_classifier_output_labels([label for _, label in sorted(config["id2label"].items())])
    add_tokenizer(writer, folder)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, first("num_hidden_layers", "n_layers"))
    for full, _, values in tiny.tensors_of(folder):
        stem, kind = full.rsplit(".", 1)
        short = full.removeprefix("bert.").removeprefix("distilbert.")
        mapped = f"{HEAD[stem]}.{kind}" if stem in HEAD else names.get_name(short, try_suffixes=(".weight", ".bias"))
        writer.add_tensor(mapped, np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    for name, (place, pooling) in FILES.items():
        convert(name, place, pooling)
