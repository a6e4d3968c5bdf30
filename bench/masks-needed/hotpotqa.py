"""Heads of the games `hotpotqa-N`, for games.json: python bench/masks-needed/hotpotqa.py dev-distractor-100.json

The file is the first 100 questions of HotpotQA's development set in the distractor setting, a list of {question, answer, supporting_facts: {title,
sent_id}, context: {title, sentences}}; N counts from 1. Of each context whose answer is neither yes nor no, the paragraphs with supporting facts stay
whole, and sentences of the others in their order until there are 20; the five shortest of these texts are taken. A sentence is a player, the question
is never masked, and the answer's log-probability is explained.
"""

import json
import sys

SENTENCES = 20
GAMES = 5


def head(number, row):
    facts = set(zip(row["supporting_facts"]["title"], row["supporting_facts"]["sent_id"]))
    golden = {title for title, _ in facts}
    paragraphs = list(zip(row["context"]["title"], row["context"]["sentences"]))
    room = SENTENCES - sum(len(sentences) for title, sentences in paragraphs if title in golden)
    text, spans, gold = "", [], []
    for title, sentences in paragraphs:
        kept = len(sentences) if title in golden else max(0, min(room, len(sentences)))
        room -= 0 if title in golden else kept
        for place, sentence in enumerate(sentences[:kept]):
            if (title, place) in facts:
                gold.append(len(spans))
            start = len(text) + (1 if text else 0)
            text += (" " if text else "") + sentence.strip()
            spans.append([start, len(text)])
    stem = f"\nQuestion: {row['question'].strip()}\nAnswer:"
    return {
        "name": f"hotpotqa-{number}",
        "family": "smollm2-sentences",
        "n": len(spans),
        "fit": 500,
        "fresh": 250,
        "spexBits": 0,
        "text": text + stem,
        "target": row["answer"],
        "scalar": "log-prob",
        "mask": "remove",
        "lock": [[len(text), len(text + stem)]],
        "spans": spans,
        "gold": gold,
    }


def main():
    rows = enumerate(json.load(open(sys.argv[1])), 1)
    heads = [head(number, row) for number, row in rows if row["answer"] not in ("yes", "no")]
    heads = sorted((h for h in heads if h["n"] == SENTENCES), key=lambda h: h["spans"][-1][1])
    for h in heads[:GAMES]:
        # Spans count UTF-16 units, as JavaScript does.
        assert all(ord(c) < 0x10000 for c in h["text"])
        print(json.dumps(h, ensure_ascii=False, separators=(",", ":")))


main()
