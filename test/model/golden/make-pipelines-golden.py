"""Ids, offsets and decoded texts by Hugging Face tokenizers for BPE and Unigram tokenizers put together as published models have them.

    pip install tokenizers==0.23.3 sentencepiece==0.2.1
    python make-pipelines-golden.py > pipelines.json

Vocabularies are small and trained here. `rows` are [ids, starts, ends] of the texts by hand, offsets in UTF-16 units; of the other texts
there is one 32-bit FNV-1a digest each. Lone surrogates cannot be asked of Python and are tested elsewhere.
"""

import base64
import io
import json
import random
import tempfile

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2 as sp_model
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

CORPUS = """The quick brown fox jumps over the lazy dog, and the dog doesn't mind. It's what they'd expected: we'll see, I'm sure you've won.
In 2024 there were 12,345 of them; in 1999 only 678. New words are made of old words: unbelievable, rewording, wordings, unwordy.
Her acting never fails to impress. There is nothing like the sound of the sea at night. THE END. The End, the ending, ends.
Über allen Gipfeln ist Ruh, in allen Wipfeln spürest du kaum einen Hauch. Les élèves étaient déjà à l'école; ça va très bien.
Привет, мир! Это простой текст. 日本語の文章です。これはペンです。中文文本，这是一个测试。한국어 텍스트입니다. नमस्ते दुनिया। مرحبا بالعالم
def f(x):\n    return x + 1\n\nprint(f(41))  # 42 😀😀 👍🏽 naïve café — “quoted” … 50 % €3.50
""" * 3

BY_HAND = """Her acting never fails to impress
don't, won't; I'LL we'Ve it'ſ 'S 're
 leading
trailing 
  two  blanks   three    
naïve café déjà
cafe\u0301 e\u0301\u0323 e\u0323\u0301 \u0301a q\u0307\u0323
ﬁne ﬂow ½ ² ™ Ⅷ ㎏
각나 각 한국어 ᄒ
ﾊﾟｶﾞ ｶ ﾡ
日本語のテスト 中文。测试
ไทยแลนด์ नमस्ते दुनिया
👨‍👩‍👧‍👦 family 👍🏽 🇩🇪🇫🇷 1️⃣ ❤️
🥹🫠 ok 𝒳𝓎 𝟙
a\u200bb\u00adc\u200d
a\u0000b \u0001\u0007
\ufeffbom
x\ufeff y\u2060
tab\tnew\rend\t\t
a\u2028b\u0085c\u00a0d\u3000e\u2003
1,234.56 $5 €6 50% 1234567 ١٢٣ ²³
http://a.b/c?d=e&f=g#h user@mail.com
C++ C# .NET != == -> //
… –—― “x” ‘y’
مرحبا بالعالم עברית
Привет, мир! ΟΔΟΣ ὈΔΥΣΣΕΎΣ İI
<s> </s>x<mask> a <mask>, <unk>
<x>  <y> a <x>b <X> Newé NEWÉ newe\u0301
\u0378 \U0001fae9 \U000e0067
▁ under▁score ▁▁ x▁
Ġ Ċ âĢ
<0x41> <0xE2>
-
unbelievable rewording""".split("\n") + [
    "", " ", "  ", "\n", "\r\n", " \n", "line\nbreak\r\n\r\n  x", "\n\n  def f(x):\n\treturn x\n", "a\n ", "a \nb", "x" * 70,
    "word " * 12, " \t \n \u00a0", "\u200b", "\u3000日本", "a\u0301" * 9, "e\r",
]
POOLS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCxyz.,!?'-", "éèêëñçÀÖßİıŁø", "αβγδΣςΆ", "абвгдЖЩё", "日本語中文漢字", "가각힣각", "ไทยก็",
    "\u0301\u0308\u20e3\u093c\u0323\u0345", " \t\n\u00a0\u3000\r", "\u200b\u200d\u00ad\ufe0f\u0000\u061c", "😀👍🏽🇩🇪🥹", "0123456789½²",
    "«»“”‘’…—", "अनुवाद", "مرحبا", "ﬁ㎏ﾊﾟ①", ["<s>", "</s>", "<mask>", "<x>", "▁", " the", " The", "'s", "'LL", "ing", "Newé", "\r\n"],
]
LONG = 10_000

CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LINES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
OTHER = r" ?[^\s\p{L}\p{N}]+"
LOWER, UPPER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LLAMA3 = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + OTHER + r"[\r\n]*|" + LINES
QWEN2 = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + OTHER + r"[\r\n]*|" + LINES
QWEN35 = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + LINES
O200K = (rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTION}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTION}?|\p{{N}}{{1,3}}|"
         + OTHER + r"[\r\n/]*|" + LINES)
TEKKEN = (rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*|\p{{N}}|" + OTHER + r"[\r\n/]*|" + LINES)

# Rules as SentencePiece's nmt_nfkc has them, of every kind: many to one, one to many, to nothing, and overlapping.
RULES_FILE = f"{tempfile.gettempdir()}/rules.tsv"
RULES = {
    "\t": " ", "\n": " ", "\r": " ", "\u00a0": " ", "\u3000": " ", "\u2003": " ", "\u2028": " ", "\u0085": " ", "\u200b": " ",
    "\u0001": "", "\u0007": "", "\ufeff": " ", "\u2060": "", "ﬁ": "fi", "ﬂ": "fl", "½": "1⁄2", "²": "2", "™": "TM", "Ⅷ": "VIII",
    "㎏": "kg", "ﾊﾟ": "パ", "ｶﾞ": "ガ", "ｶ": "カ", "ﾊ": "ハ", "ﾞ": "\u3099", "e\u0301": "\u00e9", "e\u0323\u0301": "\u1eb9\u0301", "a\u0301": "\u00e1",
    "q\u0323": "q", "\u1100\u1161\u11a8": "\uac01", "𝒳": "X", "𝟙": "1", "…": "...", "①": "1",
}


def byte_level(add_prefix_space=False, trim_offsets=True, use_regex=True):
    return dict(type="ByteLevel", add_prefix_space=add_prefix_space, trim_offsets=trim_offsets, use_regex=use_regex)


def split(pattern, behavior="Isolated"):
    return dict(type="Split", pattern={"Regex": pattern}, behavior=behavior, invert=False)


def words_then_bytes(*first):
    return dict(type="Sequence", pretokenizers=[*first, byte_level(use_regex=False)])


def metaspace(scheme="always", is_split=True):
    return dict(type="Metaspace", replacement="▁", prepend_scheme=scheme, split=is_split)


def replace(pattern, content):
    return dict(type="Replace", pattern=pattern, content=content)


def sequence(kind, *parts):
    return dict(type="Sequence", **{kind: list(parts)})


def template(single, pair):
    def part(p):
        return {"Sequence": {"id": p, "type_id": 0}} if p in "AB" else {"SpecialToken": {"id": p, "type_id": 0}}

    tokens = {p for p in single + pair if p not in "AB"}
    return dict(type="TemplateProcessing", single=[part(p) for p in single], pair=[part(p) for p in pair],
                special_tokens={t: dict(id=t, ids=[None], tokens=[t]) for t in sorted(tokens)})


def added(content, special=True, **on):
    return {**dict(content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=special), **on}


BYTES_DECODER = byte_level(add_prefix_space=True)
LLAMA_DECODER = sequence("decoders", replace({"String": "▁"}, " "), dict(type="ByteFallback"), dict(type="Fuse"),
                         dict(type="Strip", content=" ", start=1, stop=0))
META_DECODER = metaspace()
USUAL = [added("<s>"), added("</s>"), added("<mask>", lstrip=True)]
UNUSUAL = USUAL + [added("<x>", special=False, lstrip=True, rstrip=True), added("Newé", special=False, normalized=True),
                   added("<y>", special=False, single_word=True), added("the\n", special=False)]
ROBERTA = dict(type="RobertaProcessing", sep=["</s>", None], cls=["<s>", None], trim_offsets=True, add_prefix_space=False)
PREPEND = sequence("normalizers", dict(type="Prepend", prepend="▁"), replace({"String": " "}, "▁"))
S, E = "<s>", "</s>"


def variants(charsmap):
    precompiled = dict(type="Precompiled", precompiled_charsmap=charsmap)
    spaces = sequence("normalizers", precompiled, dict(type="Strip", strip_left=False, strip_right=True), replace({"Regex": " {2,}"}, "▁"))
    xlmr = template([S, "A", E], [S, "A", E, E, "B", E])
    return [
        ("GPT-2", "bytes", None, byte_level(), byte_level(add_prefix_space=True, trim_offsets=False), BYTES_DECODER, USUAL, {}),
        ("RoBERTa", "bytes", None, byte_level(), ROBERTA, BYTES_DECODER, USUAL, {}),
        ("RoBERTa with a blank put before", "bytes", None, byte_level(add_prefix_space=True), {**ROBERTA, "add_prefix_space": True},
         BYTES_DECODER, USUAL, {}),
        ("Qwen 2 and 3", "bytes", dict(type="NFC"), words_then_bytes(split(QWEN2)), byte_level(trim_offsets=False), BYTES_DECODER, UNUSUAL, {}),
        ("Qwen 3.5", "bytes", dict(type="NFC"), words_then_bytes(split(QWEN35)), None, BYTES_DECODER, USUAL, {}),
        ("Llama 3", "bytes", None, words_then_bytes(split(LLAMA3)),
         sequence("processors", byte_level(), template([S, "A"], [S, "A", S, "B"])), BYTES_DECODER, USUAL, dict(ignore_merges=True)),
        ("o200k", "bytes", None, words_then_bytes(split(O200K)), None, BYTES_DECODER, USUAL, {}),
        ("tekken", "bytes", None, words_then_bytes(split(TEKKEN)), None, BYTES_DECODER, USUAL, {}),
        ("SmolLM2", "bytes", None, sequence("pretokenizers", dict(type="Digits", individual_digits=True), byte_level()), None, BYTES_DECODER,
         USUAL, {}),
        ("numbers apart, removed blanks", "bytes", dict(type="NFKC"),
         words_then_bytes(split(r"\p{N}{1,3}"), split(r"\s+", "Removed")), None, BYTES_DECODER, USUAL, {}),
        ("merged with what is before", "bytes", dict(type="NFD"), words_then_bytes(split(r"\s+", "MergedWithPrevious")), None, BYTES_DECODER, USUAL, {}),
        ("merged with what is after", "bytes", sequence("normalizers", dict(type="NFKD"), dict(type="StripAccents"), dict(type="Lowercase")),
         words_then_bytes(split(r"\p{N}", "MergedWithNext")), None, BYTES_DECODER, USUAL, {}),
        ("contiguous", "bytes", dict(type="Strip", strip_left=True, strip_right=True),
         words_then_bytes(dict(type="Digits", individual_digits=False), split(r"\s+", "Contiguous")), None, BYTES_DECODER, USUAL, {}),
        ("Llama 2", "pairs", PREPEND, None, template([S, "A"], [S, "A", S, "B"]), LLAMA_DECODER, USUAL, {}),
        ("Llama 2, newer", "pairs", None, metaspace("first", False), template([S, "A"], [S, "A", S, "B"]), LLAMA_DECODER, UNUSUAL, {}),
        ("unknown characters, fused", "pairs", None, metaspace(), None, META_DECODER, USUAL, dict(byte_fallback=False)),
        ("unknown characters, apart", "pairs", None, metaspace("never"), None, META_DECODER, USUAL, dict(byte_fallback=False, fuse_unk=False)),
        ("XLM-R", "unigram", precompiled, sequence("pretokenizers", dict(type="WhitespaceSplit"), metaspace()), xlmr, META_DECODER, USUAL, {}),
        ("XLM-R, newer", "unigram", spaces, metaspace(), xlmr, META_DECODER, UNUSUAL, {}),
        ("T5", "unigram", precompiled, metaspace(), template(["A", E], ["A", E, "B", E]), META_DECODER, USUAL, {}),
        ("Unigram with bytes", "unigram-bytes", replace({"String": " "}, "▁"), None, None, LLAMA_DECODER, USUAL, {}),
    ]


def trained():
    """The four models: byte-level BPE, BPE and Unigram of characters, and the latter with bytes for what it lacks."""
    texts = CORPUS.split("\n")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=460, special_tokens=["<s>", "</s>", "<unk>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    pairs = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    pairs.pre_tokenizer = pre_tokenizers.Metaspace()
    pairs.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=330, limit_alphabet=110, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False))
    unigram = Tokenizer(models.Unigram())
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    unigram.train_from_iterator(texts, trainers.UnigramTrainer(
        vocab_size=300, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    bytes_model = json.loads(bpe.to_str())["model"]
    pairs_model = json.loads(pairs.to_str())["model"]
    names = [f"<0x{b:02X}>" for b in range(256)]
    rest = [t for t in sorted(pairs_model["vocab"], key=pairs_model["vocab"].get)]
    pairs_model = {**pairs_model, "byte_fallback": True, "fuse_unk": True,
                   "vocab": {t: i for i, t in enumerate(rest[:3] + names + rest[3:])}}
    unigram_model = json.loads(unigram.to_str())["model"]
    vocab = [[t, round(s, 4)] for t, s in unigram_model["vocab"]]
    return {
        "bytes": {**bytes_model, "merges": [" ".join(m) for m in bytes_model["merges"]]},
        "pairs": pairs_model,
        "unigram": {**unigram_model, "vocab": vocab},
        "unigram-bytes": {**unigram_model, "byte_fallback": True, "vocab": vocab + [[n, 0.0] for n in names]},
    }


def charsmap():
    """What SentencePiece compiles the rules to."""
    lines = ["\t".join(" ".join(f"{ord(c):X}" for c in side) for side in rule) for rule in RULES.items()]
    open(RULES_FILE, "w").write("\n".join(lines) + "\n")
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS.split("\n")), model_writer=made, vocab_size=200, normalization_rule_tsv=RULES_FILE, minloglevel=2)
    return base64.b64encode(sp_model.ModelProto.FromString(made.getvalue()).normalizer_spec.precompiled_charsmap).decode()


def filled(processor, ids):
    """The post-processor with the ids of its tokens."""
    text = json.loads(json.dumps(processor))
    for step in [text] if text is None or text["type"] != "Sequence" else text["processors"]:
        if step is None:
            continue
        for key in ("cls", "sep"):
            if key in step:
                step[key][1] = ids[step[key][0]]
        for token, entry in step.get("special_tokens", {}).items():
            entry["ids"] = [ids[token]]
    return text


def numbers(t, text):
    at = [0]
    for c in text:
        at.append(at[-1] + (2 if ord(c) > 0xFFFF else 1))
    e = t.encode(text, add_special_tokens=False)
    starts = [at[a] for a, _ in e.offsets]
    # A blank put before a word and trimmed away begins after that word does; ours begins with it.
    for i in range(len(starts) - 2, -1, -1):
        starts[i] = min(starts[i], starts[i + 1])
    return [e.ids, starts, [at[b] for _, b in e.offsets]]


def digest(values):
    h = 0x811C9DC5
    for v in values:
        for k in range(4):
            h = ((h ^ (v >> (8 * k) & 255)) * 0x01000193) & 0xFFFFFFFF
    return h


def row_digest(t, text):
    row = numbers(t, text)
    return digest([v for part in row for v in part])


def decoded(t, ids):
    units = t.decode(ids, skip_special_tokens=False).encode("utf-16-le")
    return digest(int.from_bytes(units[i : i + 2], "little") for i in range(0, len(units), 2))


def main():
    rng = random.Random(11)

    def unit():
        return rng.choice(rng.choice(POOLS if rng.random() < 0.6 else POOLS[:2] + POOLS[9:10]))

    made_up = ["".join(unit() for _ in range(rng.randint(1, 30))) for _ in range(150)]
    long = ("".join(BY_HAND + made_up) * 9)[:LONG]
    assert len(long) == LONG
    shared, map64, out = trained(), charsmap(), []
    for name, model, normalizer, pre, post, decoder, tokens, extra in variants(map64):
        vocab = shared[model]["vocab"]
        ids = dict(vocab) if isinstance(vocab, dict) else {t: i for i, (t, _) in enumerate(vocab)}
        for token in tokens:
            ids.setdefault(token["content"], len(ids))
        whole = dict(
            version="1.0", truncation=None, padding=None, added_tokens=[{"id": ids[t["content"]], **t} for t in tokens],
            normalizer=normalizer, pre_tokenizer=pre, post_processor=filled(post, ids), decoder=decoder, model={**shared[model], **extra},
        )
        t = Tokenizer.from_str(json.dumps(whole))
        one = t.encode("the dog").ids
        both = t.encode("the dog", "the fox").ids
        decoded_ids = [t.encode(text, add_special_tokens=False).ids for text in BY_HAND]
        broken = [ids[::2] for ids in decoded_ids]
        out.append(dict(
            name=name, json={**whole, "model": {"shared": model, **extra}}, single=one, pair=both, rows=[numbers(t, text) for text in BY_HAND],
            digests=[row_digest(t, text) for text in made_up], long=row_digest(t, long),
            decoded=[decoded(t, ids) for ids in decoded_ids + broken],
        ))
    for variant in out:
        text = json.dumps(variant["json"])
        if map64 in text:
            variant["json"] = json.loads(text.replace(map64, "shared"))
    print(json.dumps(dict(tokenizers=tokenizers.__version__, sentencepiece=sentencepiece.__version__, texts=BY_HAND, madeUp=made_up, longLength=LONG,
                          charsmap=map64, models=shared, variants=out), separators=(",", ":")))


main()
