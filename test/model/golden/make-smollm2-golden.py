"""Writes smollm2.json: what PyTorch says of SmolLM2-135M-Instruct as stored in a GGUF file, in float32.

    pip install torch transformers gguf tokenizers
    python make-smollm2-golden.py FOLDER/SmolLM2-135M-Instruct.Q4_1.gguf

Greedy tokens after some prompts, log-probabilities of continuations, and log-probabilities of one continuation under maskings of a prompt.
"""

import json, os, random, sys
from pathlib import Path

os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = ["The capital of France is", "Once upon a time", "2 + 2 =", "Q: Who wrote Hamlet?\nA:", "def add(a, b):\n    return"]
CONTINUATIONS = [
    ("The capital of France is", " Paris"), ("The capital of France is", " Rome, I think."), ("The film was dull. Verdict:", " negative"),
    ("The film was dull. Verdict:", " positive"), ("Die Hauptstadt von Österreich ist", " Wien"), ("👩‍👩‍👧 means", " a family"),
]
MASKED = "Tom has 3 apples and buys 1 more at the shop. The number of apples Tom has now is"
ANSWER = " 4"
NEW_TOKENS = 10


def main():
    path = Path(sys.argv[1])
    tokenizer = AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(str(path.parent), gguf_file=path.name, dtype=torch.float32, attn_implementation="eager").eval()
    encode = lambda text: tokenizer(text, add_special_tokens=False).input_ids

    def log_probs(prompt, continuation):
        scores = torch.log_softmax(model(torch.tensor([prompt + continuation])).logits[0].double(), -1)
        return [scores[len(prompt) - 1 + i, t].item() for i, t in enumerate(continuation)]

    out = {"madeBy": "test/model/golden/make-smollm2-golden.py", "torch": torch.__version__, "transformers": transformers.__version__,
           "file": path.name, "greedy": [], "continuations": [], "masked": []}
    with torch.no_grad():
        for prompt in PROMPTS:
            ids = encode(prompt)
            made = model.generate(torch.tensor([ids]), max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=0)[0].tolist()[len(ids):]
            out["greedy"].append({"prompt": prompt, "ids": ids, "added": made, "text": tokenizer.decode(made)})
        for prompt, continuation in CONTINUATIONS:
            ids, more = encode(prompt), encode(continuation)
            out["continuations"].append({"prompt": prompt, "continuation": continuation, "ids": ids, "added": more, "logProbs": log_probs(ids, more)})
        ids, answer, draw = encode(MASKED), encode(ANSWER), random.Random(1)
        for _ in range(12):
            kept = [i for i in ids if draw.random() < 0.6] or ids[:1]
            out["masked"].append({"ids": kept, "added": answer, "logProbs": log_probs(kept, answer)})
    (Path(__file__).parent / "smollm2.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
