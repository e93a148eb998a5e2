"""Text to picture by diffusion. In pixels or in latents: the codec is the only difference.

Legend: B batch, x0 encoded clean pictures (B, *shape of the codec), xt noisy ones; t the process clock.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.codecs.codec import PictureCodec
from fromnoise.data.augment import LABEL
from fromnoise.data.feed import CaptionedBatch
from fromnoise.diffusion.denoiser import PARAMETERIZATIONS, Denoise, GaussianDenoiser, Guided, clipped
from fromnoise.diffusion.grids import optimise_grid
from fromnoise.diffusion.process import Time
from fromnoise.diffusion.sample import denoising_loss, sample
from fromnoise.diffusion.solvers import make_solver
from fromnoise.errors import ConfigError, RequestError, unknown
from fromnoise.models.asking import checked, told
from fromnoise.models.conditioning import Conditioner, dropped, slerp
from fromnoise.models.image_settings import ImageDiffusionSettings, make_process
from fromnoise.nets.dit import Condition, DiT
from fromnoise.requests import ImageRequest, ImageResult, Progress
from fromnoise.seeds import Seeds

GROUP = {"cpu": 1}
"""Items that go through the network together, by device. It never sees another number of them, since kernels
round differently for different shapes: that is what makes a picture independent of its batch."""
GROUP_ELSEWHERE = 16


class ImageDiffusion(nn.Module):
    """Make pictures from prompts; `shape`, `process` and `codec` are open to whoever wants to look inside."""

    def __init__(self, settings: ImageDiffusionSettings, codec: PictureCodec, tokens: PromptTokens) -> None:
        super().__init__()
        self.settings, self.codec = settings, codec
        self.shape = codec.shape
        if settings.net.context_width != settings.text.width:
            widths = f"{settings.net.context_width} and {settings.text.width}"
            raise ConfigError(f"net.context_width and text.width must be the same, not {widths}")
        self.process = make_process(settings.process)
        self.conditioner = Conditioner(settings.text, tokens, settings.styles)
        self.net = DiT(settings.net, codec.shape)
        if settings.parameterization not in PARAMETERIZATIONS:
            raise ConfigError(unknown("parameterization", settings.parameterization, PARAMETERIZATIONS))
        self.denoiser = GaussianDenoiser(self.net, self.process, settings.parameterization)
        self.name, self.weights_sha256 = "unsaved", ""
        self.folder: Path | None = None

    @property
    def styles(self) -> tuple[str, ...]:
        """Return the styles it knows."""
        return self.settings.styles

    @property
    def size(self) -> int:
        """Return the side of its pictures, px."""
        return self.codec.size

    @property
    def device(self) -> torch.device:
        """Return where it computes."""
        return self.conditioner.style.weight.device

    # Training

    def loss(self, batch: CaptionedBatch, seeds: Seeds) -> Tensor:
        """Return the denoising loss of each item, (B,).

        In training, captions and styles are left out now and then.
        """
        share = self.settings.caption_dropout if self.training else 0.0
        captions, styles = dropped(batch.captions, batch.styles, share, seeds)
        inputs = (*self.conditioner.inputs(captions, styles), batch.augmented)
        condition = self.conditioner(*(part.to(self.device) for part in inputs))
        return denoising_loss(self.denoiser, self.process, batch.x0.to(self.device), condition, seeds)

    def training_step(self, batch: CaptionedBatch | Tensor, seeds: Seeds | None = None) -> Tensor:
        """Return the mean loss, ready for `backward`.

        A batch is a CaptionedBatch, uint8 pictures (B, S, S, 3) or encoded ones (B, *shape); without captions
        the model learns what pictures look like in general. None draws seeds from torch's own stream.
        """
        if isinstance(batch, Tensor):
            x0 = self.codec.encode(batch) if batch.dtype == torch.uint8 else batch
            batch = CaptionedBatch(x0, [""] * len(x0), [None] * len(x0), torch.zeros(len(x0), LABEL))
        if seeds is None:  # other noise at every call, the same again after the same torch.manual_seed
            seeds = Seeds(torch.randint(0, 2**62, (len(batch.x0),)).tolist())
        return self.loss(batch, seeds).mean()

    def compile_networks(self) -> None:
        """Fuse the networks' small operations; costs half a minute at the first step."""
        self.net.compile()
        self.conditioner.text.compile()

    # The idea, step by step

    @torch.no_grad()
    def predict(self, noisy: Tensor, t: Time, prompt: str = "", style: str | None = None) -> Tensor:
        """Guess the clean data in noisy data (B, *shape) at time t, a number or (B,); without guidance."""
        return self.bound_to([prompt] * len(noisy), [style] * len(noisy))(noisy, t)

    def reverse_noise(
        self, noisy: Tensor, t: float, prompt: str = "", style: str | None = None, steps: int = 20
    ) -> Tensor:
        """Go from noisy data (B, *shape) at time t all the way down to clean data."""
        times = self.process.grid(steps) * (t / self.process.t_max)
        solver = make_solver(self.settings.sampling.solver)
        seeds = Seeds.count_from(0, len(noisy))

        def denoise(xt: Tensor, at: Time) -> Tensor:
            return self.predict(xt, at, prompt, style)

        *_, clean = sample(denoise, self.process, solver, noisy, times, seeds)
        return clean

    # Making pictures

    def generate(
        self,
        prompt: str,
        *,
        style: str | None = None,
        negative: str | None = None,
        seed: int = 0,
        count: int = 1,
        steps: int | None = None,
        solver: str | None = None,
        grid: str | None = None,
        eta: float | None = None,
        guidance: float | None = None,
        guidance_rescale: float | None = None,
        guidance_interval: tuple[float, float] | None = None,
        weaker: str | None = None,
        init: np.ndarray | None = None,
        strength: float = 0.6,
        mask: np.ndarray | None = None,
        between: str | None = None,
        between_seed: int | None = None,
    ) -> ImageResult:
        """Make pictures of `prompt`; `ImageRequest` says what each option means."""
        options = {name: value for name, value in locals().items() if name != "self"}
        return self.run(ImageRequest(**options))

    def run(self, request: ImageRequest) -> ImageResult:
        """Carry out a request by the engine, as every front door does, and return its result."""
        from fromnoise.engine import Engine

        result: ImageResult = Engine(self).run(request)
        return result

    def check(self, request: ImageRequest) -> ImageRequest:
        """Fill in the model's defaults; raise RequestError for what can't be made."""
        settings = self.settings
        return checked(request, settings.sampling, settings.styles, tuple(settings.grids), self.size)

    def stream(self, request: ImageRequest) -> Iterator[Progress | ImageResult]:
        """Carry out a request, which the engine checks: tell of every step, then give the result."""
        yield from self._stream(self.check(request))

    @torch.inference_mode()
    def _stream(self, request: ImageRequest) -> Iterator[Progress | ImageResult]:
        seeds = self._seeds(request)
        times = self._times(request)
        xt = self._turned(self.process.prior(self.shape, seeds), request).to(self.device)
        denoise = self._guided(request)
        if request.init is not None:
            x0 = self.codec.encode(torch.tensor(request.init)[None]).to(self.device).expand_as(xt)
            times = times[round((len(times) - 1) * (1 - request.strength)) :]
            sigma, alpha = self.process.sigma(times[0]), self.process.alpha(times[0])
            xt = (alpha * x0 + sigma / self.process.sigma(self.process.t_max) * xt).to(xt.dtype)
            if request.mask is not None:
                denoise = self._painted(denoise, x0, request.mask)
        guess = [xt]

        def watched(state: Tensor, t: Time) -> Tensor:
            guess[0] = denoise(state, t)
            return guess[0]

        solver = make_solver(str(request.solver), request.eta)
        walk = sample(watched, self.process, solver, xt, times, seeds)
        for step, state in enumerate(walk, 1):
            xt = state
            yield Progress(step, len(times) - 1, partial(self._pictures, guess[0], request))
        made_by = {"model": self.name, "weights_sha256": self.weights_sha256}
        settings = [one | made_by for one in told(request)]
        yield ImageResult(self._pictures(xt, request), settings, self._warnings(request))

    def _seeds(self, request: ImageRequest) -> Seeds:
        if request.between is not None:  # one noise for the whole way
            return Seeds([request.seed] * request.count)
        return Seeds.count_from(request.seed, request.count)

    def _turned(self, noise: Tensor, request: ImageRequest) -> Tensor:
        """Turn the noise (B, *shape) of items between two prompts to that of the second one's own seed."""
        if request.between_seed is None:
            return noise
        end = self.process.prior(self.shape, Seeds([request.between_seed] * request.count))
        share = torch.linspace(0, 1, request.count)[:, None]
        return slerp(noise.flatten(1), end.flatten(1), share).view_as(noise)

    def _times(self, request: ImageRequest) -> Tensor:
        steps = int(request.steps or 0)
        if request.grid == "fitted":
            return torch.tensor(self.settings.grids[str(steps)], dtype=torch.float64)
        grid: Tensor = self.process.grid(steps, request.grid)
        return grid

    def _guided(self, request: ImageRequest) -> Denoise:
        count = request.count
        strong = self.conditioner.encode([request.prompt], [request.style])
        if request.between is not None:
            end = self.conditioner.encode([request.between], [request.style])
            share = torch.linspace(0, 1, count, device=self.device)
            strong = Condition(
                slerp(strong.tokens, end.tokens, share[:, None, None]),
                slerp(strong.vector, end.vector, share[:, None]),
            )
        guided = Guided(
            self._by_group(_repeated(strong, count)),
            self._weak(request),
            float(request.guidance or 0.0),
            float(request.guidance_rescale or 0.0),
            request.guidance_interval,
            self.process.t_max,
        )
        return clipped(guided, *self.codec.bounds) if self.codec.bounds else guided

    def _weak(self, request: ImageRequest) -> Denoise:
        """Return what guidance steers away from: the negative or empty prompt, or a weaker model's guess."""
        if request.weaker is None:
            style = request.style if request.negative else None
            weak = self.conditioner.encode([request.negative or ""], [style])
            return self._by_group(_repeated(weak, request.count))
        from fromnoise.models.checkpoint import load

        other = load(request.weaker, device=str(self.device))
        alike = isinstance(other, ImageDiffusion) and other.shape == self.shape
        if not alike or other.process != self.process:
            raise RequestError(f"{request.weaker!r} can't guide this model: it works on other data or noise")
        if request.style is not None and request.style not in other.styles:
            raise RequestError(f"{request.weaker!r} knows no style {request.style!r}")
        condition = other.conditioner.encode([request.prompt], [request.style])
        weaker: Denoise = other._by_group(_repeated(condition, request.count))
        return weaker

    def bound_to(self, prompts: Sequence[str], styles: Sequence[str | None]) -> Denoise:
        """Return the guess of clean data by a prompt and a style an item, without guidance."""
        return self._by_group(self.conditioner.encode(list(prompts), list(styles)))

    def _by_group(self, condition: Condition) -> Denoise:
        """Bind the condition, and send items through the network in groups of one fixed size."""
        size = GROUP.get(self.device.type, GROUP_ELSEWHERE)

        def denoise(xt: Tensor, t: Time) -> Tensor:
            times = torch.as_tensor(t, dtype=torch.float64).expand(len(xt))
            guesses = []
            for at in range(0, len(xt), size):
                rows = torch.arange(at, at + size).clamp(max=len(xt) - 1)  # the last group is filled up
                part = Condition(condition.tokens[rows], condition.vector[rows])
                guesses.append(self.denoiser(xt[rows], times[rows], part))
            return torch.cat(guesses)[: len(xt)]

        return denoise

    def _painted(self, denoise: Denoise, x0: Tensor, mask: np.ndarray) -> Denoise:
        """Take the guess inside the mask and the known picture outside, at the codec's resolution."""
        free = torch.tensor(mask).float()[None, None].to(x0.device)
        free = nn.functional.adaptive_max_pool2d(free, self.shape[-2:])

        def painted(xt: Tensor, t: Time) -> Tensor:
            return x0 + free * (denoise(xt, t) - x0)

        return painted

    def _pictures(self, x0: Tensor, request: ImageRequest) -> list[Image.Image]:
        arrays = self.codec.decode(x0.float().cpu()).numpy()
        if request.init is not None and request.mask is not None:  # what was not asked for stays to the pixel
            arrays = np.where(request.mask[None, :, :, None], arrays, request.init[None])
        return [Image.fromarray(array) for array in arrays]

    def _warnings(self, request: ImageRequest) -> list[str]:
        tokens, texts = self.conditioner.tokens, (request.prompt, request.negative, request.between)
        long = [text for text in texts if text and tokens.count(text) > tokens.length]
        return [
            f"the prompt {text[:40]!r}... has {tokens.count(text)} tokens; "
            f"only the first {tokens.length} were read"
            for text in long
        ]

    # Time grids

    def optimise_grid(self, steps: int, samples: int = 64, seed: int = 0) -> Tensor:
        """Fit a grid of `steps` to this model with `samples` pictures of its own, over its styles."""
        seeds = Seeds.count_from(seed, samples)
        xt = self.process.prior(self.shape, seeds).to(self.device)
        styles: Sequence[str | None] = self.styles or (None,)
        condition = self.conditioner.encode(
            [""] * samples, [styles[index % len(styles)] for index in range(samples)]
        )
        with torch.inference_mode():
            return optimise_grid(self._by_group(condition), self.process, xt, steps)

    def save_grid(self, steps: int, times: Sequence[float]) -> Path:
        """Keep a fitted grid with the model, in the user's own copy of it, and return that folder."""
        from fromnoise.models.checkpoint import save_own_copy

        grids = {**self.settings.grids, str(steps): tuple(float(time) for time in times)}
        self.settings = self.settings.model_copy(update={"grids": grids})
        return save_own_copy(self)


def _repeated(condition: Condition, count: int) -> Condition:
    def rows(values: Tensor) -> Tensor:
        return values.expand(count, *values.shape[1:])

    return Condition(rows(condition.tokens), rows(condition.vector))
