"""`fromnoise chat`: a conversation in the terminal, with the user's documents if asked."""

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from fromnoise.cli.claims import claims_for_json, one_line, print_claims, span
from fromnoise.cli.words import DTYPES, load_draft, load_words, read_schema
from fromnoise.errors import FromNoiseError, OutputError, RequestError
from fromnoise.files import write_all
from fromnoise.requests import TextDelta, TextRequest, TextResult

if TYPE_CHECKING:
    from fromnoise.guard.documents import Documents, Excerpt
    from fromnoise.guard.grounding import Claim, Sources
    from fromnoise.models.conversation import Conversation
    from fromnoise.models.gpt import GPT

HELP = "/reset forgets what was said, /save FILE keeps it, /quit or Ctrl-D ends"
SILENT = "The documents don't speak of this."


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
    json_schema: str | None = None,
    draft: str | None = None,
    dtype: DTYPES = "float32",
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
        How boldly to choose: 0 takes the likeliest token. 0.2 when left out, 0 with documents.
    top_p
        Choose among the likeliest tokens that together have this probability.
    seed
        The same seed gives the same answers to the same words.
    json_schema
        Answers are JSON of this schema: the schema itself, or a file of it.
    draft
        Guess ahead, for speed: `lookup` from the text itself, or the name or path of a smaller model.
    dtype
        How the weights are kept: fewer bits are faster. int8 and int4 are for the CPU.
    device
        `cpu`, `cuda`, ...; the fastest there is when left out.
    as_json
        Read one message a line and print one JSON object an answer.
    """
    request = TextRequest(
        seed=secrets.randbelow(10**9) if seed is None else seed,
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
        json_schema=read_schema(json_schema),
    )
    from fromnoise.models.conversation import Conversation

    library = _open_library(documents)
    loaded, drafter = load_words(model, device, dtype), load_draft(draft, device, dtype)
    loaded.check(request)
    talk = Talk(Conversation(loaded, system), request, drafter, library)
    if sys.stdin.isatty() and not as_json:
        print(HELP)
    for words in _lines(talk.conversation):
        try:
            talk.answer_json(words) if as_json else talk.answer(words)
        except FromNoiseError as error:  # one message went wrong; the conversation goes on
            print(f"error: {error}", file=sys.stderr)


@dataclass(frozen=True)
class Library:
    """The user's documents, to find passages in and to check sentences against."""

    documents: "Documents"
    sources: "Sources"


def _open_library(path: Path | None) -> Library | None:
    if path is None:
        return None
    from fromnoise.guard.documents import Documents
    from fromnoise.guard.grounding import Sources

    documents = Documents.open(path)
    return Library(documents, Sources(documents.texts))


@dataclass(frozen=True)
class Talk:
    """A conversation, how its answers are chosen, and what they are checked against."""

    conversation: "Conversation"
    request: TextRequest
    drafter: "GPT | Literal['lookup'] | None"
    library: Library | None

    def answer(self, words: str) -> None:
        """Print an answer as it comes and, with documents, what they say to every sentence."""
        found = self._found(words)
        if found == []:
            print(SILENT)
            return
        for news in self._asked(words, found):
            if isinstance(news, TextDelta):
                sys.stdout.write(news.text)
                sys.stdout.flush()
                continue
            print()
            for note in _notes(news):
                print(f"note: {note}", file=sys.stderr)
            if self.library is not None and found is not None:
                claims = self._claims(news)
                print_claims(claims)
                quote = self.library.documents.quote(words, found)
                if quote is not None and not all(claim.verdict == "supported" for claim in claims):
                    print(f"  the documents say, {span(quote)}: {one_line(quote.text)}")
        sys.stdout.flush()

    def answer_json(self, words: str) -> None:
        """Print an answer as one JSON object."""
        found = self._found(words)
        told: dict[str, Any] = {"answer": SILENT, "ending": "stop", "seed": self.request.seed, "notes": []}
        claims: list[Claim] = []
        if found != []:
            *_, result = self._asked(words, found)
            assert isinstance(result, TextResult)
            told |= {"answer": result.text, "ending": result.endings[0], "notes": _notes(result)}
            claims = self._claims(result)
        if self.library is not None and found is not None:
            quote = self.library.documents.quote(words, found)
            told["claims"] = claims_for_json(claims)
            told["passages"] = [{"source": span(one), "text": one.text} for one in found]
            told["quote"] = None if quote is None else {"source": span(quote), "text": quote.text}
        print(json.dumps(told, ensure_ascii=False), flush=True)

    def _found(self, words: str) -> "list[Excerpt] | None":
        """Return the passages that speak of a question, or of it and the one before; None without any."""
        if self.library is None:
            return None
        from fromnoise.guard.sentences import points_back

        documents, said = self.library.documents, self.conversation.messages
        if said and points_back(words):
            words = f"{said[-2]['content']} {words}"
        return documents.search(words)

    def _asked(self, words: str, found: "list[Excerpt] | None") -> Iterator[TextDelta | TextResult]:
        from fromnoise.engine import Engine
        from fromnoise.guard.documents import quoted

        def answer(request: TextRequest) -> Iterator[TextDelta | TextResult]:
            return self.conversation.ask(words, request, quoted(found or []), self.drafter)

        also = (words, self.conversation.system or "")
        return Engine(self.conversation.model, answer).stream(self.request, also)

    def _claims(self, result: TextResult) -> "list[Claim]":
        """Check an answer against all documents: each sentence once, and none that was cut off."""
        if self.library is None:
            return []
        claims = self.library.sources.check(result.text)
        if result.endings[0] == "length" and len(claims) > 1:
            claims = claims[:-1]
        return list({claim.text: claim for claim in claims}.values())


def _notes(result: TextResult) -> list[str]:
    cut = f"the answer was cut off after {len(result.tokens[0])} tokens; --max-tokens gives it more"
    return [*result.warnings, *([cut] if result.endings[0] == "length" and not result.warnings else [])]


def _lines(conversation: "Conversation") -> Iterator[str]:
    """Yield what is said; carry out what begins with a slash."""
    for words in _typed():
        command, _, rest = words.partition(" ")
        if command in ("/quit", "/exit"):
            return
        if command in _COMMANDS:
            try:
                _COMMANDS[command](conversation, rest.strip())
            except FromNoiseError as error:
                print(f"error: {error}", file=sys.stderr)
        elif command.startswith("/"):
            print(f"unknown command {command}; {HELP}", file=sys.stderr)
        elif words:
            yield words


def _typed() -> Iterator[str]:
    """Yield lines as they are typed or piped in."""
    while True:
        try:
            words = input("> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return
        except UnicodeDecodeError as error:
            raise RequestError(f"what is piped in must be UTF-8; byte {error.start} is not") from None
        yield words


def _reset(conversation: "Conversation", rest: str) -> None:
    conversation.reset()
    print("forgotten", file=sys.stderr)


def _save(conversation: "Conversation", rest: str) -> None:
    path = Path(rest or "conversation.json")
    if os.path.lexists(path):
        raise OutputError(f"{path} is there already; name another file")
    if path.parent.is_dir() is False:
        raise OutputError(f"there is no folder {path.parent}")
    write_all({path: (json.dumps(conversation.messages, ensure_ascii=False, indent=1) + "\n").encode()})
    print(f"saved to {path}", file=sys.stderr)


_COMMANDS: dict[str, Callable[["Conversation", str], None]] = {"/reset": _reset, "/save": _save}
