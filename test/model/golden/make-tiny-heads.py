"""Makes tiny-heads/: folders as transformers saves masked language models and encoders without a head, with seeded random weights, and what
PyTorch makes of texts in float64 of the weights as stored: log-probabilities of every token in a blank, and pooled rows.

    pip install torch transformers safetensors tokenizers
    python make-tiny-heads.py
"""

import importlib, json
from pathlib import Path

import torch
import transformers
from transformers import (
    BertForMaskedLM, BertModel, DistilBertForMaskedLM, DistilBertModel, ElectraForMaskedLM, RobertaForMaskedLM, RobertaModel,
)

tiny = importlib.import_module("make-tiny-models")
OUT = Path(__file__).parent / "tiny-heads"
MODULES = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
# Name: the folder of tiny/ whose sizes it has, class, storage, and of an encoder without a head its pooling and whether modules.json says so.
FOLDERS = {
    "words-bert": ("bf16", BertForMaskedLM, torch.bfloat16, None, False),
    "words-distilbert": ("distilbert", DistilBertForMaskedLM, torch.float32, None, False),
    "words-electra": ("electra", ElectraForMaskedLM, torch.float32, None, False),
    "words-roberta": ("roberta", RobertaForMaskedLM, torch.float16, None, False),
    "mean-bert": ("f16", BertModel, torch.float16, "mean", False),
    "mean-distilbert": ("distilbert", DistilBertModel, torch.float32, "mean", True),
    "first-roberta": ("roberta", RobertaModel, torch.float16, "cls", True),
}


def main():
    golden = {"madeBy": "test/model/golden/make-tiny-heads.py", "torch": torch.__version__, "transformers": transformers.__version__, "folders": {}}
    for seed, (name, (base, Model, dtype, pooling, modules)) in enumerate(FOLDERS.items()):
        torch.manual_seed(100 + seed)
        (Config, _), _, sizes = tiny.FOLDERS[base]
        sizes = {key: value for key, value in sizes.items() if "label" not in key and key != "problem_type"}
        words = tiny.byte_pairs() if base == "roberta" else tiny.word_pieces()
        mask = words.token_to_id("[MASK]") or words.token_to_id("<mask>")
        config = Config(vocab_size=words.get_vocab_size(), attn_implementation="eager", **sizes)
        model = Model(config).eval()
        with torch.no_grad():
            for key, weight in model.named_parameters():
                if weight.dim() == 1 and key.endswith("weight"):
                    weight.normal_(1, 0.2)
                else:
                    weight.normal_(0, 0.3 if key.endswith("bias") or "embeddings" in key else weight.shape[-1] ** -0.5)
        model = model.to(dtype)
        folder = OUT / name
        model.save_pretrained(str(folder))
        words.save(str(folder / "tokenizer.json"))
        if modules:
            listed = [{"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"} for i, (path, kind) in enumerate(MODULES)]
            (folder / "modules.json").write_text(json.dumps(listed) + "\n")
            (folder / "1_Pooling").mkdir(exist_ok=True)
            (folder / "1_Pooling" / "config.json").write_text(json.dumps({
                "word_embedding_dimension": config.hidden_size, "pooling_mode_cls_token": pooling == "cls",
                "pooling_mode_mean_tokens": pooling == "mean", "pooling_mode_max_tokens": False}) + "\n")
        exact, rows = model.double(), []
        with torch.no_grad():
            for text in tiny.TEXTS:
                ids = words.encode(text).ids
                if pooling:
                    hidden = exact(torch.tensor([ids])).last_hidden_state[0]
                    rows.append({"text": text, "ids": ids, "row": (hidden.mean(0) if pooling == "mean" else hidden[0]).tolist()})
                else:
                    blank = 1 + len(rows) % (len(ids) - 2)
                    ids[blank] = mask
                    scores = exact(torch.tensor([ids])).logits[0, blank].log_softmax(-1)
                    rows.append({"text": text, "ids": ids, "blank": blank, "row": scores.tolist()})
        golden["folders"][name] = {"architecture": Model.__name__, "rows": rows}
    (OUT / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
