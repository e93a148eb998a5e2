"""Masked diffusion in the folders of others: a2d-llama and a2d-qwen3 in and out, LLaDA in.

a2d ("autoregressive to diffusion") is the tensor names of Llama or Qwen3 under a model_type of its own, as
dLLM reads it. Both ways are strict: every tensor has its place, or there is no model.
"""

from pathlib import Path
from typing import Any

from pydantic import NonNegativeInt

from fromnoise.errors import CheckpointError
from fromnoise.interop.architectures import Architecture, architecture_of, read_architecture
from fromnoise.interop.assemble import assemble
from fromnoise.interop.foreign import Foreign, check_size, checked, read_json
from fromnoise.interop.hf import CONFIG, OWN, sha256_of_all
from fromnoise.interop.hf_write import Stored, spelt_out, write_folder
from fromnoise.interop.layout import Naming, layout_of
from fromnoise.interop.llada import LLADA, LLaDAConfig
from fromnoise.interop.shards import Shards
from fromnoise.interop.tokenizer_files import read_tokens
from fromnoise.models.gpt import GPTSettings
from fromnoise.models.text_diffusion import TextDiffusion, TextDiffusionSettings
from fromnoise.nets.transformer import TransformerSettings

CLASSES = {"a2d-llama": "A2DLlamaLMHeadModel", "a2d-qwen3": "A2DQwen3LMHeadModel"}
"""model_type -> class in dLLM."""
LLADA_KIND, LLADA_CLASS = "llada", "LLaDAModelLM"
KINDS = (*CLASSES, LLADA_KIND)


class OwnPart(Foreign):
    """What an exported model keeps under our name."""

    styles: tuple[str, ...] = ()
    shift_logits: bool = False


class MaskedPart(Foreign):
    """What config.json says of masked diffusion."""

    mask_token_id: NonNegativeInt
    fromnoise: OwnPart = OwnPart()


def is_masked(folder: Path) -> bool:
    """Tell whether a folder with config.json holds a model of masked diffusion."""
    return (folder / CONFIG).is_file() and read_json(folder / CONFIG).get("model_type") in KINDS


def write_masked_folder(model: TextDiffusion, folder: Path, stored: Stored = "float32") -> None:
    """Write a model of masked diffusion as an a2d folder, whole or not at all."""
    kind = f"a2d-{architecture_of(spelt_out(model.next_token)).kind}"
    own = {"styles": list(model.styles), "objective": "masked", "shift_logits": model.settings.shifted}
    told = {
        "model_type": kind,
        "architectures": [CLASSES[kind]],
        "mask_token_id": model.process.mask,
        OWN: own,
    }
    write_folder(model.next_token, folder, stored, told)


def read_masked_folder(folder: Path) -> TextDiffusion:
    """Open an a2d or LLaDA folder, in 32 bits, or raise CheckpointError."""
    config, where = read_json(folder / CONFIG), str(folder / CONFIG)
    naming, net = _layout(config, where)
    masked = checked(MaskedPart, config, where)
    tensors = Shards(folder)
    check_size(net, len(tensors.shapes), where)
    if masked.mask_token_id >= net.vocabulary:
        told = f"mask_token_id {masked.mask_token_id} is none of its {net.vocabulary} tokens"
        raise CheckpointError(f"{where}: {told}")
    words = read_tokens(folder, config, net.vocabulary).tokens
    gpt = assemble(
        tensors,
        GPTSettings(net=net, start=words.start, ends=words.ends),
        layout_of(net, naming),
        words,
        r".*\.rotary_emb\.inv_freq",
    )
    settings = TextDiffusionSettings(
        net=net,
        styles=masked.fromnoise.styles,
        shifted=masked.fromnoise.shift_logits,
        mask=masked.mask_token_id,
        start=words.start,
        ends=words.ends,
    )
    model = TextDiffusion(settings, words)
    model.net, model.name = gpt.net, folder.resolve().name
    model.weights_sha256 = sha256_of_all(tensors.files)
    return model.eval()


def _layout(config: dict[str, Any], where: str) -> tuple[Naming, TransformerSettings]:
    """Return what the tensors are called, and the network's settings in our words."""
    kind, classes = config.get("model_type"), config.get("architectures")
    wanted = LLADA_CLASS if kind == LLADA_KIND else CLASSES[str(kind)]
    if classes and wanted not in classes:
        raise CheckpointError(f"{where}: a {classes} is no masked diffusion; {wanted} is")
    if kind == LLADA_KIND:
        return LLADA, checked(LLaDAConfig, config, where).settings()
    plain = {**config, "model_type": str(kind).removeprefix("a2d-"), "architectures": None}
    found: tuple[Architecture, TransformerSettings] = read_architecture(plain, where)
    return found[0].naming(()), found[1]
