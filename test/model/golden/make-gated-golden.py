"""Makes tiny/gated.json: logits of the models in tiny/ with attention heads and MLP blocks multiplied by gates.

    pip install torch transformers safetensors
    python make-gated-golden.py

A head's part of the output projection's input is multiplied by its gate g and its mean by 1 - g is added, and so for the output of the MLP's
second map; means are over all tokens of the reference sequences, with gates of 1. Float64 throughout, of the weights as stored.
"""

import json, random, re
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForSequenceClassification

OUT = Path(__file__).parent / "tiny"
PROJECTION = re.compile(r"\.(\d+)\.attention\.(?:output\.dense|out_lin)$")
DOWN = re.compile(r"\.(\d+)\.(?:output\.dense|ffn\.lin2)$")
GATES = [0.0, 1.0, 1.0, 0.5, 1.5]


class Gated:
    """A model whose heads and blocks are multiplied by `gates` (layers, heads + 1) and fade into `means`."""

    def __init__(self, model, layers, heads):
        self.model, self.heads = model, heads
        self.gates = [[1.0] * (heads + 1) for _ in range(layers)]
        self.means = None
        self.seen = [([], []) for _ in range(layers)]
        for name, module in model.named_modules():
            if found := PROJECTION.search(name):
                module.register_forward_pre_hook(self.hook(int(found[1]), 0))
            elif found := DOWN.search(name):
                module.register_forward_hook(self.hook(int(found[1]), 1))

    def hook(self, layer, part):
        def change(module, inputs, output=None):
            x = inputs[0] if part == 0 else output
            self.seen[layer][part].append(x.detach().reshape(-1, x.shape[-1]))
            gates = torch.tensor(self.gates[layer][:-1] if part == 0 else self.gates[layer][-1:], dtype=x.dtype)
            g = gates.repeat_interleave(x.shape[-1] // len(gates))
            mean = 0 if self.means is None else self.means[layer][part]
            mixed = x * g + mean * (1 - g)
            return (mixed,) if part == 0 else mixed

        return change

    def logits(self, ids, gates=None, means=None):
        if gates:
            self.gates = gates
        self.means = means
        return self.model(torch.tensor([ids])).logits[0].tolist()


def main():
    given = json.loads((OUT / "golden.json").read_text())
    golden = {"madeBy": "test/model/golden/make-gated-golden.py", "torch": torch.__version__, "transformers": transformers.__version__, "folders": {}}
    for seed, (name, folder) in enumerate(given["folders"].items()):
        model = AutoModelForSequenceClassification.from_pretrained(str(OUT / name), attn_implementation="eager", dtype=torch.float64).eval()
        config = model.config
        layers, heads = config.num_hidden_layers, config.num_attention_heads
        gated, draw = Gated(model, layers, heads), random.Random(seed)
        reference = [row["ids"] for row in folder["rows"][:4]]
        with torch.no_grad():
            for ids in reference:
                gated.logits(ids)
            means = [[torch.cat(rows).mean(0) for rows in parts] for parts in gated.seen]
            rows = []
            for row in folder["rows"]:
                gates = [[draw.choice(GATES) for _ in range(heads + 1)] for _ in range(layers)]
                rows.append({"ids": row["ids"], "gates": sum(gates, []), "zero": gated.logits(row["ids"], gates),
                             "mean": gated.logits(row["ids"], gates, means)})
        golden["folders"][name] = {"layers": layers, "heads": heads, "reference": reference, "rows": rows}
    (OUT / "gated.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
