"""A training as one watches it: a bar on a terminal, else a line at every validation."""

import json
from collections.abc import Callable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from fromnoise.training.loop import Judge, Training

console = Console(stderr=True, soft_wrap=True)


def watch(
    training: Training,
    look: Callable[[int], None],
    judge: Judge = dict,
    resume: str = "go on with --resume",
) -> None:
    """Train and show how it goes; `resume` says how to go on after Ctrl-C."""
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=training.settings.steps, completed=training.step)
        validation = ""

        def report(news: dict[str, float]) -> None:
            nonlocal validation
            if "validation_loss" in news:
                validation = f", validation {news['validation_loss']:.4f}"
                if not console.is_terminal:
                    console.print(json.dumps({key: round(value, 5) for key, value in news.items()}))
            words = f"loss {news['loss']:.4f}{validation}, {news['items_per_second']:.0f} a second"
            bar.update(task, completed=int(news["step"]), description=words)

        try:
            training.run(report, look, judge)
        except KeyboardInterrupt:
            console.print(f"stopped after step {training.step}; {resume}")
            raise
