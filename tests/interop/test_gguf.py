import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch

import fromnoise
from fromnoise.errors import CheckpointError, OutputError
from fromnoise.interop.gguf_tokens import RULES, read_tokenizer, write_tokenizer
from fromnoise.interop.gguf_write import write_gguf

IDS = torch.tensor([[5, 250, 17, 17, 3, 99, 201, 4] * 3, [1, 2, 3, 4, 5, 6, 7, 8] * 3])
TEXTS = [
    "Hello world! It's 1234567 o'clock.",
    "naïve café — 日本語 🙂",
    "  two  spaces\n\n\tand a tab ",
    "I'LL GO",
]


@pytest.mark.parametrize(
    "layout", ["llama", "llama biased", "llama 3", "llama linear", "qwen3 tied", "gpt2"], indirect=True
)
def test_a_model_comes_back_from_gguf_as_it_was(make_folder, layout, tmp_path):
    ours = fromnoise.load(make_folder(layout)[0], device="cpu")
    write_gguf(ours, tmp_path / "model.gguf")
    again = fromnoise.load(tmp_path / "model.gguf", device="cpu")
    assert torch.equal(again.logits(IDS), ours.logits(IDS))
    assert again.settings.net.rope_scaling == ours.settings.net.rope_scaling


@pytest.mark.parametrize(("packed", "least"), [("float16", 0.999999), ("bfloat16", 0.999), ("q8_0", 0.999)])
def test_fewer_bits_say_nearly_the_same(make_gpt, tmp_path, packed, least):
    ours = make_gpt(False)
    write_gguf(ours, tmp_path / "model.gguf", packed)
    again = fromnoise.load(tmp_path / "model.gguf", device="cpu")
    alike = torch.cosine_similarity(again.logits(IDS).flatten(), ours.logits(IDS).flatten(), 0)
    assert least < alike < 1
    assert again.styles == ours.styles and again.prefix("sonnet") == ours.prefix("sonnet")
    assert again.tokenizer.ends == ours.tokenizer.ends
    for text in TEXTS:
        assert again.tokenizer.encode(text) == ours.tokenizer.encode(text)
        assert again.tokenizer.decode(again.tokenizer.encode(text)) == text


def test_transformers_reads_the_same_tensors(make_gpt, tmp_path):
    """Its reader undoes the pairing of queries and keys, so a wrong one here would show."""
    transformers = pytest.importorskip("transformers")
    ours = make_gpt(False)
    write_gguf(ours, tmp_path / "model.gguf")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="model.gguf")
    with torch.inference_mode():
        torch.testing.assert_close(ours.logits(IDS), theirs(IDS).logits, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "name", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
)
def test_every_packing_is_read_as_the_package_reads_it(tmp_path, name):
    kind = gguf.GGMLQuantizationType[name]
    numbers, size = gguf.GGML_QUANT_SIZES[kind]
    stream = np.random.default_rng(0)
    raw = stream.integers(0, 256, (300, 768 // numbers * size), np.uint8)
    with np.errstate(all="ignore"):
        expected = np.nan_to_num(gguf.dequantize(raw, kind), nan=0, posinf=0, neginf=0)
    writer = gguf.GGUFWriter(tmp_path / "one.gguf", "llama")
    writer.add_tensor("one", raw, raw_dtype=kind)
    finish(writer)
    from fromnoise.interop.gguf_file import GGUFFile

    got = GGUFFile(tmp_path / "one.gguf").read("one").nan_to_num(0, 0, 0)
    assert got.shape == (300, 768)
    assert torch.equal(got, torch.from_numpy(expected))


def finish(writer) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("rule", RULES)
def test_a_tokenizer_comes_back_from_its_facts(make_gpt, rule):
    facts = write_tokenizer(make_gpt(False).tokenizer.tokenizer, 330)
    named = {f"tokenizer.ggml.{key}": value for key, value in (facts | {"pre": rule}).items()}
    made = read_tokenizer(named, "here")
    again = write_tokenizer(made, 330)
    assert again["pre"] == rule and again["tokens"] == facts["tokens"] and again["merges"] == facts["merges"]
    for text in TEXTS:
        assert made.decode(made.encode(text).ids) == text
    pieces = [piece for piece, _ in made.pre_tokenizer.pre_tokenize_str("a 12345")]
    digits = {"gpt-2": ["Ġ12345"], "smollm": ["Ġ", "1", "2"], "llama-bpe": ["Ġ", "123"], "qwen2": ["Ġ", "1"]}
    assert pieces[1 : 1 + len(digits[rule])] == digits[rule]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "llama"}, "byte-level BPE"),
        ({"pre": "unheard-of"}, "unknown rule"),
        ({"tokens": ["a", "a"]}, "same token twice"),
        ({"tokens": None}, "no tokens"),
        ({"token_type": [1]}, "what it is"),
        ({"merges": ["nothing here"]}, "no sound tokenizer"),
    ],
)
def test_a_tokenizer_that_cannot_be_rebuilt_is_refused(make_gpt, change, message):
    facts = write_tokenizer(make_gpt(False).tokenizer.tokenizer, 330) | change
    with pytest.raises(CheckpointError, match=message):
        read_tokenizer({f"tokenizer.ggml.{key}": value for key, value in facts.items()}, "here")


def test_a_way_of_cutting_without_a_name_is_no_gguf(make_gpt):
    from tokenizers import pre_tokenizers

    tokenizer = make_gpt(False).tokenizer.tokenizer
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    with pytest.raises(OutputError, match="no name"):
        write_tokenizer(tokenizer, 330)


def crafted(
    *,
    magic: bytes = b"GGUF",
    version: int = 3,
    tensors: tuple[tuple[str, tuple[int, ...], int, int], ...] = (),
    facts: tuple[tuple[str, int, bytes], ...] = (),
    counts: tuple[int, int] | None = None,
    data: int = 4096,
) -> bytes:
    """Pack a file by hand: tensors are (name, sizes innermost first, type, offset)."""
    told = counts or (len(tensors), len(facts))
    made = magic + struct.pack("<IQQ", version, *told)
    for key, kind, value in facts:
        made += struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + value
    for name, sizes, kind, offset in tensors:
        made += struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", len(sizes))
        made += struct.pack(f"<{len(sizes)}QIQ", *sizes, kind, offset)
    return made + bytes(-len(made) % 32) + bytes(data)


HOSTILE = {
    "wrong version": (crafted(version=9), "version 9"),
    "other byte order": (crafted(version=3 << 24), "byte order"),
    "absurd tensor count": (crafted(counts=(2**60, 0)), "promises"),
    "absurd fact count": (crafted(counts=(0, 2**63)), "promises"),
    "absurd string": (crafted(facts=(("a", 8, struct.pack("<Q", 2**62)),)), "cut short"),
    "absurd array": (crafted(facts=(("a", 9, struct.pack("<IQ", 4, 2**61)),)), "promises"),
    "arrays of arrays of arrays": (
        crafted(facts=(("a", 9, struct.pack("<IQIQIQ", 9, 1, 9, 1, 9, 1)),)),
        "unknown kind 9",
    ),
    "unknown kind": (crafted(facts=(("a", 77, b"1234"),)), "unknown kind 77"),
    "no UTF-8": (crafted(facts=(("a", 8, struct.pack("<Q", 2) + b"\xff\xfe"),)), "UTF-8"),
    "a fact twice": (crafted(facts=(("a", 4, b"1234"), ("a", 4, b"1234"))), "twice"),
    "a tensor twice": (crafted(tensors=(("t", (32,), 0, 0), ("t", (32,), 0, 128))), "twice"),
    "overlapping": (crafted(tensors=(("s", (64,), 0, 0), ("t", (64,), 0, 128))), "overlap"),
    "out of range": (crafted(tensors=(("t", (32,), 0, 2**40),)), "cut short"),
    "wrapping around": (crafted(tensors=(("t", (32,), 0, 2**64 - 32),)), "cut short"),
    "askew": (crafted(tensors=(("t", (32,), 0, 7),)), "not sound"),
    "too large": (crafted(tensors=(("t", (2**40, 2**40), 0, 0),)), "cut short"),
    "five dimensions": (crafted(tensors=(("t", (1, 1, 1, 1, 1), 0, 0),)), "5 dimensions"),
    "no dimension": (crafted(tensors=(("t", (), 0, 0),)), "0 dimensions"),
    "unknown type": (crafted(tensors=(("t", (32,), 999, 0),)), "type 999"),
    "integers": (crafted(tensors=(("t", (32,), 26, 0),)), "none for weights"),
    "half a block": (crafted(tensors=(("t", (33,), 8, 0),)), "blocks of 32"),
    "odd alignment": (
        crafted(facts=(("general.alignment", 4, struct.pack("<I", 24)),)),
        "power of two",
    ),
    "no alignment": (crafted(facts=(("general.alignment", 4, struct.pack("<I", 0)),)), "power of two"),
    "no architecture": (crafted(), "unknown architecture"),
    "cut": (crafted()[:20], "cut short"),
    "magic alone": (b"GGUF", "cut short"),
    "pickle": (b"\x80\x04\x95" + bytes(64), "pickle"),
    "empty": (b"", "neither"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_damaged_and_hostile_files_are_refused(tmp_path, name):
    content, message = HOSTILE[name]
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        fromnoise.load(path)


def test_a_file_cut_anywhere_is_refused(make_gpt, tmp_path):
    write_gguf(make_gpt(False), tmp_path / "model.gguf")
    whole = (tmp_path / "model.gguf").read_bytes()
    for size in [*range(0, 3000, 97), *range(3000, len(whole), len(whole) // 20), len(whole) - 1]:
        (tmp_path / "cut.gguf").write_bytes(whole[:size])
        with pytest.raises(CheckpointError):
            fromnoise.load(tmp_path / "cut.gguf")


def test_weights_that_are_no_numbers_are_named(make_gpt, tmp_path):
    model = make_gpt(False)
    model.net.blocks[1].mlp.down.weight.data[0, 0] = torch.nan
    write_gguf(model, tmp_path / "model.gguf")
    with pytest.raises(CheckpointError, match="NaN: blk.1.ffn_down.weight"):
        fromnoise.load(tmp_path / "model.gguf")


def test_nothing_is_written_when_writing_fails(make_gpt, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(gguf.GGUFWriter, "write_tensors_to_file", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_gguf(make_gpt(False), tmp_path / "model.gguf")
    assert list(tmp_path.iterdir()) == []
