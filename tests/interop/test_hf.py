import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import fromnoise
from fromnoise.codecs.text_tokens import TextTokens
from fromnoise.errors import CheckpointError, OutputError, RequestError
from fromnoise.interop.hf_write import write_folder
from fromnoise.interop.layout import Part
from fromnoise.models.checkpoint import save
from fromnoise.models.gpt import GPT

IDS = torch.tensor([[5, 250, 17, 17, 3, 99, 201, 4] * 6, [1, 2, 3, 4, 5, 6, 7, 8] * 6])


def test_logits_are_those_of_transformers_and_survive_the_way_back(make_folder, layout, tmp_path):
    folder, theirs = make_folder(layout)
    ours = fromnoise.load(folder, device="cpu")
    with torch.inference_mode():
        expected = theirs(IDS).logits
    assert expected.std() > 0.5
    torch.testing.assert_close(ours.logits(IDS), expected, atol=1e-4, rtol=0)
    write_folder(ours, tmp_path / "again")
    again = type(theirs).from_pretrained(tmp_path / "again")
    with torch.inference_mode():
        assert torch.equal(again(IDS).logits, expected)
    assert fromnoise.load(tmp_path / "again", device="cpu").settings == ours.settings


@pytest.mark.parametrize("layout", ["llama", "gpt2"], indirect=True)
def test_greedy_text_is_that_of_transformers(make_folder, layout):
    folder, theirs = make_folder(layout, eos_token_id=None)
    ours = fromnoise.load(folder, device="cpu")
    columns = list(ours.decode(IDS[:, :9], max_tokens=64, temperature=0))
    expected = theirs.generate(IDS[:, :9], max_new_tokens=64, do_sample=False)
    assert torch.equal(torch.stack(columns, 1), expected[:, 9:])


def test_shards_are_one_model(make_folder, tmp_path):
    folder, theirs = make_folder("llama", shard="60KB")
    assert len(list(folder.glob("*.safetensors"))) > 2
    with torch.inference_mode():
        torch.testing.assert_close(
            fromnoise.load(folder, device="cpu").logits(IDS), theirs(IDS).logits, atol=1e-4, rtol=0
        )
    index = folder / "model.safetensors.index.json"
    tree = json.loads(index.read_text())
    gone = folder / sorted(set(tree["weight_map"].values()))[0]
    gone.unlink()
    with pytest.raises(CheckpointError, match=f"lacks {gone.name}"):
        fromnoise.load(folder)
    tree["weight_map"] = dict.fromkeys(tree["weight_map"], "../../elsewhere.safetensors")
    index.write_text(json.dumps(tree))
    with pytest.raises(CheckpointError, match="same folder"):
        fromnoise.load(folder)


def test_older_names_and_keys_are_read(make_folder):
    folder, theirs = make_folder("gpt2")
    tensors = load_file(folder / "model.safetensors")
    bare = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    bare |= {f"h.{layer}.attn.bias": torch.ones(1, 1, 128, 128) for layer in range(2)}
    save_file(bare, folder / "model.safetensors")
    with torch.inference_mode():
        torch.testing.assert_close(
            fromnoise.load(folder, device="cpu").logits(IDS), theirs(IDS).logits, atol=1e-4, rtol=0
        )


def test_rope_theta_is_read_from_either_key(make_folder):
    folder, _ = make_folder("llama")
    edit(folder, rope_parameters=None, rope_theta=777.0)
    assert fromnoise.load(folder).settings.net.rope_theta == 777.0
    edit(folder, rope_parameters={"rope_theta": 888.0, "rope_type": "default"}, rope_theta=None)
    assert fromnoise.load(folder).settings.net.rope_theta == 888.0


def edit(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_every_wrong_tensor_is_named(make_folder):
    folder, _ = make_folder("llama")
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.norm.weight"]
    tensors["model.layers.7.extra"] = torch.ones(3)
    tensors["lm_head.weight"] = torch.ones(300, 63)
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError) as told:
        fromnoise.load(folder)
    for words in (
        "missing: model.norm.weight",
        "unexpected: model.layers.7.extra",
        "(300, 63), not (300, 64)",
    ):
        assert words in str(told.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "mamba"}, "unknown model_type 'mamba'"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "no language model"),
        ({"hidden_act": "gelu"}, "hidden_act"),
        ({"mlp_bias": True}, "mlp_bias"),
        ({"hidden_size": "large"}, "hidden_size"),
        ({"hidden_size": None}, "hidden_size"),
        ({"num_hidden_layers": 10**9}, "1000000000 layers"),
        ({"max_position_embeddings": 10**15}, "no model reads"),
        ({"num_attention_heads": 3, "head_dim": None}, "multiple of"),
        ({"head_dim": 15}, "even"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 4.0}}, "'yarn' is not supported"),
        ({"rope_parameters": {"rope_type": "llama3", "factor": 4.0}}, "low_freq_factor"),
        ({"rope_parameters": {"rope_theta": -1}}, "rope_theta"),
        ({"tie_word_embeddings": True}, "lm_head.weight"),
        ({"rms_norm_eps": float("nan")}, "rms_norm_eps"),
    ],
)
def test_a_config_that_cannot_be_meant_is_refused(make_folder, changes, message):
    folder, _ = make_folder("llama")
    edit(folder, **changes)
    with pytest.raises(CheckpointError, match=message):
        fromnoise.load(folder)


class Trap:
    """Leave a mark when it is unpickled."""

    def __reduce__(self):
        return (os.mkdir, ("sprung",))


def pickled(tmp_path: Path) -> bytes:
    torch.save({"trap": Trap()}, tmp_path / "trap")
    return (tmp_path / "trap").read_bytes()


def damages(whole: bytes, tmp_path: Path) -> dict[str, tuple[bytes, str]]:
    """What may lie where weights should, and a word of the answer."""
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])
    overlapping = json.loads(json.dumps(header))
    overlapping["model.norm.weight"]["data_offsets"] = overlapping["lm_head.weight"]["data_offsets"]
    outside = json.loads(json.dumps(header))
    outside["model.norm.weight"]["data_offsets"] = [10**12, 10**12 + 256]
    return {
        "empty": (b"", "cut short"),
        "cut": (whole[: len(whole) // 2], "safetensors"),
        "cut in the header": (whole[: length // 2], "cut short"),
        "wrong magic": (b"HELLO" * 100, "neither"),
        "absurd header": ((2**62).to_bytes(8, "little") + whole[8:], "cut short"),
        "overlapping": (_framed(overlapping, whole[8 + length :]), "safetensors"),
        "out of range": (_framed(outside, whole[8 + length :]), "safetensors"),
        "no JSON": (_framed("{", b""), "safetensors"),
        "zip pickle": (pickled(tmp_path), "pickle"),
        "plain pickle": (b"\x80\x04\x95" + bytes(100), "pickle"),
        "pointer": (b"version https://git-lfs.github.com/spec/v1\n", "LFS"),
    }


def _framed(header: object, data: bytes) -> bytes:
    text = json.dumps(header).encode() if not isinstance(header, str) else header.encode() * 10
    return len(text).to_bytes(8, "little") + text + data


def test_damaged_and_hostile_weights_are_refused_unopened(make_folder, tmp_path, monkeypatch):
    folder, _ = make_folder("llama")
    monkeypatch.chdir(tmp_path)
    path = folder / "model.safetensors"
    for name, (content, message) in damages(path.read_bytes(), tmp_path).items():
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=message):
            fromnoise.load(folder)
        assert not Path("sprung").exists(), name
    path.rename(folder / "pytorch_model.bin")
    (folder / "pytorch_model.bin").write_bytes(pickled(tmp_path))
    with pytest.raises(CheckpointError, match="pickle"):
        fromnoise.load(folder)
    assert not Path("sprung").exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_named(make_folder, value):
    folder, _ = make_folder("llama")
    tensors = load_file(folder / "model.safetensors")
    tensors["model.layers.1.mlp.up_proj.weight"][3, 4] = value
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="NaN: model.layers.1.mlp.up_proj.weight"):
        fromnoise.load(folder)


def test_without_a_tokenizer_ids_go_in_and_out(make_folder):
    folder, _ = make_folder("llama")
    model = fromnoise.load(folder, device="cpu")
    assert len(list(model.decode(IDS, max_tokens=3, temperature=0))) == 3
    with pytest.raises(RequestError, match="tokenizer.json"):
        next(model.generate("hello"))
    with pytest.raises(OutputError, match="tokenizer.json"):
        save(model, folder / "saved")


def test_ends_start_and_template_come_from_the_small_files(make_folder):
    folder, _ = make_folder("llama", eos_token_id=3)
    TextTokens.train(["a text"] * 3, 300, ()).save(folder / "tokenizer.json")
    (folder / "generation_config.json").write_text('{"eos_token_id": [2, 7], "bos_token_id": 1}')
    (folder / "tokenizer_config.json").write_text('{"chat_template": "{{ x }}", "add_bos_token": true}')
    model = fromnoise.load(folder, device="cpu")
    assert (model.tokenizer.start, model.tokenizer.ends) == (1, (2, 7))
    assert model.chat_template == "{{ x }}"
    (folder / "chat_template.jinja").write_text("newer")
    assert fromnoise.load(folder).chat_template == "newer"
    save(model, folder / "kept")
    kept = fromnoise.load(folder / "kept", device="cpu")
    assert (kept.tokenizer.start, kept.tokenizer.ends, kept.chat_template) == (1, (2, 7), "{{ x }}")
    assert torch.equal(kept.logits(IDS), model.logits(IDS))


@pytest.mark.parametrize("qk_norm", [False, True])
def test_a_model_trained_here_opens_in_transformers(make_gpt, tmp_path, qk_norm):
    transformers = pytest.importorskip("transformers")
    ours: GPT = make_gpt(qk_norm)
    write_folder(ours, tmp_path / "theirs")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "theirs")
    assert type(theirs).__name__ == ("Qwen3ForCausalLM" if qk_norm else "LlamaForCausalLM")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "theirs")
    ids = [*ours.prefix(None), *ours.tokenizer.encode("The cat — 日本")]
    assert tokenizer("The cat — 日本").input_ids == ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == "The cat — 日本"
    with torch.inference_mode():
        expected = theirs(torch.tensor([ids])).logits
    torch.testing.assert_close(ours.logits(torch.tensor([ids])), expected, atol=1e-4, rtol=0)
    again = fromnoise.load(tmp_path / "theirs", device="cpu")
    assert again.styles == ours.styles and again.prefix("fable") == ours.prefix("fable")
    assert min(again.tokenizer.ends) >= 0 and again.tokenizer.ends == ours.tokenizer.ends
    with pytest.raises(OutputError, match="not empty"):
        write_folder(ours, tmp_path / "theirs")


@pytest.mark.parametrize("part", [Part("a", (8, 3), pairs=2), Part("a", (3, 8), transposed=True)])
def test_rows_come_back_from_every_storage(part):
    rows = torch.arange(24.0).view(8, 3)
    assert torch.equal(part.to_ours(part.to_theirs(rows)), rows)
