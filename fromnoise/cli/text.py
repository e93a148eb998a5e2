"""`fromnoise text`: a prompt in, words out."""

import json
import secrets
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from fromnoise.cli.claims import claims_for_json, print_claims
from fromnoise.cli.forming import read_text, watched
from fromnoise.cli.words import DTYPES, load_draft, load_writer, read_schema, work_of
from fromnoise.requests import TextDelta, TextRequest, TextResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fromnoise.guard.grounding import Claim

DEFAULT_MODEL, FREE_ORDER_MODEL = "verse-gpt", "verse-diffusion"
_RANDOM_SEEDS = 10**9


def text(
    prompt: str = "",
    /,
    *,
    model: str | None = None,
    style: str | None = None,
    seed: int | None = None,
    count: Annotated[int, Parameter(name=["--count", "-n"])] = 1,
    max_tokens: int | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    repetition_penalty: float | None = None,
    stop: tuple[str, ...] = (),
    guidance: float | None = None,
    steps: int | None = None,
    solver: str | None = None,
    block: int | None = None,
    infill: str | None = None,
    rewrite: Path | None = None,
    strength: float = 0.5,
    watch: bool = False,
    json_schema: str | None = None,
    draft: str | None = None,
    verify: Path | None = None,
    dtype: DTYPES = "float32",
    device: Annotated[str | None, Parameter(name="--device")] = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Write on from a prompt, fill gaps, or write a text anew.

    A language model predicts plausible text, not verified facts.

    Parameters
    ----------
    prompt
        How the text begins; without one, the model begins it.
    model
        A model's name, its folder, or a GGUF file; verse-gpt, or verse-diffusion for gaps and rewriting.
    style
        One of the model's styles, such as sonnet.
    seed
        The same seed gives the same text; text i of several uses seed + i. Random when left out, and told.
    count
        How many texts.
    max_tokens
        Stop after this many tokens.
    temperature
        How boldly to choose: 0 takes the likeliest token.
    top_k
        Choose among the k likeliest tokens.
    top_p
        Choose among the likeliest tokens that together have this probability.
    min_p
        Choose among tokens with this share of the likeliest one's probability.
    repetition_penalty
        Above 1: tokens that are there already become less likely.
    stop
        Stop before this text. May be given many times.
    guidance
        How strongly to keep to the style: 1 as learned, 2 or 3 more so.
    steps
        Passes from masks to a text; this and the next six are for masked diffusion, such as verse-diffusion.
    solver
        The order of unmasking: ancestral, remdm, confidence, entropy or parallel.
    block
        So many tokens at a time, from left to right; 1 writes token after token.
    infill
        A text with gaps to fill: `___` of any length, `__5__` of 5 tokens.
    rewrite
        A text file to write anew.
    strength
        Share of it that is forgotten: 0 keeps all, 1 nothing.
    watch
        Show the text as it forms.
    json_schema
        JSON of this schema comes out: the schema itself, or a file of it.
    draft
        Guess ahead, for speed: `lookup` from the text itself, or the name or path of a smaller model.
    verify
        Folder of .txt, .md, .html or .pdf files; every sentence is checked against them.
    dtype
        How the weights are kept: fewer bits are faster. int8 and int4 are for the CPU.
    device
        `cpu`, `cuda`, ...; the fastest there is when left out.
    as_json
        Print one JSON object when it is done.
    """
    request = TextRequest(
        prompt=prompt,
        style=style,
        seed=secrets.randbelow(_RANDOM_SEEDS) if seed is None else seed,
        count=count,
        max_tokens=max_tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        repetition_penalty=repetition_penalty,
        stop=stop,
        guidance=guidance,
        json_schema=read_schema(json_schema),
        steps=steps,
        solver=solver,
        block=block,
        template=infill,
        rewrite=read_text(rewrite),
        strength=strength,
    )
    usual = DEFAULT_MODEL if infill is None and rewrite is None else FREE_ORDER_MODEL
    from fromnoise.engine import Engine

    checker = None
    if verify is not None:
        from fromnoise.guard.documents import Documents
        from fromnoise.guard.grounding import Sources

        checker = Sources(Documents.open(verify).texts).check
    loaded, drafter = load_writer(model or usual, device, dtype), load_draft(draft, device, dtype)
    news = Engine(loaded, work_of(loaded, drafter)).stream(request)
    news = watched(news) if watch else news
    if as_json:
        *_, result = news
        assert isinstance(result, TextResult)
        claims = [claims_for_json(checker(prompt + made)) for made in result.texts] if checker else None
        told = asdict(result) | ({} if claims is None else {"claims": claims})
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _tell(news, request, checker, told_seed=seed is None)


def _tell(
    news: "Iterator[TextDelta | TextResult]",
    request: TextRequest,
    checker: "Callable[[str], list[Claim]] | None",
    told_seed: bool,
) -> None:
    """Print one text as it comes, several when they are done, and what the documents say to each."""
    alone, begun = request.count == 1, False
    for piece in news:
        if alone and not begun:  # only now is it sure that the request can be carried out
            _write(request.prompt)
            begun = True
        if isinstance(piece, TextResult):
            if alone:
                print()
            for place, written in enumerate(piece.texts):
                if not alone:
                    print(("\n---\n\n" if place else "") + request.prompt + written)
                if checker is not None:
                    print_claims(checker(request.prompt + written))
            for warning in piece.warnings:
                print(f"note: {warning}", file=sys.stderr)
        elif alone and isinstance(piece, TextDelta):
            _write(piece.text)
    if told_seed:
        print(f"seed {request.seed}", file=sys.stderr)


def _write(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()
