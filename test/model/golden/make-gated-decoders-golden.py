"""Makes tiny-decoders/gated.json: log-probabilities of the models in tiny-decoders/ with attention heads and MLP blocks multiplied by gates.

    pip install torch transformers safetensors
    python make-gated-decoders-golden.py

gated.py says how. Float64 throughout, of the weights as stored.
"""

import json, random, re
from pathlib import Path

import torch
import transformers
from gated import GATES, Gated
from transformers import AutoModelForCausalLM

OUT = Path(__file__).parent / "tiny-decoders"
PROJECTION = re.compile(r"\.(\d+)\.(?:attn\.c_proj|self_attn\.o_proj)$")
DOWN = re.compile(r"\.(\d+)\.mlp\.(?:c_proj|down_proj)$")


def log_probs(gated, ids, gates, means=None):
    scores = torch.log_softmax(gated.logits(ids, gates, means), -1)
    return [scores[i, ids[i + 1]].item() for i in range(len(ids) - 1)]


def main():
    given = json.loads((OUT / "golden.json").read_text())
    golden = {"madeBy": "test/model/golden/make-gated-decoders-golden.py", "torch": torch.__version__, "transformers": transformers.__version__,
              "folders": {}}
    for seed, (name, folder) in enumerate(given["folders"].items()):
        model = AutoModelForCausalLM.from_pretrained(str(OUT / name), attn_implementation="eager", dtype=torch.float32).double().eval()
        config = model.config
        layers, heads = config.num_hidden_layers, config.num_attention_heads
        gated, draw = Gated(model, layers, heads, PROJECTION, DOWN), random.Random(seed)
        reference = [row["ids"] for row in folder["rows"][:4]]
        with torch.no_grad():
            means = gated.means_over(reference)
            rows = []
            for row in folder["rows"]:
                for start in range(layers):
                    gates = [[draw.choice(GATES) if layer >= start else 1.0 for _ in range(heads + 1)] for layer in range(layers)]
                    rows.append({"ids": row["ids"], "from": start, "gates": sum(gates, []), "zero": log_probs(gated, row["ids"], gates),
                                 "mean": log_probs(gated, row["ids"], gates, means)})
        golden["folders"][name] = {"layers": layers, "heads": heads, "reference": reference, "rows": rows}
    (OUT / "gated.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
