"""The command line: which commands there are, and how every mistake becomes one line."""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from fromnoise import __version__
from fromnoise.errors import FromNoiseError

USER_ERROR = 2
INTERRUPTED = 128 + 2
BROKEN_PIPE = 128 + 13

app = App(
    name="fromnoise",
    help="Make pictures out of noise, and train the models that do it.",
    help_epilogue="`fromnoise --traceback COMMAND ...` shows where an error comes from.",
    version=__version__,
    default_parameter=Parameter(negative=()),
    result_action="return_value",
    print_error=False,
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
)
# Paths, not functions: a command's module is imported when it is run, so --help stays fast.
app.command("fromnoise.cli.image:image", name="image", help="Make pictures from a prompt.")
app.command("fromnoise.cli.text:text", name="text", help="Write on from a prompt.")
app.command("fromnoise.cli.chat:chat", name="chat", help="Hold a conversation with a model.")
app.command("fromnoise.cli.serve:serve", name="serve", help="Answer over HTTP, and show the studio.")
app.command("fromnoise.cli.train:train", name="train", help="Train a model from a recipe.")
app.command("fromnoise.cli.finetune:finetune", name="finetune", help="Fine-tune a model on your own data.")
app.command("fromnoise.cli.data:app", name="data", help="Build datasets to train on.")
app.command("fromnoise.cli.models:app", name="models", help="List models and show what they are.")
app.command("fromnoise.cli.eval:evaluate", name="eval", help="Judge a model, or pictures or texts.")
app.command("fromnoise.cli.guard:guard", name="guard", help="Judge a text or picture; check a file's seal.")
app.command("fromnoise.cli.grid:grid", name="grid", help="Fit a time grid to a model, for few steps.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 done, 2 the user's mistake, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["--traceback"]:
        return _exit_code(app(words[1:]))
    try:
        code = _exit_code(app(words))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return BROKEN_PIPE
    except (FromNoiseError, CycloptsError) as error:
        return _fail(str(error))
    except OSError as error:  # a full disk, a read-only folder, a missing file
        return _fail(_describe(error))
    return code


def _exit_code(returned: object) -> int:
    return returned if isinstance(returned, int) else 0


def _fail(message: str) -> int:
    line = " ".join(message.split())
    visible = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line)
    print(f"error: {visible}", file=sys.stderr)
    return USER_ERROR


def _describe(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename is not None else reason


def _silence_stdout() -> None:
    """Point stdout nowhere, or the interpreter's last flush complains about the closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
