"""What `fromnoise text` and `fromnoise chat` have in common: which model, which draft, which schema."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fromnoise.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from fromnoise.models.gpt import GPT
    from fromnoise.models.text_diffusion import TextDiffusion
    from fromnoise.requests import TextRequest

DTYPES = Literal["float32", "bfloat16", "int8", "int4"]


def load_words(name: str, device: str | None, dtype: DTYPES) -> "GPT":
    """Load a model of words by name, folder or file."""
    from fromnoise import load
    from fromnoise.models.gpt import GPT

    loaded = load(name, device=device, dtype=dtype)
    if not isinstance(loaded, GPT):
        raise RequestError(f"{name!r} makes no text; `fromnoise models list` says which models do")
    return loaded


def load_writer(name: str, device: str | None, dtype: DTYPES) -> "GPT | TextDiffusion":
    """Load a model that writes, in whatever order, by name, folder or file."""
    from fromnoise import load
    from fromnoise.models.gpt import GPT
    from fromnoise.models.text_diffusion import TextDiffusion

    loaded = load(name, device=device, dtype=dtype)
    if not isinstance(loaded, GPT | TextDiffusion):
        raise RequestError(f"{name!r} makes no text; `fromnoise models list` says which models do")
    return loaded


def work_of(
    model: "GPT | TextDiffusion", draft: "GPT | Literal['lookup'] | None"
) -> "Callable[[TextRequest], Iterator[Any]]":
    """Return what carries out requests: the model, helped by a draft if there is one."""
    from fromnoise.models.gpt import GPT

    if isinstance(model, GPT):
        return partial(model.stream, draft=draft)
    if draft is not None:
        raise RequestError("a draft guesses the next token; masked diffusion goes without, so leave it out")
    return model.stream


def load_draft(name: str | None, device: str | None, dtype: DTYPES) -> "GPT | Literal['lookup'] | None":
    """Return what guesses ahead: nothing, "lookup", or a model of words."""
    if name is None:
        return None
    return "lookup" if name == "lookup" else load_words(name, device, dtype)


def read_schema(told: str | None) -> str | None:
    """Return a JSON schema that is given as JSON or as a file of it."""
    if told is None or told.lstrip().startswith("{"):
        return told
    try:
        return Path(told).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(f"{told} is not UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise RequestError(f"no JSON schema at {told}: {error.strerror}") from None
