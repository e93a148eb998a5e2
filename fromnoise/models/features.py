"""The feature encoder: pictures to a few whitened numbers, made to measure how near one set is to another.

It learns three things at once: that pictures of one thing in two styles belong together (InfoNCE, van den
Oord et al. 2018), which style each has, and what has been done to it and how much. The last keeps a picture's
quality from being forgotten, as an encoder that only names things would forget it.
Legend: B pairs, D features, S picture side.
"""

from typing import Literal

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.codecs.codec import to_signed
from fromnoise.config import Settings
from fromnoise.data.pairs import PairBatch
from fromnoise.nets.features import FeatureNet
from fromnoise.seeds import Seeds

CHUNK = 64  # pictures at a time


class FeatureSettings(Settings):
    """Size of the encoder and the weights of its loss."""

    kind: Literal["features"] = "features"
    description: str = ""
    size: int = Field(default=128, gt=0, multiple_of=32)
    """Side of the pictures, px."""
    width: PositiveInt = 64
    """D: the fewer, the fewer pictures it takes to know their covariance."""
    widths: tuple[int, int, int] = (64, 128, 192)
    """Channels at an eighth, a sixteenth and a thirty-second of the side."""
    depths: tuple[int, int, int] = (2, 2, 1)
    styles: tuple[str, ...] = ()
    """Names of the styles it was taught; none means that style is left out of the loss."""
    damages: tuple[str, ...] = ()
    """Names of the damages it was taught."""
    temperature: PositiveFloat = 0.1
    style_weight: NonNegativeFloat = 0.3
    damage_weight: NonNegativeFloat = 0.5
    """Weight of naming the damage; its level, as a squared error, has four times as much."""
    spread_weight: NonNegativeFloat = 0.5
    """Weight of keeping every feature alive and no two alike (Bardes et al. 2022, eq. 1 and 4)."""
    damaged_share: float = Field(default=0.6, ge=0, le=1)
    """Share of damaged pictures in the whitening: the larger, the less damage counts."""


class FeatureEncoder(nn.Module):
    """Describe pictures by D whitened features."""

    mean: Tensor
    whitening: Tensor

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__()
        self.settings = settings
        self.size, width = settings.size, settings.width
        self.net = FeatureNet(width, settings.widths, settings.depths)
        self.project = nn.Sequential(nn.Linear(width, 128), nn.SiLU(), nn.Linear(128, 64))
        self.style_out = nn.Linear(width, max(1, len(settings.styles)))
        self.damage_out = nn.Linear(width, 1 + len(settings.damages))
        self.level_out = nn.Linear(width, 1)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("whitening", torch.eye(width))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def loss(self, batch: PairBatch, seeds: Seeds) -> Tensor:
        """Return the loss of each pair, (B,); nothing is drawn, so the seeds aren't used."""
        device, weights = self.mean.device, self.settings
        found = self._describe(batch.pictures)  # (2 B, D)
        loss = self._together(found, batch.concepts.to(device))
        styles = F.cross_entropy(
            self.style_out(found).float(), batch.styles.to(device), ignore_index=-1, reduction="none"
        )
        damages = F.cross_entropy(self.damage_out(found).float(), batch.kinds.to(device), reduction="none")
        levels = (self.level_out(found).float()[:, 0] - batch.levels.to(device)).square()
        judged: Tensor = weights.style_weight * styles + weights.damage_weight * (damages + 4 * levels)
        loss = loss + judged.view(2, -1).sum(0)
        return loss + weights.spread_weight * spread_loss(found[: len(batch)])

    def _describe(self, pictures: Tensor) -> Tensor:
        signed = to_signed(pictures.to(self.mean.device)).contiguous(memory_format=torch.channels_last)
        return self.net(signed).float()  # type: ignore[no-any-return]

    def _together(self, found: Tensor, concepts: Tensor) -> Tensor:
        """Return how badly each picture finds its partner among all pairs and back, (B,)."""
        first, second = F.normalize(self.project(found).float(), dim=1).chunk(2)
        scores = first @ second.T / self.settings.temperature  # (B, B)
        alike = concepts[:, None] == concepts
        others = alike & ~torch.eye(len(concepts), dtype=torch.bool, device=alike.device)
        scores = scores.masked_fill(others, -torch.inf)
        own = torch.arange(len(concepts), device=scores.device)
        return 0.5 * (
            F.cross_entropy(scores, own, reduction="none") + F.cross_entropy(scores.T, own, reduction="none")
        )

    def compile_networks(self) -> None:
        """Fuse the network's small operations; costs half a minute at the first step."""
        self.net.compile()

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        """Describe uint8 pictures (B, S, S, 3) by whitened features, float32 (B, D)."""
        return self.whitened(torch.cat([self.seen(part) for part in torch.split(pictures, CHUNK)]))

    @torch.no_grad()
    def seen(self, pictures: Tensor) -> Tensor:
        """Describe uint8 pictures (B, S, S, 3) by what `whitened` and `style_nats` take, float32 (B, D)."""
        return self._describe(pictures)

    def whitened(self, seen: Tensor) -> Tensor:
        """Return the features (B, D) of pictures that were seen."""
        return (seen - self.mean) @ self.whitening

    @torch.no_grad()
    def style_nats(self, seen: Tensor) -> Tensor:
        """Return -log p of each known style for pictures that were seen, (B, D): (B, styles)."""
        return -self.style_out(seen).float().log_softmax(1)  # type: ignore[no-any-return]

    @torch.no_grad()
    def whiten(self, plain: Tensor, damaged: Tensor) -> None:
        """Set mean and whitening by uint8 pictures (N, S, S, 3) and their damaged copies.

        Plain ones then have mean 0 and, on average over the features, variance 1: directions in which damage
        moves pictures have less of it.
        """
        self.mean.zero_()
        self.whitening.copy_(torch.eye(len(self.mean)))
        found, spoilt = self.features(plain).double(), self.features(damaged).double()
        share, mean = self.settings.damaged_share, found.mean(0)
        covariance = _moment(found - mean)
        values, axes = torch.linalg.eigh((1 - share) * covariance + share * _moment(spoilt - mean))
        white = axes @ torch.diag(values.clamp(min=1e-6 * float(values.max())) ** -0.5) @ axes.T
        white *= (len(mean) / (white @ covariance @ white).trace()) ** 0.5
        self.mean.copy_(mean)
        self.whitening.copy_(white)


def spread_loss(found: Tensor) -> Tensor:
    """Return how far features (B, D) are from a variance of at least 1 and no covariance."""
    centred = found - found.mean(0)
    dead = F.relu(1 - (centred.square().mean(0) + 1e-4).sqrt())
    covariance = centred.T @ centred / len(found)
    alike = covariance.square().sum() - covariance.diagonal().square().sum()
    return 5 * dead.mean() + alike / found.shape[1]


def _moment(centred: Tensor) -> Tensor:
    return centred.T @ centred / len(centred)
