"""Words to token ids: byte-pair encoding over lower-case text (Sennrich et al. 2016), by `tokenizers`."""

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import Tensor

from fromnoise.errors import CheckpointError

PAD, START = "<pad>", "<start>"


class PromptTokens:
    """Turn prompts into token ids of a fixed length; any text can be said, byte by byte if need be."""

    def __init__(self, tokenizer: Tokenizer, length: int) -> None:
        self._tokenizer = tokenizer
        self.length = length

    @classmethod
    def train(cls, texts: Iterable[str], vocabulary: int, length: int) -> "PromptTokens":
        """Learn `vocabulary` tokens from texts; whole words come out of those that are frequent."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Strip()]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=[PAD, START],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer, length)

    @classmethod
    def load(cls, path: Path, length: int) -> "PromptTokens":
        """Read a tokenizer.json."""
        if not path.is_file():
            raise CheckpointError(f"{path} is missing; copy or install the model again")
        return cls(Tokenizer.from_file(str(path)), length)

    def save(self, path: Path) -> None:
        """Write a tokenizer.json, the layout of `tokenizers`."""
        self._tokenizer.save(str(path), pretty=False)

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def count(self, text: str) -> int:
        """Count the tokens of a text, the start token among them."""
        return 1 + len(self._tokenizer.encode(text).ids)

    def __call__(self, texts: Iterable[str]) -> tuple[Tensor, Tensor]:
        """Encode into ids (B, length) and mask (B, length), True at tokens; what is too long is cut."""
        rows = [[1, *self._tokenizer.encode(text).ids][: self.length] for text in texts]
        ids = torch.tensor([row + [0] * (self.length - len(row)) for row in rows])
        mask = torch.arange(self.length) < torch.tensor([[len(row)] for row in rows])
        return ids, mask
