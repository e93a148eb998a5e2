"""The KL autoencoder: pictures to a small grid of whitened latents (Rombach et al. 2022), and back.

Legend: B batch, C latent channels, S picture side, N = S / 16 side of the latent grid.
"""

from typing import Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from fromnoise.codecs.codec import PictureBatch, to_bytes, to_signed
from fromnoise.config import Settings
from fromnoise.nets.autoencoder import Decoder, Encoder
from fromnoise.seeds import Seeds


class KLSettings(Settings):
    """Size of the autoencoder and the weights of its loss."""

    kind: Literal["kl"] = "kl"
    description: str = ""
    size: int = Field(default=128, gt=0, multiple_of=16)
    """Side of the pictures, px: a multiple of 16."""
    channels: PositiveInt = 32
    """Channels of the latent grid."""
    encoder_widths: tuple[int, int, int] = (64, 160, 288)
    """Channels at a quarter, an eighth and a sixteenth of the side."""
    encoder_depths: tuple[int, int, int] = (1, 2, 2)
    decoder_widths: tuple[int, int, int] = (96, 176, 288)
    decoder_depths: tuple[int, int, int] = (3, 3, 2)
    edge_weight: float = 0.5
    """Weight of the absolute error of the picture's horizontal and vertical differences."""
    kl_weight: float = 0.001
    """Weight of the KL divergence, in nats per latent number."""


class KL(nn.Module):
    """Encode pictures to the posterior's mean, whitened channel by channel; decode latents to pictures."""

    latent_mean: Tensor
    latent_std: Tensor
    bounds = None

    def __init__(self, settings: KLSettings) -> None:
        super().__init__()
        self.settings = settings
        self.size = settings.size
        self.shape = (settings.channels, settings.size // 16, settings.size // 16)
        self.encoder = Encoder(settings.encoder_widths, settings.encoder_depths, 2 * settings.channels)
        self.decoder = Decoder(settings.channels, settings.decoder_widths, settings.decoder_depths)
        self.register_buffer("latent_mean", torch.zeros(settings.channels))
        self.register_buffer("latent_std", torch.ones(settings.channels))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def loss(self, batch: PictureBatch, seeds: Seeds) -> Tensor:
        """Return absolute error + edges + KL for each picture, (B,)."""
        pictures = to_signed(batch.pictures.to(self.latent_mean.device)).contiguous(
            memory_format=torch.channels_last
        )
        made, mean, log_variance = self._round_trip(pictures, seeds.normal(*self.shape).to(pictures.device))
        error = (made - pictures).abs().flatten(1).mean(1)
        for dim in (-1, -2):
            edges = made.diff(dim=dim) - pictures.diff(dim=dim)
            error = error + self.settings.edge_weight * edges.abs().flatten(1).mean(1)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
        return error + self.settings.kl_weight * divergence.flatten(1).mean(1)

    def _round_trip(self, pictures: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_variance = self.encoder(pictures).float().chunk(2, dim=1)
        log_variance = log_variance.clamp(-12, 4)
        made = self.decoder(mean + noise * (0.5 * log_variance).exp()).float()
        return made, mean, log_variance

    def compile_networks(self) -> None:
        """Fuse the networks' small operations; costs half a minute at the first step."""
        self._round_trip = torch.compile(self._round_trip)  # type: ignore[method-assign]

    @torch.no_grad()
    def encode(self, pictures: Tensor) -> Tensor:
        """Turn uint8 (B, S, S, 3) into whitened latents, float32 (B, C, N, N)."""
        signed = to_signed(pictures.to(self.latent_mean.device)).contiguous(memory_format=torch.channels_last)
        mean = self.encoder(signed).float().chunk(2, dim=1)[0]
        white: Tensor = (mean - self.latent_mean[:, None, None]) / self.latent_std[:, None, None]
        return white

    @torch.no_grad()
    def decode(self, x0: Tensor) -> Tensor:
        """Turn whitened latents (B, C, N, N) into uint8 (B, S, S, 3), one by one."""
        mean, std = self.latent_mean[:, None, None], self.latent_std[:, None, None]
        latents = x0.to(mean.device) * std + mean
        made = [self.decoder(item[None].contiguous(memory_format=torch.channels_last)) for item in latents]
        return torch.cat([to_bytes(item) for item in made]).cpu()

    @torch.no_grad()
    def whiten(self, pictures: Tensor) -> None:
        """Measure the latents of uint8 pictures (B, S, S, 3): then `encode` gives mean 0 and variance 1."""
        self.latent_mean.zero_()
        self.latent_std.fill_(1)
        latents = torch.cat([self.encode(part) for part in torch.split(pictures, 64)])
        self.latent_mean.copy_(latents.mean((0, 2, 3)))
        self.latent_std.copy_(latents.std((0, 2, 3)))
