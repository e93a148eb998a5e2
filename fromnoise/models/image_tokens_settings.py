"""What makes an image token model what it is, besides its weights."""

from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from fromnoise.config import Settings
from fromnoise.models.image_settings import CodecSettings
from fromnoise.models.token_layout import TokenLayout
from fromnoise.nets.transformer import TransformerSettings


class TokenSamplingSettings(Settings):
    """What is used when a request leaves it open."""

    solver: str = "next-token"
    steps: int = 12
    """Passes of the solver "masked"; the solver "next-token" takes one a token."""
    guidance: float = 3.0
    guidance_start: float | None = None
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = 0.95
    style: str | None = None
    best_of: PositiveInt = 1


class ImageTokensSettings(Settings):
    """All that makes the model what it is, besides its weights."""

    kind: Literal["image-tokens"] = "image-tokens"
    description: str = ""
    styles: tuple[str, ...] = ()
    vocabulary: PositiveInt = 4096
    """Tokens of the prompt's tokenizer."""
    words_from: str | None = None
    """Model of the kind image-diffusion whose tokenizer and word vectors training starts with."""
    text: int = Field(default=16, ge=2)
    """Tokens a prompt may have; longer ones are cut, with a warning."""
    caption_dropout: NonNegativeFloat = 0.08
    """Share of the captions that is left out in training; as much again loses the style, and as much both."""
    token_dropout: float = Field(default=0.1, ge=0, le=1)
    """Share of the codes that are wrong when the model reads them in training, against learning by heart."""
    masked: float = Field(default=0.2, ge=0, lt=1)
    """Share of the pictures that are learned from masks, both ways, for filling gaps and for few passes."""
    scorer: str | None = None
    """Model that chooses the best of several pictures."""
    codec: CodecSettings = CodecSettings(kind="vq")
    net: TransformerSettings = TransformerSettings(vocabulary=1, positions="learned")
    sampling: TokenSamplingSettings = TokenSamplingSettings()


def net_tree(tree: dict[str, Any], layout: TokenLayout) -> dict[str, Any]:
    """Complete the settings of the transformer, as plain data, by what the tokens ask of it."""
    fits = {"vocabulary": layout.vocabulary, "length": layout.length, "grid": layout.side}
    return {"positions": "learned", **tree, **fits}
