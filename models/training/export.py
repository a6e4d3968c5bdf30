"""Turns a fine-tuned Hugging Face folder into the shipped one: int8 rows with float32 scales, and the manifest.

    python export.py --trained FOLDER --out ../minilm-sst2 [--sst2 SST2_FOLDER]

A matrix W (rows, columns) is stored as `NAME` int8 and `NAME.scale` float32 (rows): W = float32(int8) * scale, exactly, in float32.
Vectors stay float32. Afterwards test/model/golden/make-minilm-golden.py remakes the golden logits from what was written here.
"""

import argparse, hashlib, json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import BertForSequenceClassification

from train import accuracy, read_sst2


def quantise(w):
    """Per row, the scale among a few clippings of the largest entry that loses least."""
    top = w.abs().amax(1).clamp_min(1e-12)
    best, error = None, torch.full_like(top, float("inf"))
    for clip in torch.linspace(1.0, 0.8, 21):
        scale = (top * clip / 127).float()
        q = (w / scale[:, None]).round().clamp(-127, 127)
        lost = ((q * scale[:, None] - w) ** 2).sum(1)
        if best is None:
            best, error = (q.clone(), scale.clone()), lost
        better = lost < error
        best[0][better], best[1][better] = q[better], scale[better]
        error = torch.minimum(error, lost)
    return best[0].to(torch.int8), best[1]


def main():
    p = argparse.ArgumentParser()
    for name in ("trained", "out"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--sst2")
    a = p.parse_args()
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    weights = load_file(str(Path(a.trained) / "model.safetensors"))
    stored, plain = {}, {}
    for name, w in sorted(weights.items()):
        if w.ndim == 2:
            q, scale = quantise(w.float())
            stored[name], stored[name + ".scale"] = q.contiguous(), scale.contiguous()
            plain[name] = q.float() * scale[:, None]
        elif "position_ids" not in name:
            stored[name] = plain[name] = w.float().contiguous()
    save_file(stored, str(out / "model.safetensors"), metadata={"format": "webspex-int8-rows"})

    source = json.loads((Path(a.trained) / "config.json").read_text())
    keep = ("model_type", "architectures", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
            "vocab_size", "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "pad_token_id", "id2label", "label2id")
    (out / "config.json").write_text(json.dumps({k: source[k] for k in keep if k in source}, indent=1) + "\n")
    tokenizer = Tokenizer.from_file(str(Path(a.trained) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(out / "tokenizer.json"))

    model = BertForSequenceClassification.from_pretrained(a.trained, attn_implementation="eager")
    missing = model.load_state_dict(plain, strict=False)
    assert not missing.unexpected_keys and all("position_ids" in k for k in missing.missing_keys), missing
    if a.sst2:
        dev = read_sst2(a.sst2)[1]
        print("dequantised, float32:", {r: round(accuracy(model, tokenizer, dev, r), 4) for r in (0.0, 0.3, 0.6)}, flush=True)

    files = {}
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        data = (out / name).read_bytes()
        files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (out / "manifest.json").write_text(json.dumps({"format": "webspex-model", "version": 1, "id": "webspex/minilm-sst2", "revision": "1", "files": files}, indent=1) + "\n")
    print(files)


if __name__ == "__main__":
    main()
