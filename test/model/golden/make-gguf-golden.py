"""quantised.gguf, one tensor of every type that is read, and gguf.json: what Python's gguf says they hold, and SentencePiece's tokens.

    pip install gguf==0.19.0 sentencepiece==0.2.3 tokenizers==0.23.3 numpy
    python make-gguf-golden.py [SmolLM2-135M-Instruct.Q4_1.gguf]

With the real file, `smollm2` has digests of its tokens by Hugging Face tokenizers on the texts of pipelines.json, and of two of its tensors.
"""

import base64
import io
import json
import re
import sys
from pathlib import Path

import gguf
import numpy as np
import sentencepiece
import tokenizers
from gguf import GGMLQuantizationType as T, GGUFValueType as V

HERE = Path(__file__).parent
ROWS, COLUMNS = 2, 256
TYPES = [T.F32, T.F16, T.BF16, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0, T.Q4_K, T.Q5_K, T.Q6_K]
# Where a block's scale, and its offset, stand: random bytes there would make NaNs.
SCALES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}


def fnv(data):
    h = 0x811C9DC5
    for k in data:
        h = ((h ^ k) * 0x01000193) & 0xFFFFFFFF
    return h


def digest(values):
    return fnv(b"".join((v & 0xFFFFFFFF).to_bytes(4, "little") for v in values))


def blocks(kind, rng):
    if kind == T.F32:
        return rng.standard_normal((ROWS, COLUMNS)).astype(np.float32)
    if kind in (T.F16, T.BF16):
        return gguf.quants.quantize(rng.standard_normal((ROWS, COLUMNS)).astype(np.float32) * 2.0 ** rng.integers(-20, 3, (ROWS, COLUMNS)), kind)
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    made = rng.integers(0, 256, (ROWS, COLUMNS // elements, size), dtype=np.uint8)
    for at in SCALES[kind]:
        halves = (rng.standard_normal(made.shape[:2]) * 0.1).astype(np.float16)
        halves[0, 0] = np.float16(6e-6)
        made[:, :, at : at + 2] = halves[..., None].view(np.uint8)
    return made.reshape(ROWS, -1)


def quantised():
    rng = np.random.default_rng(3)
    writer = gguf.GGUFWriter(str(HERE / "quantised.gguf"), "llama")
    values = [("u8", 200, V.UINT8), ("i8", -100, V.INT8), ("u16", 60000, V.UINT16), ("i16", -30000, V.INT16), ("u32", 4_000_000_000, V.UINT32),
              ("i32", -2_000_000_000, V.INT32), ("u64", 2**53 - 1, V.UINT64), ("i64", 1 - 2**53, V.INT64), ("f32", 0.1, V.FLOAT32), ("f64", 0.1, V.FLOAT64)]
    for key, value, kind in values:
        writer.add_key_value("test." + key, value, kind)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "naïve 😀\0x")
    writer.add_array("test.strings", ["", "a", "é"])
    writer.add_array("test.numbers", [1, -2, 3])
    tensors = {}
    for kind in TYPES:
        made = blocks(kind, rng)
        writer.add_tensor(kind.name, made, raw_dtype=None if kind in (T.F32,) else kind)
        exact = made if kind == T.F32 else gguf.quants.dequantize(made, kind)
        tensors[kind.name] = base64.b64encode(exact.astype("<f4").tobytes()).decode()
    writer.add_tensor("odd", rng.standard_normal((3, 5)).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tensors


def pipelines():
    return json.loads((HERE / "pipelines.json").read_text())


def sentence_piece(texts, corpus):
    """A small model as Llama 2's was trained: bytes for what it lacks, no normalisation, a blank put before every text."""
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_writer=made, model_type="bpe", vocab_size=420, byte_fallback=True, minloglevel=2,
        normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.98, split_digits=True)
    sp = sentencepiece.SentencePieceProcessor(model_proto=made.getvalue())
    n = sp.get_piece_size()
    kind = lambda i: 2 if sp.is_unknown(i) else 3 if sp.is_control(i) else 6 if sp.is_byte(i) else 1
    rows = []
    # In a text, llama.cpp takes <s> for the token, SentencePiece for three characters; empty texts get no blank.
    for text in texts:
        if "<" in text or text == "":
            continue
        ids = sp.encode(text)
        rows.append([text, ids, sp.decode(ids)])
    return dict(pieces=[sp.id_to_piece(i) for i in range(n)], scores=[sp.get_score(i) for i in range(n)], types=[kind(i) for i in range(n)], rows=rows)


def smollm2(path, texts):
    """The tokenizer put together from the file's lists, and two of its tensors."""
    reader = gguf.GGUFReader(path)
    field = lambda key: reader.fields["tokenizer.ggml." + key].contents()
    tokens, merges, types = field("tokens"), field("merges"), field("token_type")
    byte_level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    t = tokenizers.Tokenizer.from_str(json.dumps(dict(
        version="1.0", truncation=None, padding=None, normalizer=None, post_processor=None, decoder=byte_level,
        added_tokens=[dict(id=i, content=c, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
                      for i, (c, k) in enumerate(zip(tokens, types)) if k in (3, 4)],
        pre_tokenizer=dict(type="Sequence", pretokenizers=[dict(type="Digits", individual_digits=True), byte_level]),
        model=dict(type="BPE", vocab={c: i for i, c in enumerate(tokens)}, merges=merges, byte_fallback=False, fuse_unk=False))))

    def row(text):
        at = [0]
        for c in text:
            at.append(at[-1] + (2 if ord(c) > 0xFFFF else 1))
        e = t.encode(text, add_special_tokens=False)
        return digest([*e.ids, *(at[a] for a, _ in e.offsets), *(at[b] for _, b in e.offsets)])

    found = {tensor.name: tensor for tensor in reader.tensors}
    exact = {name: fnv(gguf.quants.dequantize(found[name].data, found[name].tensor_type).astype("<f4").tobytes())
             for name in ("blk.0.attn_k.weight", "blk.29.attn_norm.weight")}
    chat = "<|im_start|>user\nHi<|im_end|>\n"
    return dict(texts=[row(x) for x in texts], chat=[chat, t.encode(chat).ids], tensors=exact)


def main():
    shared = pipelines()
    texts = shared["texts"] + shared["madeUp"]
    source = (HERE / "make-pipelines-golden.py").read_text()
    corpus = re.search('CORPUS = """(.*?)"""', source, re.S).group(1).split("\n") * 2
    out = dict(gguf="0.19.0", sentencepiece=sentencepiece.__version__, tokenizers=tokenizers.__version__, tensors=quantised(),
               sentencePiece=sentence_piece(shared["texts"] + shared["madeUp"][:60], corpus))
    if len(sys.argv) > 1:
        out["smollm2"] = smollm2(sys.argv[1], texts)
    (HERE / "gguf.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


main()
