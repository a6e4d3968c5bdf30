"""Token ids and offsets of many texts by Hugging Face tokenizers, the reference for src/model/tokenizer.ts.

    python make-tokenizer-golden.py ../../../models/minilm-sst2/tokenizer.json > tokenizer.json

Offsets are converted from code points to UTF-16 units. Lone surrogates cannot be asked of Python and are tested elsewhere.
"""

import json
import random
import sys
import unicodedata

import tokenizers

BY_HAND = """Her acting never fails to impress
don't, won't; can't!
naïve café — déjà vu
İstanbul ıI
ΟΔΟΣ ὈΔΥΣΣΕΎΣ
ﬁne ﬂow
각나 한국어
日本語のテスト
中文。测试
ไทยแลนด์
a\u0301e\u0308 x
\u0301a
👨‍👩‍👧‍👦 family
🥹🫠 ok
a\u200bb\u00adc
a\u0000b
\ufeffbom
tab\tnew\rend
a\u2028b\u0085c\u00a0d
[MASK] x[CLS]y [mask]
[UNK]
##ing
"quoted" 'single' `tick`
1,234.56 $5 €6 50%
http://a.b/c?d=e&f=g#h
user@mail.com
C++ C# .NET
… –—―
٠١٢ عربي
עברית שלום
Привет, мир!
ß ẞ Straße
Ǆ ǅ ǆ
½ ² ™
𝒳𝓎 𝟙
a\ue000b
\u0378
x͓̽y
q\u0323\u0307 q\u0307\u0323 \u1e69\u0323
a\u302e\u20dd\u0345\u302ab
x\u08d4\u08d3\u0301\u1dfby
\U0002b820a\U0002b920b
\u0bb2\u0bca \u1025\u102e \U00011131\U00011127
\u202eright to left\u202c \u2067isolate\u2069
🏴\U000e0067\U000e0062\U000e007f 🇩🇪🇫🇷 1️⃣ ❤️
  leading and trailing  

.
?!?!
unaffable
supercalifragilisticexpialidocious
pneumonoultramicroscopicsilicovolcanoconiosis""".split("\n")

POOLS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCxyz.,!?'-", "éèêëñçÀÖßİıŁø", "αβγδΣςΆ", "абвгдЖЩё", "日本語中文漢字", "가각힣ᄀ", "ไทยก็",
    "\u0301\u0308\u20e3\u093c\u0323", " \t\n\u00a0\u3000", "\u200b\u200d\u00ad\ufe0f\u0000\u061c", "😀👍🏽🇩🇪🥹", "0123456789½²",
    "«»“”‘’…—", "अनुवाद", "مرحبا", "[]MASK#",
]

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [chr(c) for c in range(0x21, 0x7F)] + list("éßıσςΣ中文한\u0301\u0323\u0307\u1112\u1161\u11ab😀")
LETTERS += list("\u08d3\u08d4\u302e\U0001d157\U0001d165\U0001e94a")
SMALL = SPECIAL + LETTERS + ["##" + letter for letter in LETTERS] + ["the", "The", "##ing", "new", "New"]


def bert(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True):
    return dict(
        type="BertNormalizer", clean_text=clean_text, handle_chinese_chars=handle_chinese_chars,
        strip_accents=strip_accents, lowercase=lowercase,
    )


def added(id, content, special=False, **on):
    return {**dict(id=id, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=special), **on}


USUAL = [added(i, token, special=True) for i, token in enumerate(SPECIAL)]
N = len(SMALL)
UNUSUAL = USUAL[:4] + [
    added(4, "[MASK]", special=True, lstrip=True), added(N, "<x>", lstrip=True, rstrip=True), added(N + 1, "Newé", normalized=True),
    added(N + 2, "a\u0323b", normalized=True, single_word=True), added(N + 3, "!!", single_word=True), added(N + 4, "<x><y>"),
    added(N + 5, "中中", normalized=True, lstrip=True, rstrip=True), added(N + 6, "😀b", normalized=True),
]
VARIANTS = [
    ("cased", bert(lowercase=False), USUAL),
    ("cased without accents", bert(lowercase=False, strip_accents=True), USUAL),
    ("uncased with accents", bert(strip_accents=False), USUAL),
    ("uncleaned", bert(clean_text=False, handle_chinese_chars=False), USUAL),
    ("without normalizer", None, USUAL),
    ("with added tokens of every kind", bert(), UNUSUAL),
]
STRINGS = ["[MASK]", "[SEP]", "<x>", "<y>", "new", "Newé", "NEWE\u0301", "ab", "a\u0323b", "!!", "中中", "中 中", "😀b", "the", " "]
# Marks that are put in order but kept, as the old tables do not know them for marks that space nothing.
ORDERED = ["a\u08d4\u08d3b", "é\u08d3\u08d4\u08d3", "b\u08d4\u302e\u08d4\u08d3a", "\u08d4\u08d3", "ệ\u08d4\u08d3"]
ORDERED += ["\U0001d15e\U0001e94a", "\U0001d15e\U0001d165\U0001e94a"]
VARIANT_POOLS = POOLS + 8 * [STRINGS] + 2 * [ORDERED]


def load(json_text):
    t = tokenizers.Tokenizer.from_str(json_text)
    t.no_truncation()
    t.no_padding()
    return t


def row(t, text):
    at = [0]
    for c in text:
        at.append(at[-1] + (2 if ord(c) > 0xFFFF else 1))
    e = t.encode(text, add_special_tokens=False)
    return [text, e.ids, [at[a] for a, _ in e.offsets], [at[b] for _, b in e.offsets]]


def made_up(rng, pools, count):
    def unit():
        return rng.choice(rng.choice(pools if rng.random() < 0.5 else pools[:2]))

    return ["".join(unit() for _ in range(rng.randint(1, 30))) for _ in range(count)]


def variant_rows(base, name, normalizer, added_tokens, rng):
    model = {**base["model"], "vocab": {token: i for i, token in enumerate(SMALL)}}
    t = load(json.dumps({**base, "normalizer": normalizer, "added_tokens": added_tokens, "model": model}))
    return dict(name=name, normalizer=normalizer, added_tokens=added_tokens, rows=[row(t, x) for x in made_up(rng, VARIANT_POOLS, 60)])


def characters(base):
    """For each 4,096 code points a 32-bit FNV-1a digest of what "Q", the code point and "Z" are split into.

    Code points that this Python's Unicode does not know are left out: engines differ on them.
    """
    t = load(json.dumps(base))
    digests, h = [], 0
    for c in range(0x30000):
        if c % 4096 == 0:
            h = 0x811C9DC5
        if unicodedata.category(chr(c)) not in ("Cn", "Cs"):
            words = t.pre_tokenizer.pre_tokenize_str(t.normalizer.normalize_str("Q" + chr(c) + "Z"))
            for k in ("|".join(w for w, _ in words) + "\n").encode("utf-16-le"):
                h = ((h ^ k) * 0x01000193) & 0xFFFFFFFF
        if c % 4096 == 4095:
            digests.append(h)
    edges, known = [], False
    for c in range(0x30000):
        if (unicodedata.category(chr(c)) not in ("Cn", "Cs")) != known:
            known = not known
            edges.append(c)
    return dict(unicode=unicodedata.unidata_version, edges=edges, digests=digests)


def main():
    base = json.load(open(sys.argv[1], encoding="utf-8"))
    t = load(json.dumps(base))
    rng = random.Random(5)
    texts = BY_HAND + ["line\nbreak\r\n", "x" * 100, "x" * 101, "é" * 100, "word " * 200] + made_up(rng, POOLS, 320)
    print(json.dumps(dict(
        tokenizers=tokenizers.__version__,
        rows=[row(t, x) for x in texts],
        small=SMALL,
        variants=[variant_rows(base, *variant, rng) for variant in VARIANTS],
        characters=characters(base),
    ), separators=(",", ":")))


main()
