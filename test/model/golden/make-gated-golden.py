"""Makes tiny/gated.json: logits of the models in tiny/ with attention heads and MLP blocks multiplied by gates.

    pip install torch transformers safetensors
    python make-gated-golden.py

gated.py says how. Float64 throughout, of the weights as stored.
"""

import json, random, re
from pathlib import Path

import torch
import transformers
from gated import GATES, Gated
from transformers import AutoModelForSequenceClassification

OUT = Path(__file__).parent / "tiny"
PROJECTION = re.compile(r"\.(\d+)\.attention\.(?:output\.dense|out_lin)$")
DOWN = re.compile(r"\.(\d+)\.(?:output\.dense|ffn\.lin2)$")


def main():
    given = json.loads((OUT / "golden.json").read_text())
    golden = {"madeBy": "test/model/golden/make-gated-golden.py", "torch": torch.__version__, "transformers": transformers.__version__, "folders": {}}
    for seed, (name, folder) in enumerate(given["folders"].items()):
        model = AutoModelForSequenceClassification.from_pretrained(str(OUT / name), attn_implementation="eager", dtype=torch.float64).eval()
        config = model.config
        layers, heads = config.num_hidden_layers, config.num_attention_heads
        gated, draw = Gated(model, layers, heads, PROJECTION, DOWN), random.Random(seed)
        reference = [row["ids"] for row in folder["rows"][:4]]
        with torch.no_grad():
            means = gated.means_over(reference)
            rows = []
            for row in folder["rows"]:
                gates = [[draw.choice(GATES) for _ in range(heads + 1)] for _ in range(layers)]
                rows.append({"ids": row["ids"], "gates": sum(gates, []), "zero": gated.logits(row["ids"], gates).tolist(),
                             "mean": gated.logits(row["ids"], gates, means).tolist()})
        golden["folders"][name] = {"layers": layers, "heads": heads, "reference": reference, "rows": rows}
    (OUT / "gated.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
