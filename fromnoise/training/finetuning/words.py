"""A GPT and the texts that it is fine-tuned on."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fromnoise.data.dataset import SUMMARY, dataset_folder, find_dataset
from fromnoise.data.text_feed import TextFeed, Tokenised, packed, tokenised
from fromnoise.data.texts import Document, TextSet, pieces, read_documents, split_by_position
from fromnoise.errors import DataError
from fromnoise.evaluation.copying import copied
from fromnoise.evaluation.word_leaks import text_leaks, text_twins
from fromnoise.evaluation.word_memory import memorized
from fromnoise.interop.peft import rows_of
from fromnoise.models.gpt import GPT
from fromnoise.nets.lora import Rows
from fromnoise.training.finetuning.counted import Counted
from fromnoise.training.finetuning.settings import FineTuneSettings
from fromnoise.training.loop import Feed

HELD_OUT = 0.1
"""Share of every style that is held out where the data doesn't say what is."""
MEASURED = 4096
"""Tokens of each side that a model is measured on."""
AT_ONCE = 2048
"""Tokens that are measured together."""
SAMPLES = 8
"""Texts written freely, and as many again that begin as a training text does."""
BEGUN = 16
"""Tokens of such a beginning."""
WRITTEN = 128
"""Tokens of a text written to look into."""
QUOTED = 300  # characters


class WordTuning:
    """Texts without copies, split by document; what the model makes of them, before and after."""

    measure_name = "bits per byte"
    layers = ("net.",)

    def __init__(
        self, model: GPT, data: object, keep: object, asked: FineTuneSettings, scratch: Path
    ) -> None:
        self.model, self._asked = model, asked
        self._length = min(asked.length, model.settings.net.length)
        documents, self.counted, self.digest = _prepared(data, model.styles)
        self._texts = [one.text for one in documents if one.split == "train"]
        self._held_texts = [one.text for one in documents if one.split == "validation"]
        self._train, held = (
            self._in_tokens([one for one in documents if one.split == split])
            for split in ("train", "validation")
        )
        self.counted = replace(self.counted, tokens=sum(len(one.ids) for one in self._train))
        self._held = _some(held)
        self._keep = keep
        self._kept: list[Tokenised] = []

    @property
    def rows(self) -> Rows:
        """Return which layers are several in the layouts of others."""
        return rows_of(self.model)

    @property
    def amount(self) -> int:
        """Return how many rows there are to learn from."""
        return -(-(self.counted.tokens or 0) // self._length)

    def feed(self) -> Feed:
        """Return the batches."""
        return TextFeed(self._train, self._held, self._length, self._asked.seed)

    def remember(self) -> str:
        """Choose, with the base model in place, by what forgetting is measured; say what that is."""
        documents, told = _kept_documents(self._keep, self.model)
        if documents:
            self._kept = _some(self._in_tokens(documents))
        else:
            self._kept = [Tokenised(begun, ids) for begun, ids in self._write(self._free())]
        return told

    def measure(self) -> dict[str, float]:
        """Return bits per byte of what is learned, held out and to be kept; the model is as it is now."""
        sides = {"train": _some(self._train), "held_out": self._held, "kept": self._kept}
        return {name: self._bits_per_byte(texts) for name, texts in sides.items()}

    def copies(self) -> dict[str, Any]:
        """Let the model write, freely and from the beginnings of training texts, and look for copies."""
        chosen = np.random.default_rng(self._asked.seed).permutation(len(self._train))[:SAMPLES]
        begun = [self._train[place].prefix + self._train[place].ids[:BEGUN] for place in chosen]
        free = [self._text(ids) for _, ids in self._write(self._free())]
        prompted = [self._text(ids) for _, ids in self._write(begun, temperature=0.0)]
        longest = max(map(len, (*free, *prompted, "x")))
        held = [part for text in self._held_texts for part in pieces(text, max(longest, 40))]
        found = copied((*free, *prompted, *held), self._texts)
        made = len(free) + len(prompted)
        own, others = found.part(0, made), found.part(made, made + len(held))
        judged = memorized(own, others)
        worst = int(own.spans.argmax())
        return {
            "free": len(free),
            "from_beginnings": len(prompted),
            "flagged": len(judged.flagged),
            "limit": judged.span_limit,
            "longest_span": int(own.spans[worst]),
            "quote": own.quotes[worst].strip()[:QUOTED],
            "held_out_longest_span": int(others.spans.max()),
        }

    def _in_tokens(self, documents: Sequence[Document]) -> list[Tokenised]:
        tokens = self.model.tokenizer
        return tokenised(documents, tokens.encode, self.model.prefix, tokens.ends, {})

    def _bits_per_byte(self, texts: Sequence[Tokenised]) -> float:
        rows = packed(texts, self._length)
        size = max(1, AT_ONCE // self._length)
        parts = [rows[at : at + size] for at in range(0, len(rows), size)]
        nats = sum(float(self.model.batch_nats(part).double().sum()) for part in parts)
        return nats / float(np.log(2)) / max(1, sum(len(self._text(one.ids).encode()) for one in texts))

    def _free(self) -> list[list[int]]:
        """Return beginnings that ask for nothing but the styles that are learned."""
        ends = list(self.model.tokenizer.ends[:1])
        every = [one.prefix or ends or one.ids[:1] for one in self._train]
        return [every[place * len(every) // SAMPLES] for place in range(SAMPLES)]

    def _write(
        self, begun: Sequence[list[int]], temperature: float = 1.0
    ) -> list[tuple[list[int], list[int]]]:
        """Return each beginning with the tokens that the model goes on with, its end among them."""
        room = min(WRITTEN, self.model.settings.net.length - max(map(len, begun)))
        columns = self.model.decode(begun, room, temperature=temperature, seed=self._asked.seed)
        written = torch.stack(list(columns), 1).tolist()
        return [(first, self._to_end(ids)) for first, ids in zip(begun, written, strict=True)]

    def _to_end(self, ids: list[int]) -> list[int]:
        last = next((place for place, one in enumerate(ids) if one in self.model.tokenizer.ends), len(ids))
        return ids[: last + 1]

    def _text(self, ids: Sequence[int]) -> str:
        return self.model.tokenizer.decode(ids)


def read_texts(data: object) -> list[Document]:
    """Return the documents of a file, a folder, a built dataset or a list of texts."""
    if isinstance(data, TextSet):
        return list(data.documents)
    if isinstance(data, str | Path):
        path = Path(data).expanduser()
        if path.exists() and not (path / SUMMARY).is_file():
            return list(read_documents(path))
        return list(TextSet.open(find_dataset(str(data))).documents)
    if isinstance(data, Sequence) and all(isinstance(one, str) for one in data):
        return [
            Document(id=f"{place}:{number}", text=piece, split="train")
            for place, text in enumerate(data)
            for number, piece in enumerate(pieces(text))
        ]
    raise DataError(f"texts are a path, a TextSet or a list of strings, not {type(data).__name__}")


def _prepared(data: object, styles: Sequence[str]) -> tuple[list[Document], Counted, str]:
    """Leave copies out, split, and take out of the held-out texts what stands in the others."""
    found = [one for one in read_texts(data) if one.split != "test"]
    found.sort(key=lambda one: one.split != "train")  # of two copies the one to learn from stays
    twins = {leak.test: leak.kind for leak in text_twins([one.text for one in found])}
    kept = [one for place, one in enumerate(found) if place not in twins]
    if len(kept) < 2:
        raise DataError(f"there are {len(kept)} different texts; one is to learn from, one to judge by")
    if not any(one.split == "validation" for one in kept):
        kept = split_by_position(kept, HELD_OUT, 0.0)
    if not any(one.split == "validation" for one in kept):
        kept[-1] = replace(kept[-1], split="validation")
    train, held = ([one for one in kept if one.split == split] for split in ("train", "validation"))
    leaks = {leak.test for leak in text_leaks([one.text for one in train], [one.text for one in held])}
    held = [one for place, one in enumerate(held) if place not in leaks]
    if not held or not train:
        raise DataError("no text is left to judge by: all that would be held out stand in the others")
    documents = [replace(one, style=one.style if one.style in styles else None) for one in (*train, *held)]
    strange = sorted({one.style for one in kept if one.style and one.style not in styles})
    notes = (
        (f"the model has no style {', '.join(strange[:5])}; those texts are learned without one",)
        if strange and styles
        else ()
    )
    kinds = list(twins.values())
    counts = (kinds.count("exact"), kinds.count("near"), len(leaks), len(train), len(held))
    digest = sha256("\0".join(one.text for one in documents).encode()).hexdigest()
    return documents, Counted("texts", len(found), *counts, notes=notes), digest


def _kept_documents(keep: object, model: GPT) -> tuple[list[Document], str]:
    """Return the validation texts of what is named, or of the dataset that bears the model's name."""
    if keep is not None:
        found = read_texts(keep)
        held = [one for one in found if one.split == "validation"] or found
        return _known(held, model.styles), f"{len(held)} texts that were named for it"
    for name in dict.fromkeys([model.name, model.name.split("-")[0]]):
        if (dataset_folder(name) / SUMMARY).is_file():
            held = list(TextSet.open(dataset_folder(name)).where(split="validation").documents)
            if held:
                return _known(held, model.styles), f"{len(held)} validation texts of the dataset {name}"
    return [], "texts that the base model wrote itself, since its own validation texts aren't here"


def _known(documents: Sequence[Document], styles: Sequence[str]) -> list[Document]:
    return [replace(one, style=one.style if one.style in styles else None) for one in documents]


def _some(texts: Sequence[Tokenised]) -> list[Tokenised]:
    """Return some of the texts, always the same, of about so many tokens."""
    order = np.random.default_rng(0).permutation(len(texts))
    sizes = np.cumsum([len(texts[place].ids) for place in order])
    return [texts[place] for place in order[: 1 + int((sizes < MEASURED).sum())]]
