"""Makes minilm-sst2.json: what PyTorch and transformers say of some texts with the shipped weights of models/minilm-sst2.

    pip install torch transformers safetensors tokenizers
    python make-minilm-golden.py

The weights are dequantised as the model card says (float32(int8) * scale in float32) and run in float64. Each text comes whole, with
all tokens masked, with random ones masked, and as [CLS] [SEP] alone, in this order; no sequence twice. The versions it was made with are in the file.
"""

import json, random
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file
from tokenizers import Tokenizer, __version__ as tokenizers_version
from transformers import BertConfig, BertForSequenceClassification

HERE = Path(__file__).parent
FOLDER = HERE / "../../../models/minilm-sst2"
CLS, SEP, MASK = 101, 102, 103
TEXTS = [
    "Her acting never fails to impress",
    "Her acting never fails to impress, but the plot is not bad, not great.",
    "a masterpiece",
    "dull",
    "I wanted to like it, I really did.",
    "The food was cold, the waiter was rude, and yet we will be back.",
    "not a single joke lands",
    "It's hard not to be moved by the final scene.",
    "Nothing about this phone is worth the price!",
    "Überraschend gut 😀 naïve café",
    "one of the year 's most intriguing explorations of alientation .",
    "long " * 60 + "but good",
    "?",
]


def main():
    stored = load_file(str(FOLDER / "model.safetensors"))
    weights = {}
    for name, tensor in stored.items():
        if name.endswith(".scale"):
            continue
        weights[name] = tensor.float() * stored[name + ".scale"][:, None] if tensor.dtype == torch.int8 else tensor
    config = BertConfig.from_pretrained(str(FOLDER))
    model = BertForSequenceClassification._from_config(config, attn_implementation="eager")
    wrong = model.load_state_dict(weights, strict=False)
    assert not wrong.unexpected_keys and all("position_ids" in k for k in wrong.missing_keys), wrong
    model = model.double().eval()
    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    draw = random.Random(7)
    rows, seen = [], set()
    with torch.no_grad():
        for text in TEXTS:
            ids = tokenizer.encode(text).ids
            inner = len(ids) - 2
            some = [CLS, *[MASK if draw.random() < 0.5 else i for i in ids[1:-1]], SEP]
            for masked, given in ((False, ids), (True, [CLS, *[MASK] * inner, SEP]), (True, some), (True, [CLS, SEP])):
                if tuple(given) in seen:
                    continue
                seen.add(tuple(given))
                rows.append({"text": text, "masked": masked, "ids": given, "logits": model(torch.tensor([given])).logits[0].tolist()})
    made = {
        "madeBy": "test/model/golden/make-minilm-golden.py",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers_version,
    }
    (HERE / "minilm-sst2.json").write_text(json.dumps({**made, "rows": rows}) + "\n")
    print(made, len(rows), "rows")


if __name__ == "__main__":
    main()
