"""Makes tiny/: folders as transformers saves a classifier of each supported architecture, with seeded random weights, and their logits.

    pip install torch transformers safetensors tokenizers
    python make-tiny-models.py

Each has other sizes, activation, labels and storage; widths are no multiples of 8 where that is allowed. `golden.json` has what PyTorch
says in float64 of the weights as stored, and the versions it was made with.
"""

import json, random
from pathlib import Path

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, __version__ as tokenizers_version, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig, BertForSequenceClassification, DistilBertConfig, DistilBertForSequenceClassification, ElectraConfig,
    ElectraForSequenceClassification, RobertaConfig, RobertaForSequenceClassification, XLMRobertaConfig, XLMRobertaForSequenceClassification,
)

OUT = Path(__file__).parent / "tiny"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = {token: i for i, token in enumerate([*SPECIAL, *LETTERS, *("##" + c for c in LETTERS), ".", ",", "!"])}
BERT = (BertConfig, BertForSequenceClassification)
DISTILBERT = (DistilBertConfig, DistilBertForSequenceClassification)
ELECTRA = (ElectraConfig, ElectraForSequenceClassification)
ROBERTA = (RobertaConfig, RobertaForSequenceClassification)
XLM_ROBERTA = (XLMRobertaConfig, XLMRobertaForSequenceClassification)
TEXTS = ["not bad at all", "a", "b, c. d!", "xyzzy plugh", "what 7 waits", "the quick fox"]
FOLDERS = {
    "f16": (
        BERT, torch.float16,
        dict(num_hidden_layers=1, hidden_size=20, num_attention_heads=5, intermediate_size=28, hidden_act="gelu_new",
             max_position_embeddings=24, id2label={0: "schlecht", 1: "très bien", 2: "égal"},
             label2id={"schlecht": 0, "très bien": 1, "égal": 2}),
    ),
    "bf16": (
        BERT, torch.bfloat16,
        dict(num_hidden_layers=2, hidden_size=18, num_attention_heads=3, intermediate_size=24, hidden_act="relu", max_position_embeddings=32),
    ),
    "f32": (
        BERT, torch.float32,
        dict(num_hidden_layers=3, hidden_size=12, num_attention_heads=1, intermediate_size=20, hidden_act="gelu", layer_norm_eps=1e-5,
             max_position_embeddings=20, type_vocab_size=1, num_labels=5, problem_type="multi_label_classification"),
    ),
    "distilbert": (
        DISTILBERT, torch.float32,
        dict(n_layers=2, dim=18, n_heads=3, hidden_dim=28, activation="gelu", max_position_embeddings=24, sinusoidal_pos_embds=True, num_labels=3),
    ),
    "electra": (
        ELECTRA, torch.float32,
        dict(num_hidden_layers=2, embedding_size=12, hidden_size=20, num_attention_heads=2, intermediate_size=28, hidden_act="relu",
             max_position_embeddings=20, id2label={0: "real", 1: "fake"}, label2id={"real": 0, "fake": 1}),
    ),
    "electra-base": (
        ELECTRA, torch.float16,
        dict(num_hidden_layers=1, embedding_size=15, hidden_size=15, num_attention_heads=3, intermediate_size=20, hidden_act="gelu",
             max_position_embeddings=20, num_labels=4),
    ),
    "roberta": (
        ROBERTA, torch.float16,
        dict(num_hidden_layers=2, hidden_size=18, num_attention_heads=3, intermediate_size=28, hidden_act="gelu", layer_norm_eps=1e-5,
             max_position_embeddings=34, type_vocab_size=1, num_labels=3),
    ),
    "xlm-roberta": (
        XLM_ROBERTA, torch.float32,
        dict(num_hidden_layers=1, hidden_size=12, num_attention_heads=2, intermediate_size=20, hidden_act="gelu", layer_norm_eps=1e-5,
             max_position_embeddings=30, type_vocab_size=1, id2label={0: "nein", 1: "ja"}, label2id={"nein": 0, "ja": 1}),
    ),
}


def word_pieces():
    made = Tokenizer(models.WordPiece(VOCABULARY, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", VOCABULARY["[CLS]"]), ("[SEP]", VOCABULARY["[SEP]"])])
    made.add_special_tokens(SPECIAL)
    return made


ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
MASK = AddedToken("<mask>", lstrip=True, special=True)


def byte_pairs():
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.train_from_iterator(3 * TEXTS, trainers.BpeTrainer(
        vocab_size=280, special_tokens=ROBERTA_SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    made.add_special_tokens([MASK])
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return made


def unigrams():
    vocabulary = [(token, 0.0) for token in ROBERTA_SPECIAL] + [("▁", -2.0)]
    vocabulary += [(c, -3.0 - i / 8) for i, c in enumerate("etaoinshrdlcumwfgypbvk.,!xqjz7")] + [("▁not", -4.0), ("▁a", -3.5), ("ck", -4.25), ("▁qu", -5.0)]
    made = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.add_special_tokens([*ROBERTA_SPECIAL, MASK])
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    made.decoder = decoders.Metaspace()
    return made


def main():
    golden = {"madeBy": "test/model/golden/make-tiny-models.py", "torch": torch.__version__, "transformers": transformers.__version__,
              "tokenizers": tokenizers_version, "folders": {}}
    made = {"roberta": byte_pairs(), "xlm-roberta": unigrams()}
    for seed, (name, ((Config, Model), dtype, sizes)) in enumerate(FOLDERS.items()):
        torch.manual_seed(seed)
        words = made.get(name) or word_pieces()
        ids_of = words.token_to_id
        mask = ids_of("[MASK]") or ids_of("<mask>")
        around = words.encode("").ids
        config = Config(vocab_size=words.get_vocab_size(), attn_implementation="eager", **sizes)
        model = Model(config).eval()
        with torch.no_grad():
            for key, weight in model.named_parameters():
                if "LayerNorm.weight" in key or "layer_norm.weight" in key:
                    weight.normal_(1, 0.2)
                else:
                    weight.normal_(0, 0.3 if key.endswith("bias") or "embeddings" in key else weight.shape[-1] ** -0.5)
        model = model.to(dtype)
        folder = OUT / name
        # One folder of several files.
        model.save_pretrained(str(folder), max_shard_size="4KB" if name == "xlm-roberta" else "1GB")
        words.save(str(folder / "tokenizer.json"))
        exact = model.double()
        draw, rows = random.Random(seed), []
        with torch.no_grad():
            # A padding token within a text has the padding's own position.
            for text in TEXTS + (["a <pad> b c"] if name in made else []):
                ids = words.encode(text).ids
                for masked in (ids, [i if i in around or draw.random() < 0.5 else mask for i in ids]):
                    rows.append({"text": text, "ids": masked, "logits": exact(torch.tensor([masked])).logits[0].tolist()})
        golden["folders"][name] = {"architecture": Model.__name__, "labels": [config.id2label[i] for i in range(config.num_labels)], "rows": rows}
    (OUT / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
