"""What makes an image diffusion model what it is, besides its weights."""

from dataclasses import fields
from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from fromnoise.config import Settings
from fromnoise.diffusion.gaussian import Gaussian
from fromnoise.diffusion.process import PROCESSES
from fromnoise.errors import ConfigError, unknown
from fromnoise.nets.dit import DiTSettings
from fromnoise.nets.text_encoder import TextEncoderSettings


class CodecSettings(Settings):
    """Which codec: a kind with its settings, or the name of a trained one."""

    kind: str = "kl"
    name: str | None = None
    """Trained codec to load; None for codecs that have nothing to learn."""
    size: PositiveInt | None = None
    """Picture side, px, for codecs without training."""


class ProcessSettings(Settings):
    """Which noise process."""

    kind: str = "flow"
    values: dict[str, float] = Field(default_factory=dict)
    """Fields of the process that are not as usual."""


class SamplingSettings(Settings):
    """What is used when a request leaves it open."""

    steps: int = 20
    solver: str = "dpmpp-2m"
    grid: str | None = None
    """None: the process's own."""
    guidance: float = 3.0
    guidance_rescale: float = 0.0
    guidance_interval: tuple[float, float] | None = None
    style: str | None = None


class ImageDiffusionSettings(Settings):
    """All that makes the model what it is, besides its weights."""

    kind: Literal["image-diffusion"] = "image-diffusion"
    description: str = ""
    styles: tuple[str, ...] = ()
    vocabulary: PositiveInt = 4096
    """Tokens of the prompt's tokenizer."""
    caption_dropout: NonNegativeFloat = 0.08
    """Share of the captions that is left out in training; as much again loses the style, and as much both."""
    parameterization: str = "flow"
    codec: CodecSettings = CodecSettings()
    process: ProcessSettings = ProcessSettings()
    net: DiTSettings = DiTSettings()
    text: TextEncoderSettings = TextEncoderSettings()
    sampling: SamplingSettings = SamplingSettings()
    grids: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    """Time grids fitted to this model, by number of steps; used as grid "fitted"."""


def make_process(settings: ProcessSettings) -> Gaussian:
    """Build the noise process; raise ConfigError with the nearest name for a value that it doesn't have."""
    kind = PROCESSES[settings.kind]
    known = [field.name for field in fields(kind)]
    for name in settings.values:
        if name not in known:
            raise ConfigError(unknown(f"value of process {settings.kind}", name, known))
    process: Gaussian = kind(**settings.values)
    return process
