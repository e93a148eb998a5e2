"""Masked diffusion in other projects' folders; the oracle is transformers with every key visible."""

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import fromnoise
from fromnoise.cli.main import main
from fromnoise.errors import CheckpointError, RequestError
from fromnoise.interop.a2d import write_masked_folder
from fromnoise.models.text_diffusion import TextDiffusion, TextDiffusionSettings
from fromnoise.requests import TextRequest

IDS = torch.tensor([[5, 250, 17, 17, 3, 99, 201, 4] * 3])
SEEN = torch.zeros(1, 1, IDS.shape[1], IDS.shape[1])  # added to the scores: nothing is hidden


def masked(make_gpt, qk_norm: bool) -> TextDiffusion:
    gpt = make_gpt(qk_norm)
    settings = TextDiffusionSettings(styles=gpt.styles, net=gpt.settings.net)
    model = TextDiffusion(settings, gpt.tokenizer).eval()
    model.net = gpt.net
    return model


def edit(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("qk_norm", [False, True])
def test_an_exported_model_comes_back_and_writes_the_same(make_gpt, tmp_path, qk_norm):
    model = masked(make_gpt, qk_norm)
    write_masked_folder(model, tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    kind = "qwen3" if qk_norm else "llama"
    assert config["model_type"] == f"a2d-{kind}" and config["mask_token_id"] == model.process.mask
    again = fromnoise.load(tmp_path / "out", device="cpu")
    ask = TextRequest(style="fable", max_tokens=12, steps=6, seed=3)
    assert again.run(ask).texts == model.run(ask).texts
    assert again.styles == model.styles


@pytest.mark.parametrize(("layout", "kind"), [("llama", "a2d-llama"), ("qwen3", "a2d-qwen3")])
def test_logits_are_those_of_transformers_when_all_is_seen(make_folder, layout, kind):
    folder, theirs = make_folder(layout)
    edit(folder, model_type=kind, architectures=None, mask_token_id=9)
    ours = fromnoise.load(folder, device="cpu")
    with torch.inference_mode():
        expected = theirs(IDS, attention_mask=SEEN).logits
        found = ours.net.logits(ours.net(IDS, causal=False))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)
    assert not torch.allclose(theirs(IDS).logits, expected, atol=1e-2)


def as_llada(folder: Path) -> None:
    """Rename a Llama checkpoint's tensors and settings to those of LLaDA."""
    names = {
        "model.embed_tokens": "model.transformer.wte",
        "lm_head": "model.transformer.ff_out",
        "model.norm": "model.transformer.ln_f",
        "model.layers": "model.transformer.blocks",
        "self_attn.o_proj": "attn_out",
        "self_attn.": "",
        "post_attention_layernorm": "ff_norm",
        "input_layernorm": "attn_norm",
        "mlp.gate_proj": "ff_proj",
        "mlp.up_proj": "up_proj",
        "mlp.down_proj": "ff_out",
    }
    tensors = load_file(folder / "model.safetensors")
    renamed = {}
    for name, tensor in tensors.items():
        for old, new in names.items():
            name = re.sub(rf"^{re.escape(old)}|(?<=\.){re.escape(old)}", new, name)
        renamed[name] = tensor
    save_file(renamed, folder / "model.safetensors")
    told = json.loads((folder / "config.json").read_text())
    config = {
        "model_type": "llada",
        "architectures": ["LLaDAModelLM"],
        "vocab_size": told["vocab_size"],
        "d_model": told["hidden_size"],
        "n_layers": told["num_hidden_layers"],
        "n_heads": told["num_attention_heads"],
        "n_kv_heads": told["num_key_value_heads"],
        "mlp_hidden_size": told["intermediate_size"],
        "max_sequence_length": told["max_position_embeddings"],
        "rms_norm_eps": told["rms_norm_eps"],
        "mask_token_id": 9,
    }
    (folder / "config.json").write_text(json.dumps(config))


def test_a_llada_folder_is_read_strictly(make_folder):
    folder, theirs = make_folder("llama")
    with torch.inference_mode():
        expected = theirs(IDS, attention_mask=SEEN).logits
    as_llada(folder)
    ours = fromnoise.load(folder, device="cpu")
    with torch.inference_mode():
        torch.testing.assert_close(ours.net.logits(ours.net(IDS, causal=False)), expected, atol=1e-4, rtol=0)
    assert ours.process.mask == 9 and not ours.settings.shifted
    with pytest.raises(RequestError, match="leave the block out"):
        ours.check(TextRequest(block=4, max_tokens=8))
    tensors = load_file(folder / "model.safetensors")
    tensors["model.transformer.extra.weight"] = tensors.pop("model.transformer.ln_f.weight")
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="missing: model.transformer.ln_f.weight; unexpected: .*extra"):
        fromnoise.load(folder)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mask_token_id": None}, "mask_token_id"),
        ({"mask_token_id": 10**6}, "none of its 300 tokens"),
        ({"layer_norm_type": "low_precision"}, "layer_norm_type"),
        ({"n_layers": 0}, "n_layers"),
        ({"architectures": ["LlamaForCausalLM"]}, "no masked diffusion"),
        ({"model_type": "lladda"}, "llada|model_type"),
    ],
)
def test_what_is_wrong_in_a_llada_folder_is_said(make_folder, changes, told):
    folder, _ = make_folder("llama")
    as_llada(folder)
    edit(folder, **changes)
    with pytest.raises(CheckpointError, match=told):
        fromnoise.load(folder)


def test_the_command_writes_a_folder_and_refuses_other_layouts(make_gpt, tmp_path, own_home, capsys):
    from fromnoise.models.checkpoint import save

    save(masked(make_gpt, True), tmp_path / "small")
    assert main(["models", "export", str(tmp_path / "small"), str(tmp_path / "out"), "--to", "hf"]) == 0
    assert (tmp_path / "out" / "model.safetensors").is_file()
    assert main(["models", "export", str(tmp_path / "small"), str(tmp_path / "g"), "--to", "gguf"]) == 2
    assert "masked diffusion goes out with --to hf" in capsys.readouterr().err
    assert main(["models", "import", str(tmp_path / "out"), "--name", "again"]) == 0
    assert fromnoise.load("again").styles == ("fable", "sonnet")
