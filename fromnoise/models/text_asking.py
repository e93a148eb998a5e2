"""What masked diffusion of words can be asked for."""

from typing import TYPE_CHECKING

from fromnoise.autoregressive.decode import check_lengths
from fromnoise.diffusion.unmask import UNMASKERS, check_steps
from fromnoise.errors import RequestError, unknown
from fromnoise.models.gaps import Gaps
from fromnoise.models.runs import choice_of
from fromnoise.models.text_tasks import longest_gap
from fromnoise.requests import TextRequest

if TYPE_CHECKING:
    from fromnoise.models.text_diffusion import TextDiffusion

MOST_STEPS = 10_000


def check_unmasking(model: "TextDiffusion", asked: TextRequest) -> None:
    """Raise RequestError for what the model can't do."""
    check_steps(int(asked.steps or 0), MOST_STEPS)
    if asked.solver not in UNMASKERS:
        raise RequestError(unknown("solver", asked.solver, UNMASKERS))
    choice_of(asked)
    if asked.json_schema is not None and asked.block != 1:
        raise RequestError("JSON of a schema is written token by token; ask for block 1 too")
    if not model.settings.shifted and (asked.block is not None or "___" in (asked.template or "")):
        told = "this model guesses whole texts alone: leave the block out, and give gaps a length, as __5__"
        raise RequestError(told)
    if asked.block is not None and asked.block < 1:
        raise RequestError(f"a block has at least 1 token, not {asked.block}")
    if not 0 <= asked.strength <= 1:  # NaN fails every comparison
        raise RequestError(f"strength must be from 0 (keep all) to 1 (forget all), got {asked.strength}")
    if asked.template is None and asked.rewrite is None:
        begun = [*model.prefix(asked.style), *model.tokenizer.encode(asked.prompt)]
        check_lengths([begun], int(asked.max_tokens or 1), model.settings.net.length)
    else:
        _check_given(model, asked)


def _check_given(model: "TextDiffusion", asked: TextRequest) -> None:
    """Check a text with gaps, or one to write anew."""
    if asked.template is not None and asked.rewrite is not None:
        raise RequestError("a text has its gaps filled or is written anew, not both; leave one out")
    name = "a text with gaps" if asked.template is not None else "a text to write anew"
    if asked.prompt:
        raise RequestError(f"{name} is the whole text; put the prompt into it")
    if asked.block is not None:
        raise RequestError(f"{name} is read both ways; leave the block out")
    if asked.stop:
        raise RequestError(f"{name} has its own end; leave the stop strings out")
    most = model.settings.net.length - len(model.prefix(asked.style))
    if asked.template is not None:
        gaps = Gaps.read(asked.template)
        if longest_gap(model, asked, gaps) < 1:
            wanted = sum(length or 1 for length in gaps.lengths)
            raise RequestError(
                f"the gaps ask for {wanted} tokens beside the text, but the model reads {most}; take less"
            )
    elif not 1 <= len(model.tokenizer.encode(asked.rewrite or "")) <= most:
        size = len(model.tokenizer.encode(asked.rewrite or ""))
        raise RequestError(
            f"a text to write anew has from 1 to {most} tokens, this one has {size}; take a part"
        )
