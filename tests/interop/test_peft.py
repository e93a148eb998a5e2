"""Adapters go to PEFT and come back: the same logits, or a word about what doesn't fit."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import fromnoise
from fromnoise.errors import CheckpointError
from fromnoise.interop.hf import read_folder
from fromnoise.interop.hf_write import write_folder
from fromnoise.interop.peft import CONFIG, WEIGHTS, attach_adapter, rows_of, write_adapter
from fromnoise.models.gpt import GPT
from fromnoise.nets.lora import LoraSettings, adapted, attach, merge

MakeFolder = Callable[..., tuple[Path, object]]
IDS = torch.arange(40, 64).view(2, 12)
LAYOUTS = ("llama", "llama biased", "qwen3 tied", "gpt2")
Q = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"


def changed(model: GPT, *targets: str) -> GPT:
    torch.manual_seed(1)
    attach(model, LoraSettings(rank=3, alpha=5, targets=targets), rows_of(model))
    for layer in adapted(model).values():
        for factor in layer.b.values():
            nn.init.normal_(factor, std=0.2)
    return model


@pytest.fixture
def base(make_gpt: Callable[[bool], GPT], tmp_path: Path) -> Path:
    """A Llama folder."""
    write_folder(make_gpt(False), tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    """An adapter for it."""
    write_adapter(changed(read_folder(base)), tmp_path / "adapter", str(base))
    return tmp_path / "adapter"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("targets", [(), ("out",)], ids=["all", "one"])
def test_peft_computes_what_we_do(
    layout: str, targets: tuple[str, ...], make_folder: MakeFolder, tmp_path: Path
) -> None:
    peft = pytest.importorskip("peft")
    transformers = pytest.importorskip("transformers")
    folder, _ = make_folder(layout)
    ours = changed(read_folder(folder), *targets)
    write_adapter(ours, tmp_path / "adapter", str(folder))
    plain = transformers.AutoModelForCausalLM.from_pretrained(folder)
    theirs = peft.PeftModel.from_pretrained(plain, tmp_path / "adapter").eval()
    with torch.no_grad():
        torch.testing.assert_close(theirs(IDS).logits, ours.logits(IDS), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("options", [{}, {"use_rslora": True}, {"rank_pattern": {"v_proj": 2, "c_attn": 2}}])
def test_we_compute_what_peft_does(
    layout: str, options: dict[str, object], make_folder: MakeFolder, tmp_path: Path
) -> None:
    peft = pytest.importorskip("peft")
    folder, plain = make_folder(layout)
    targets = ["c_attn", "mlp.c_proj"] if layout == "gpt2" else ["q_proj", "v_proj", "down_proj"]
    config = peft.LoraConfig(r=4, lora_alpha=6, target_modules=targets, init_lora_weights=False, **options)
    theirs = peft.get_peft_model(plain, config).eval()
    theirs.save_pretrained(tmp_path / "adapter")
    ours = fromnoise.load(tmp_path / "adapter", device="cpu", base=folder)
    with torch.no_grad():
        torch.testing.assert_close(ours.logits(IDS), theirs(IDS).logits, rtol=1e-4, atol=1e-4)


def test_an_adapter_comes_back_as_it_was(base: Path, adapter: Path) -> None:
    ours = changed(read_folder(base))
    expected = ours.logits(IDS)
    assert Q in load_file(adapter / WEIGHTS)
    again = read_folder(base)
    attach_adapter(again, adapter)
    assert torch.equal(again.logits(IDS), expected)
    merge(again)
    loaded = fromnoise.load(adapter, device="cpu")  # the adapter says where its base is
    assert torch.equal(loaded.logits(IDS), again.logits(IDS))
    assert loaded.name == "adapter" and loaded.weights_sha256


def test_a_model_that_nobody_else_has_keeps_our_names(
    make_model: Callable[[], nn.Module], tmp_path: Path
) -> None:
    model = make_model()
    attach(model, LoraSettings(rank=2), rows_of(model), ("net.",))
    for layer in adapted(model).values():
        for factor in layer.b.values():
            nn.init.normal_(factor, std=0.2)
    write_adapter(model, tmp_path, "tiny")
    merge(model)
    again = make_model()
    attach_adapter(again, tmp_path)
    merge(again)
    assert all(map(torch.equal, model.parameters(), again.parameters()))


def rewrite_config(folder: Path, **changes: object) -> None:
    tree = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(tree | changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"use_dora": True}, "asks for use_dora; only plain LoRA"),
        ({"modules_to_save": ["lm_head"]}, "asks for modules_to_save"),
        ({"layer_replication": [[0, 1]]}, "asks for layer_replication"),
        ({"bias": "all"}, "bias: Input should be 'none', got 'all'"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights"),
        ({"peft_type": "IA3"}, "peft_type: Input should be 'LORA', got 'IA3'"),
        ({"r": 9}, "misshapen: .* is \\(3, 64\\), not \\(9, 64\\)"),
        ({"base_model_name_or_path": "someone/else"}, "adapter for 'someone/else', which can't be opened"),
        ({"base_model_name_or_path": None}, "doesn't say which model it is for; name it: base=MODEL"),
    ],
)
def test_a_strange_configuration_is_told(adapter: Path, changes: dict[str, object], told: str) -> None:
    rewrite_config(adapter, **changes)
    with pytest.raises(CheckpointError, match=told):
        fromnoise.load(adapter, device="cpu")


def test_factors_that_do_not_fit_are_named(base: Path, adapter: Path) -> None:
    tensors = load_file(adapter / WEIGHTS)

    def refused(told: str, **changes: torch.Tensor) -> None:
        kept = {key: value for key, value in tensors.items() if key != Q}
        save_file({**kept, **changes}, adapter / WEIGHTS)
        with pytest.raises(CheckpointError, match=told):
            fromnoise.load(adapter, device="cpu")

    refused(f"missing: {Q}")
    refused("misshapen: .* is \\(3, 65\\), not \\(3, 64\\)", **{Q: torch.zeros(3, 65)})
    refused(f"infinite or NaN: {Q}", **{Q: tensors[Q] * torch.nan})
    refused("unexpected: other", **{Q: tensors[Q], "other": torch.zeros(1)})
    refused("misshapen", **{Q: torch.zeros(3)})


def test_pickles_and_missing_files_are_refused(base: Path, adapter: Path) -> None:
    (adapter / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match="is missing; copy the adapter again"):
        fromnoise.load(adapter, device="cpu")
    torch.save({}, adapter / "adapter_model.bin")
    with pytest.raises(CheckpointError, match="is a pickle"):
        fromnoise.load(adapter, device="cpu")
    with pytest.raises(CheckpointError, match="base goes with a LoRA adapter"):
        fromnoise.load(base, base=base)
