"""How long does one wait, here and in diffusers, for a picture by a model of the same size?

Theirs is the class-conditional DiT pipeline with random weights: a transformer as wide and as deep as ours,
on the same latents, and an autoencoder with about as many weights. It reads no words, which spares it a text
encoder. Every figure comes from a fresh process. Needs `pip install diffusers`.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.report import Cell, run, save_result, table
from fromnoise.diffusion.gaussian import Flow
from fromnoise.diffusion.multistep import DPMpp2M
from fromnoise.diffusion.sample import sample
from fromnoise.errors import DataError
from fromnoise.models.checkpoint import load
from fromnoise.models.image_diffusion import ImageDiffusion
from fromnoise.seeds import Seeds


@dataclass(frozen=True)
class Program:
    """The shortest program that makes a picture, in parts; `model`, `steps`, `seed` and `out` are given."""

    imports: str
    load: str
    draw: str
    network: str
    decoder: str


OURS = Program(
    imports="import fromnoise",
    load="drawer = fromnoise.load(model)",
    draw="drawer.generate('a red apple', seed=seed, steps=steps, solver='dpmpp-2m', guidance=3.0)"
    ".images[0].save(out)",
    network="drawer.net",
    decoder="drawer.codec.decoder",
)
THEIRS = Program(
    imports="import torch; from diffusers import DiTPipeline",
    load="drawer = DiTPipeline.from_pretrained(model); drawer.set_progress_bar_config(disable=True)",
    draw="drawer([7], guidance_scale=3.0, num_inference_steps=steps,"
    " generator=torch.Generator().manual_seed(seed)).images[0].save(out)",
    network="drawer.transformer",
    decoder="drawer.vae.decoder",
)
TIMED = """
import json, sys, time
model, out, steps, further = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
clock, seed, spent = time.perf_counter, 0, {{"network": 0.0, "decoder": 0.0}}
start = clock()
{imports}
imported = clock()
{load}
loaded = clock()
{draw}
drawn = clock()
def watch(part, name):
    def begin(*_): spent[name] -= clock()
    def end(*_): spent[name] += clock()
    part.register_forward_pre_hook(begin), part.register_forward_hook(end)
watch({network}, "network"), watch({decoder}, "decoder")
for seed in range(1, 1 + further):
    {draw}
each = (clock() - drawn) / further
network, decoder = (spent[name] / further for name in ("network", "decoder"))
# not getrusage: that remembers the process that started this one
memory = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
def millions(part): return sum(weight.numel() for weight in part.parameters()) / 1e6
print(json.dumps({{
    "import, s": imported - start, "load, s": loaded - imported, "first picture, s": drawn - loaded,
    "all three: one picture, cold, s": drawn - start, "each further picture, s": each,
    "of it the network, s": network, "the decoder, s": decoder,
    "all else, s": each - network - decoder,
    "peak memory, GB": int(memory.split()[1]) / 2**20,
    "network, M weights": millions({network}), "decoder, M weights": millions({decoder}),
}}))
"""


def main(
    model: str = "emoji-diffusion",
    *,
    steps: int = 20,
    repeats: int = 3,
    further: int = 4,
    name: str = "peer-speed",
) -> None:
    """Print what a picture costs here and there, and the ratio of the two: medians over fresh processes.

    Parameters
    ----------
    model
        A shipped model's name or a model folder; the other model is built to its measures.
    further
        Pictures made beyond the first to find what each of them takes.
    """
    with tempfile.TemporaryDirectory() as folder:
        twin, out = Path(folder) / "twin", Path(folder) / "picture.png"
        build_twin(load(model, device="cpu"), twin)
        ours = _medians(OURS, [model, str(out), str(steps), str(further)], repeats)
        theirs = _medians(THEIRS, [str(twin), str(out), str(steps), str(further)], repeats)
    ours["a solver step alone, us"], theirs["a solver step alone, us"] = step_costs()
    rows: list[list[Cell]] = [[what, ours[what], theirs[what], theirs[what] / ours[what]] for what in ours]
    print(table(("what", "fromnoise", "diffusers", "theirs / ours"), rows))
    saved = {
        "model": model,
        "steps": steps,
        "threads": torch.get_num_threads(),
        "ours": ours,
        "theirs": theirs,
    }
    print(f"\nsaved {save_result(name, saved)}")


def build_twin(model: ImageDiffusion, folder: Path) -> None:
    """Save a DiT pipeline of diffusers with random weights and the measures of `model`."""
    try:
        from diffusers import AutoencoderKL, DiTPipeline, DiTTransformer2DModel, DPMSolverMultistepScheduler
    except ImportError as error:
        raise DataError(f"this compares with diffusers: pip install diffusers ({error})") from error
    channels, side, _ = model.shape
    net = model.settings.net
    transformer = DiTTransformer2DModel(
        num_attention_heads=net.heads,
        attention_head_dim=net.width // net.heads,
        in_channels=channels,
        out_channels=channels,
        num_layers=net.depth,
        sample_size=side,
        patch_size=net.patch,
    )
    halvings = (model.size // side).bit_length()
    codec = AutoencoderKL(
        latent_channels=channels,
        block_out_channels=(32, 64, 128, 192, 192)[-halvings:],
        down_block_types=("DownEncoderBlock2D",) * halvings,
        up_block_types=("UpDecoderBlock2D",) * halvings,
        sample_size=model.size,
    )
    DiTPipeline(transformer, codec, DPMSolverMultistepScheduler()).save_pretrained(folder)


def _medians(program: Program, arguments: Sequence[str], repeats: int) -> dict[str, float]:
    found = [_run(program, arguments) for _ in range(repeats)]
    return {what: statistics.median(one[what] for one in found) for what in found[0]}


def _run(program: Program, arguments: Sequence[str]) -> dict[str, float]:
    """Run a program to its end in a fresh Python; return what it measured."""
    command = [sys.executable, "-c", TIMED.format(**vars(program)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise DataError(f"{program.imports!r} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def step_costs(steps: int = 50) -> tuple[float, float]:
    """Return the microseconds of one step of dpmpp-2m, ours and theirs, with a network that costs nothing."""
    from diffusers import DPMSolverMultistepScheduler

    x0 = torch.zeros(1, 32, 8, 8)
    xt, times = Flow().prior((32, 8, 8), Seeds([0])), Flow().grid(steps)
    scheduler: Any = DPMSolverMultistepScheduler(prediction_type="sample", use_flow_sigmas=True)
    scheduler.set_timesteps(steps)

    def theirs() -> None:
        state = xt
        for told in scheduler.timesteps:
            state = scheduler.step(x0, told, state).prev_sample

    def ours() -> None:
        for _ in sample(lambda state, t: x0, Flow(), DPMpp2M(), xt, times, Seeds([0])):
            pass

    def cost(walk: Callable[[], None]) -> float:
        walk()  # once to warm up
        scheduler.set_timesteps(steps)
        start = time.perf_counter()
        walk()
        return (time.perf_counter() - start) / steps * 1e6

    return cost(ours), cost(theirs)


if __name__ == "__main__":
    run(main)
