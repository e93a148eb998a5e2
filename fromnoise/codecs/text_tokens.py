"""Texts to token ids and back: byte-pair encoding over bytes, so that any text can be said."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from fromnoise.errors import CheckpointError, RequestError, unknown

PAD, START, END, MASK, ANY_STYLE = "<pad>", "<start>", "<end>", "<mask>", "<style:any>"
RESERVED = 32
"""The first ids are control tokens: the five above, then one a style."""


def style_token(style: str | None) -> str:
    """Return the control token of a style; None stands for any."""
    return ANY_STYLE if style is None else f"<style:{style}>"


class TextTokens:
    """Turn texts into token ids and back, to the byte."""

    def __init__(self, tokenizer: Tokenizer, start: int | None = None, ends: Sequence[int] = ()) -> None:
        self.tokenizer = tokenizer
        self.start = start
        """Id that begins every text; None when there is none."""
        self.ends = tuple(ends)
        """Ids at which a text is over."""

    @classmethod
    def train(cls, texts: Iterable[str], vocabulary: int, styles: Sequence[str] = ()) -> "TextTokens":
        """Learn `vocabulary` tokens from texts; with 256 + 32 of them every byte is one."""
        control = [PAD, START, END, MASK, ANY_STYLE, *map(style_token, styles)]
        control += [f"<reserved:{place}>" for place in range(len(control), RESERVED)]
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=max(vocabulary, len(control) + 256),
            special_tokens=[AddedToken(token, special=True, normalized=False) for token in control],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls.of(tokenizer)

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> "TextTokens":
        """Wrap a tokenizer of this project, whose control tokens tell where a text begins and ends."""
        end = tokenizer.token_to_id(END)
        return cls(tokenizer, tokenizer.token_to_id(START), () if end is None else (end,))

    @classmethod
    def load(cls, path: Path, start: int | None = None, ends: Sequence[int] = ()) -> "TextTokens":
        """Read a tokenizer.json; `start` and `ends` take the place of this project's control tokens."""
        if not path.is_file():
            raise CheckpointError(f"{path} is missing; copy or install the model again")
        try:
            tokens = cls.of(Tokenizer.from_str(path.read_text(encoding="utf-8")))
        except Exception as error:  # tokenizers raises plain Exception for every fault of the file
            raise CheckpointError(f"{path} is no tokenizer: {error}") from None
        return cls(tokens.tokenizer, tokens.start if start is None else start, ends or tokens.ends)

    def save(self, path: Path) -> None:
        """Write a tokenizer.json, the layout of `tokenizers`."""
        tree = json.loads(self.tokenizer.to_str())
        path.write_text(json.dumps(tree, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")

    def __len__(self) -> int:
        return int(self.tokenizer.get_vocab_size())

    def encode(self, text: str, control: bool = False) -> list[int]:
        """Return a text's ids; unless `control` is set, a control token spelt out in it is just letters."""
        self.tokenizer.encode_special_tokens = not control
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids, control tokens left out; bytes that are no UTF-8 become U+FFFD."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    @property
    def controls(self) -> list[str]:
        """Return all control tokens, spelt out."""
        return [
            token.content for token in self.tokenizer.get_added_tokens_decoder().values() if token.special
        ]

    def control(self, token: str) -> int:
        """Return the id of a control token, or raise RequestError."""
        found = self.tokenizer.token_to_id(token)
        if found is None:
            raise RequestError(f"this model has no token {token}")
        return int(found)

    def style(self, style: str | None, known: Sequence[str]) -> int:
        """Return the control token of a style, or raise RequestError with the styles there are."""
        if style is not None and style not in known:
            raise RequestError(unknown("style", style, known))
        return self.control(style_token(style))


class TextStream:
    """Give out text as tokens come: only what no later token can change."""

    def __init__(self, tokens: TextTokens, prompt: Sequence[int] = ()) -> None:
        self._tokens = tokens
        self._ids = list(prompt)
        self._told = tokens.decode(self._ids)

    def add(self, token: int) -> str:
        """Add a token and return the text that is certain now; half a character waits for the rest."""
        self._ids.append(token)
        return self._news(self._tokens.decode(self._ids))

    def rest(self) -> str:
        """Return what was held back to the end."""
        return self._news(self._tokens.decode(self._ids), whole=True)

    def _news(self, text: str, whole: bool = False) -> str:
        if not whole and text.endswith("\ufffd"):
            return ""
        news = text[len(self._told) :]
        self._told = text
        return news
