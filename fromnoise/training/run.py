"""From a recipe to a trained model folder."""

from pathlib import Path

import torch

from fromnoise.errors import OutputError
from fromnoise.files import write_all
from fromnoise.home import home
from fromnoise.models.checkpoint import save, take_over
from fromnoise.models.store import find_model
from fromnoise.training.curves import draw_curves
from fromnoise.training.loop import LOG, Training
from fromnoise.training.recipe import Recipe, Trainee, build, read_recipe
from fromnoise.training.state import STATE
from fromnoise.training.watch import console, watch


def train(recipe: Path, overrides: list[str], resume: bool = False, out: Path | None = None) -> Path:
    """Train what the recipe says and return the model's folder.

    The run's own folder, `runs/NAME` unless `out` is given, keeps what is needed to go on with `resume`.
    """
    plan = read_recipe(recipe, overrides)
    folder = out or Path("runs") / plan.name
    if (folder / STATE).exists() and not resume:
        raise OutputError(
            f"{folder} holds a training already; go on with --resume, or choose another folder with -o"
        )
    torch.manual_seed(plan.training.seed)
    trainee = build(plan, str(recipe))
    model = trainee.model
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    if plan.start is not None:
        taken, of = take_over(model, find_model(plan.start))
        console.print(f"took {taken} of {of} tensors from {plan.start}; the others begin at random")
    _prepare(folder, plan, trainee)
    if plan.training.compile:
        # dropout draws as in plain code: on the CPU that is three times as fast
        torch._inductor.config.fallback_random = True
        model.compile_networks()  # type: ignore[operator]
    training = Training(model, trainee.feed(_tell), plan.training, folder)
    if resume:
        training.resume()

    def look(step: int) -> None:
        draw_curves(folder / LOG, folder / "curves.svg")
        trainee.look(training.feed, folder / f"samples-{step:06d}.png")

    watch(training, look, trainee.judge)
    training.settle()
    trainee.finish()
    save(model, folder / plan.name)
    save(model, home() / "models" / plan.name)
    console.print(f"saved to {folder / plan.name}; use it as --model {plan.name}")
    return folder / plan.name


def _prepare(folder: Path, plan: Recipe, trainee: Trainee) -> None:
    """Make the run's folder and note the resolved recipe in it."""
    resolved = plan.model_copy(update={"data": trainee.data.model_dump(mode="json")})
    write_all({folder / "recipe.json": resolved.model_dump_json(indent=1).encode()})


def _tell(done: int, of: int) -> None:
    if done % 6400 < 64 or done == of:
        console.print(f"encoded {done} of {of} pictures")
