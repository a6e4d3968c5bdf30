"""Character sets of the BERT tokenizer in Hugging Face tokenizers, found by asking it about every code point.

    python make-bert-tables.py > ../../../src/model/bert-tables.ts

Its tables are those of an old Unicode, so the properties of a JavaScript engine do not do: a newer engine knows more marks and signs.
"""

import tokenizers
from tokenizers.normalizers import NFD, BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
import unicodedata

POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def normalizer(**on):
    flags = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return BertNormalizer(**{**flags, **on}).normalize_str


clean, strip, chinese = normalizer(clean_text=True), normalizer(strip_accents=True), normalizer(handle_chinese_chars=True)
nfd, split = NFD().normalize_str, BertPreTokenizer().pre_tokenize_str


def is_nonstarter(c):
    """Moves before, or lets before it, a mark of the lowest or of a high combining class."""
    return nfd("a" + chr(c) + "\u0334") == "a\u0334" + nfd(chr(c)) or nfd("a\u0345" + chr(c)) == "a" + nfd(chr(c)) + "\u0345"


def is_undecomposed(c):
    """Characters with a canonical decomposition that the old tables lack; listed by hand where Python's Unicode is older than they are."""
    newer = [0x105C9, 0x105E4, 0x11383, 0x11385, 0x1138E, 0x11391, 0x113C5, 0x113C7, 0x113C8]
    newer += [*range(0x16121, 0x16129), *range(0x16D68, 0x16D6B)]
    return (c in newer or unicodedata.normalize("NFD", chr(c)) != chr(c)) and nfd(chr(c)) == chr(c)


SETS = [
    ("REMOVED", "Removed by clean_text: controls, formats, private use.", lambda c: clean("a" + chr(c)) == "a"),
    ("MARKS", "Removed by strip_accents: nonspacing marks.", lambda c: strip("a" + chr(c)) == "a"),
    ("PUNCTUATION", "Words of their own.", lambda c: len(split("a" + chr(c) + "a")) == 3),
    ("CHINESE", "Set between blanks by handle_chinese_chars.", lambda c: chinese("a" + chr(c)) != "a" + chr(c)),
    ("NONSTARTERS", "Put in canonical order when accents are stripped.", is_nonstarter),
    ("UNDECOMPOSED", "Newer than the tables that decompose characters.", is_undecomposed),
]


def base36(n):
    out = ""
    while n:
        out, n = DIGITS[n % 36] + out, n // 36
    return out or "0"


def encoded(members):
    """Lengths of alternating stretches outside and inside the set, from code point 0."""
    edges, inside = [], False
    for c in range(0x110001):
        if (c in members) != inside:
            edges.append(c)
            inside = not inside
    return " ".join(base36(b - a) for a, b in zip([0] + edges, edges))


def main():
    print(f"// Written by test/model/golden/make-bert-tables.py with tokenizers {tokenizers.__version__}; do not edit.")
    print("// Each set is the lengths, in base 36, of alternating stretches of code points outside and inside it, from 0.")
    for name, doc, test in SETS:
        lines, line = [], ""
        for word in encoded({c for c in POINTS if test(c)}).split(" "):
            if len(line) + len(word) > 128:
                lines.append(line)
                line = ""
            line += word + " "
        lines.append(line.rstrip())
        body = " +\n  ".join(f"'{part}'" for part in lines)
        print(f"\n/** {doc} */\nexport const {name} =" + (f"\n  {body};" if len(lines) > 1 else f" {body};"))


main()
