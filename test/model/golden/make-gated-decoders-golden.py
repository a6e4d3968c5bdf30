"""Makes tiny-decoders/gated.json: log-probabilities of the models in tiny-decoders/ with attention heads and MLP blocks multiplied by gates.

    pip install torch transformers safetensors
    python make-gated-decoders-golden.py

As make-gated-golden.py has it for encoders: a head's part of the output projection's input is multiplied by its gate g and its mean by 1 - g
is added, and so for the output of the MLP's last map; means are over all tokens of the reference sequences, with gates of 1. Float64 throughout,
of the weights as stored.
"""

import json, random, re
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM

OUT = Path(__file__).parent / "tiny-decoders"
PROJECTION = re.compile(r"\.(\d+)\.(?:attn\.c_proj|self_attn\.o_proj)$")
DOWN = re.compile(r"\.(\d+)\.mlp\.(?:c_proj|down_proj)$")
GATES = [0.0, 1.0, 1.0, 0.5, 1.5]


class Gated:
    """A model whose heads and blocks are multiplied by `gates` (layers, heads + 1) and fade into `means`."""

    def __init__(self, model, layers, heads):
        self.model = model
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

    def log_probs(self, ids, gates=None, means=None):
        if gates:
            self.gates = gates
        self.means = means
        scores = torch.log_softmax(self.model(torch.tensor([ids])).logits[0], -1)
        return [scores[i, ids[i + 1]].item() for i in range(len(ids) - 1)]


def main():
    given = json.loads((OUT / "golden.json").read_text())
    golden = {"madeBy": "test/model/golden/make-gated-decoders-golden.py", "torch": torch.__version__, "transformers": transformers.__version__,
              "folders": {}}
    for seed, (name, folder) in enumerate(given["folders"].items()):
        model = AutoModelForCausalLM.from_pretrained(str(OUT / name), attn_implementation="eager", dtype=torch.float32).double().eval()
        config = model.config
        layers, heads = config.num_hidden_layers, config.num_attention_heads
        gated, draw = Gated(model, layers, heads), random.Random(seed)
        reference = [row["ids"] for row in folder["rows"][:4]]
        with torch.no_grad():
            for ids in reference:
                gated.log_probs(ids)
            assert all(len(rows) == 4 for parts in gated.seen for rows in parts)
            means = [[torch.cat(rows).mean(0) for rows in parts] for parts in gated.seen]
            rows = []
            for row in folder["rows"]:
                for start in range(layers):
                    gates = [[draw.choice(GATES) if layer >= start else 1.0 for _ in range(heads + 1)] for layer in range(layers)]
                    rows.append({"ids": row["ids"], "from": start, "gates": sum(gates, []), "zero": gated.log_probs(row["ids"], gates),
                                 "mean": gated.log_probs(row["ids"], gates, means)})
        golden["folders"][name] = {"layers": layers, "heads": heads, "reference": reference, "rows": rows}
    (OUT / "gated.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
