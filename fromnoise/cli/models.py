"""`fromnoise models`: list what can be asked for by name, and show one."""

import json
from dataclasses import asdict
from typing import Annotated

from cyclopts import App, Parameter

from fromnoise.models.store import CONFIG, ModelInfo, find_model, list_models, model_info, read_config, verify

app = App(name="models", help="List models and show what they are.")
# Paths, not functions: these need torch, and listing doesn't.
app.command("fromnoise.cli.checkpoints:import_", name="import", help="Keep a checkpoint among your models.")
app.command("fromnoise.cli.checkpoints:export", name="export", help="Write a model as others read it.")


@app.command(name="list")
def list_(*, as_json: Annotated[bool, Parameter(name="--json")] = False) -> None:
    """List the models that can be asked for by name.

    Parameters
    ----------
    as_json
        Print JSON instead of a table.
    """
    models = list_models()
    if as_json:
        _print_json([_plain(model) for model in models])
        return
    if not models:
        print("no models yet: `pip install fromnoise-weights` brings some, `fromnoise train` makes your own")
    width = max((len(model.name) for model in models), default=0)
    for model in models:
        size = f"{model.parameters / 1e6:.1f} M parameters, {model.bytes / 1e6:.1f} MB"
        print(f"{model.name:{width}}  {model.kind}, {size}, {model.origin}  {model.description}".rstrip())


@app.command
def show(name: str, /, *, as_json: Annotated[bool, Parameter(name="--json")] = False) -> None:
    """Check a model's files and show what it is and how it was set.

    Parameters
    ----------
    name
        A model's name, or its folder.
    as_json
        Print JSON, with the whole configuration.
    """
    folder = find_model(name)
    verify(folder)
    model = model_info(folder)
    if as_json:
        _print_json({**_plain(model), "config": read_config(folder)})
        return
    for key, value in _plain(model).items():
        print(f"{key:12} {value:,}" if isinstance(value, int) else f"{key:12} {value}")
    if (folder / "card.md").is_file():
        print(f"{'card':12} {folder / 'card.md'}")
    print(f"\n{(folder / CONFIG).read_text(encoding='utf-8').strip()}")


def _plain(model: ModelInfo) -> dict[str, object]:
    return {**asdict(model), "path": str(model.path)}


def _print_json(tree: object) -> None:
    print(json.dumps(tree, indent=2, ensure_ascii=False, default=str))
