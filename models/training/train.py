"""Fine-tunes all-MiniLM-L6-v2 on sentence sentiment with words masked at random, so that P(label | visible words) is what it learns.

    python train.py --base MINILM_FOLDER --sst2 SST2_FOLDER [--uci UCI_FOLDER] --out FOLDER [--epochs 5]

Writes a Hugging Face folder (float32) after every epoch; export.py turns the last one into the shipped int8 weights.
Versions: torch 2.x, transformers 5.x, tokenizers 0.22. Deterministic up to the bfloat16 kernels of the machine.
"""

import argparse, json, math, random, re, time
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertForSequenceClassification

MASK, CLS, SEP, PAD = 103, 101, 102, 0
LABELS = ["negative", "positive"]


def natural(text):
    """SST-2 is stored tokenised ("ca n't , it 's"); this writes it as a person would ("can't, it's")."""
    text = text.replace("-lrb-", "(").replace("-rrb-", ")").replace("`` ", '"').replace(" ''", '"')
    text = re.sub(r" (n't|'s|'re|'ve|'ll|'d|'m)\b", r"\1", text)
    return re.sub(r" ([,.;:!?)])", r"\1", text)


def read_sst2(folder):
    def rows(name):
        lines = [l.split("\t") for l in (Path(folder) / name).read_text(encoding="utf-8").split("\n") if "\t" in l]
        text, label = (1, 0) if lines[1][0] in ("0", "1") else (0, 1)
        return [(l[text].strip(), int(l[label])) for l in lines if l[label] in ("0", "1")]
    dev = rows("dev.tsv")
    held = {natural(t) for t, _ in dev}
    return [(t, l) for t, l in rows("train.tsv") if t and natural(t) not in held], dev


def read_uci(folder):
    out = []
    for path in sorted(Path(folder).glob("*_labelled.txt")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if "\t" in line:
                text, label = line.rsplit("\t", 1)
                out.append((text.strip(), int(label)))
    return out


def word_pieces(tokenizer, text, limit=126):
    """Token ids, and for each the index of its whitespace-separated word."""
    e = tokenizer.encode(text.split(), is_pretokenized=True, add_special_tokens=False)
    return e.ids[:limit], e.word_ids[:limit]


def mask_words(ids, words, rate, rng):
    hit = {w for w in set(words) if rng.random() < rate}
    return [MASK if w in hit else i for i, w in zip(ids, words)]


def collate(batch):
    width = max(len(i) for i, _ in batch) + 2
    ids = torch.full((len(batch), width), PAD)
    for r, (i, _) in enumerate(batch):
        ids[r, : len(i) + 2] = torch.tensor([CLS, *i, SEP])
    return ids, (ids != PAD).long(), torch.tensor([t for _, t in batch])


@torch.no_grad()
def accuracy(model, tokenizer, dev, rate, seeds=(1, 2, 3)):
    model.eval()
    scores = []
    for seed in seeds if rate else (1,):
        rng = random.Random(seed)
        rows = [(mask_words(*word_pieces(tokenizer, t), rate, rng), float(l)) for t, l in dev]
        rows.sort(key=lambda r: len(r[0]))
        hits = 0
        for k in range(0, len(rows), 128):
            ids, att, target = collate(rows[k : k + 128])
            hits += (model(ids, attention_mask=att).logits.argmax(1) == target).sum().item()
        scores.append(hits / len(rows))
    model.train()
    return sum(scores) / len(scores)


def main():
    p = argparse.ArgumentParser()
    for name in ("base", "sst2", "out"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--uci")
    p.add_argument("--epochs", type=int, default=5)
    p.add_argument("--rate", type=float, default=8e-5)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--masked", type=float, default=0.5)
    p.add_argument("--smoothing", type=float, default=0.02)
    p.add_argument("--ema", type=float, default=0.9995)
    p.add_argument("--seed", type=int, default=7)
    a = p.parse_args()
    random.seed(a.seed)
    torch.manual_seed(a.seed)
    rng = random.Random(a.seed)

    tokenizer = Tokenizer.from_file(str(Path(a.base) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    train, dev = read_sst2(a.sst2)
    if a.uci:
        train += read_uci(a.uci)
    prior = sum(l for _, l in train) / len(train)
    print(f"{len(train)} training rows, {len(dev)} dev rows, prior {prior:.3f}", flush=True)
    # Two spellings of each row: as stored, and as a person would write it.
    forms = [(word_pieces(tokenizer, t), word_pieces(tokenizer, natural(t)), l) for t, l in train]

    model = BertForSequenceClassification.from_pretrained(
        a.base, num_labels=2, id2label=dict(enumerate(LABELS)), label2id={l: i for i, l in enumerate(LABELS)}, attn_implementation="sdpa")
    decay = [q for q in model.parameters() if q.ndim > 1]
    flat = [q for q in model.parameters() if q.ndim <= 1]
    opt = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": flat, "weight_decay": 0.0}], lr=a.rate)
    steps = a.epochs * math.ceil(len(forms) / a.batch)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min((s + 1) / 300, max(0.0, (steps - s) / (steps - 300))))
    ema = {k: v.detach().clone() for k, v in model.state_dict().items()}

    done, start = 0, time.time()
    for epoch in range(a.epochs):
        rows = []
        for stored, typed, label in forms:
            ids, words = typed if rng.random() < 0.5 else stored
            if rng.random() < a.masked:
                ids = mask_words(ids, words, rng.random(), rng)
            target = float(label) * (1 - a.smoothing) + a.smoothing / 2
            rows.append((ids, target))
        for _ in range(len(forms) // 200):  # nothing visible, at any length: the prior
            rows.append(([MASK] * rng.randint(1, 126), 0.5 * prior + 0.25))
        rng.shuffle(rows)
        pools = [rows[k : k + 50 * a.batch] for k in range(0, len(rows), 50 * a.batch)]
        batches = []
        for pool in pools:
            pool.sort(key=lambda r: len(r[0]))
            batches += [pool[k : k + a.batch] for k in range(0, len(pool), a.batch)]
        rng.shuffle(batches)
        for batch in batches:
            ids, att, target = collate(batch)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(ids, attention_mask=att).logits
            odds = (logits[:, 1] - logits[:, 0]).float()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(odds, target.float())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step(); sched.step(); opt.zero_grad(set_to_none=True)
            done += 1
            keep = min(a.ema, (1 + done) / (10 + done))
            with torch.no_grad():
                for k, v in model.state_dict().items():
                    if v.dtype.is_floating_point:
                        ema[k].lerp_(v, 1 - keep)
            if done % 200 == 0:
                print(f"step {done}/{steps} loss {loss.item():.4f} {time.time() - start:.0f} s", flush=True)
        for name, state in (("last", None), ("ema", ema)):
            own = {k: v.clone() for k, v in model.state_dict().items()} if state else None
            if state:
                model.load_state_dict(state)
            scores = {r: accuracy(model, tokenizer, dev, r) for r in (0.0, 0.3, 0.6)}
            print(f"epoch {epoch + 1} {name}: " + ", ".join(f"{int(r * 100)} % masked {s:.4f}" for r, s in scores.items()), flush=True)
            folder = Path(a.out) / name
            model.save_pretrained(folder)
            tokenizer.save(str(folder / "tokenizer.json"))
            (folder / "training.json").write_text(json.dumps({"arguments": vars(a), "epoch": epoch + 1, "rows": len(train), "prior": prior, "dev": scores}, indent=1))
            if own:
                model.load_state_dict(own)


if __name__ == "__main__":
    main()
