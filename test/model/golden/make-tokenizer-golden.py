"""Token ids and offsets of many texts by Hugging Face tokenizers, the reference for src/model/tokenizer.ts.

    python make-tokenizer-golden.py ../../../models/minilm-sst2/tokenizer.json > tokenizer.json

Offsets are converted from code points to UTF-16 units. Lone surrogates cannot be asked of Python and are tested elsewhere.
"""

import json, random, sys
import tokenizers

HAND = """Her acting never fails to impress|don't, won't; can't!|naïve café — déjà vu|İstanbul ıI|ΟΔΟΣ ὈΔΥΣΣΕΎΣ|ﬁne ﬂow|각나 한국어|日本語のテスト|中文。测试|ไทยแลนด์|a\u0301e\u0308 x|\u0301a|👨‍👩‍👧‍👦 family|🥹🫠 ok|a\u200bb\u00adc|a\u0000b|\ufeffbom|tab\tnew\nline\r\nend|a\u2028b\u0085c\u00a0d|[MASK] x[CLS]y [mask]|[UNK]|##ing|"quoted" 'single' `tick`|1,234.56 $5 €6 50%|http://a.b/c?d=e&f=g#h|user@mail.com|C++ C# .NET|… –—―|٠١٢ عربي|עברית שלום|Привет, мир!|ß ẞ Straße|Ǆ ǅ ǆ|½ ² ™|𝒳𝓎 𝟙|a\ue000b|\u0378|x͓̽y|  leading and trailing  ||.|?!?!|unaffable|supercalifragilisticexpialidocious|pneumonoultramicroscopicsilicovolcanoconiosis""".split("|")
POOLS = ["abcdefghijklmnopqrstuvwxyz", "ABCxyz.,!?'-", "éèêëñçÀÖßİıŁø", "αβγδΣςΆ", "абвгдЖЩё", "日本語中文漢字", "가각힣ᄀ", "ไทยก็", "\u0301\u0308\u20e3\u093c", " \t\n\u00a0\u3000", "\u200b\u200d\u00ad\ufe0f\u0000\u061c", "😀👍🏽🇩🇪🥹", "0123456789½²", "«»“”‘’…—", "अनुवाद", "مرحبا", "[]MASK#"]


def main():
    t = tokenizers.Tokenizer.from_file(sys.argv[1])
    t.no_truncation(); t.no_padding()
    rng = random.Random(5)
    texts = HAND + ["x" * 100, "x" * 101, "word " * 200]
    for _ in range(320):
        texts.append("".join(rng.choice(rng.choice(POOLS if rng.random() < 0.5 else POOLS[:2])) for _ in range(rng.randint(1, 30))))
    rows = []
    for text in texts:
        at = [0]
        for c in text:
            at.append(at[-1] + (2 if ord(c) > 0xFFFF else 1))
        e = t.encode(text, add_special_tokens=False)
        rows.append([text, e.ids, [at[a] for a, _ in e.offsets], [at[b] for _, b in e.offsets]])
    print(json.dumps({"tokenizers": tokenizers.__version__, "rows": rows}, separators=(",", ":")))


main()
