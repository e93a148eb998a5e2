"""`fromnoise chat`: a conversation in the terminal, with the user's documents if asked."""

import json
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from fromnoise.cli.outputs import check_files
from fromnoise.errors import FromNoiseError, RequestError
from fromnoise.files import write_all
from fromnoise.requests import TextDelta, TextRequest, TextResult

if TYPE_CHECKING:
    from fromnoise.guard.documents import Documents
    from fromnoise.guard.grounding import Claim
    from fromnoise.models.conversation import Conversation

HELP = "/reset forgets what was said, /save FILE keeps it, /quit or Ctrl-D ends"
_MARKS = {"supported": "+", "contradicted": "!", "not-found": "?"}


def chat(
    model: str,
    /,
    *,
    documents: Path | None = None,
    system: str | None = None,
    max_tokens: int | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    device: Annotated[str | None, Parameter(name="--device")] = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Hold a conversation. A language model predicts plausible text, not verified facts.

    Parameters
    ----------
    model
        A model's name, or the folder or GGUF file of one that was taught to converse.
    documents
        Folder of .txt, .md, .html or .pdf files to answer from; every sentence is checked against them.
    system
        What the model is told before the conversation.
    max_tokens
        Longest answer.
    temperature
        How boldly to choose: 0 takes the likeliest token.
    top_p
        Choose among the likeliest tokens that together have this probability.
    seed
        The same seed gives the same answers to the same words.
    device
        `cpu`, `cuda`, ...; the fastest there is when left out.
    as_json
        Read one message a line and print one JSON object an answer.
    """
    from fromnoise import load
    from fromnoise.guard.documents import Documents
    from fromnoise.models.conversation import Conversation
    from fromnoise.models.gpt import GPT

    library = Documents.open(documents) if documents is not None else None
    loaded = load(model, device=device)
    if not isinstance(loaded, GPT):
        raise RequestError(f"{model!r} makes no text; `fromnoise models list` says which models do")
    request = TextRequest(
        seed=secrets.randbelow(10**9) if seed is None else seed,
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
    )
    loaded.check(request)
    talk = Conversation(loaded, system)
    answer = _answer_json if as_json else _answer
    if sys.stdin.isatty() and not as_json:
        print(HELP)
    for words in _lines(talk):
        try:
            answer(talk, words, request, library)
        except FromNoiseError as error:  # one message went wrong; the conversation goes on
            print(f"error: {error}", file=sys.stderr)


def _lines(talk: "Conversation") -> Iterator[str]:
    """Yield what is said; carry out what begins with a slash."""
    while True:
        try:
            words = input("> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return
        command, _, rest = words.partition(" ")
        if command in ("/quit", "/exit"):
            return
        if command in _COMMANDS:
            try:
                _COMMANDS[command](talk, rest.strip())
            except FromNoiseError as error:
                print(f"error: {error}", file=sys.stderr)
        elif command.startswith("/"):
            print(f"unknown command {command}; {HELP}", file=sys.stderr)
        elif words:
            yield words


def _reset(talk: "Conversation", rest: str) -> None:
    talk.reset()
    print("forgotten", file=sys.stderr)


def _save(talk: "Conversation", rest: str) -> None:
    path = Path(rest or "conversation.json")
    check_files([path], force=False)
    write_all({path: (json.dumps(talk.messages, ensure_ascii=False, indent=1) + "\n").encode()})
    print(f"saved to {path}", file=sys.stderr)


_COMMANDS: dict[str, Callable[["Conversation", str], None]] = {"/reset": _reset, "/save": _save}


def _answer(talk: "Conversation", words: str, request: TextRequest, library: "Documents | None") -> None:
    """Print an answer as it comes and, with documents, what they say to every sentence."""
    answer = ""
    for news in _asked(talk, words, request, library):
        if isinstance(news, TextDelta):
            sys.stdout.write(news.text)
            sys.stdout.flush()
        else:
            answer = news.text
            for warning in news.warnings:
                print(f"note: {warning}", file=sys.stderr)
    print()
    if library is not None:
        for claim in checked(answer, library):
            print(f"  {_MARKS[claim.verdict]} {claim.verdict}: {claim.text}")
            if claim.evidence is not None and claim.verdict != "not-found":
                print(f"      {place(claim)} {claim.evidence.text}")


def _answer_json(talk: "Conversation", words: str, request: TextRequest, library: "Documents | None") -> None:
    *_, result = _asked(talk, words, request, library)
    assert isinstance(result, TextResult)
    told: dict[str, Any] = {"answer": result.text, "ending": result.endings[0], "seed": request.seed}
    if library is not None:
        told["claims"] = [
            {"text": one.text, "verdict": one.verdict, "reason": one.reason, "source": place(one)}
            for one in checked(result.text, library)
        ]
    print(json.dumps(told, ensure_ascii=False), flush=True)


def _asked(
    talk: "Conversation", words: str, request: TextRequest, library: "Documents | None"
) -> Iterator[TextDelta | TextResult]:
    from fromnoise.guard.documents import quoted

    return talk.ask(words, request, quoted(library.search(words)) if library is not None else "")


def checked(answer: str, library: "Documents") -> "list[Claim]":
    """Check an answer against all documents."""
    from fromnoise.guard.grounding import fact_check

    return fact_check(answer, library.texts)


def place(claim: "Claim") -> str:
    """Return where a claim's evidence stands: file:first-last character."""
    found = claim.evidence
    return f"{found.source}:{found.start}-{found.end}" if found is not None else ""
