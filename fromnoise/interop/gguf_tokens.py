"""The tokenizer inside a GGUF file, as one of `tokenizers`, and back.

GGUF keeps words and merges, and of the rules by which text is cut before merging only a name.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from fromnoise.errors import CheckpointError, OutputError, unknown

NORMAL, CONTROL, USER, UNUSED = 1, 3, 4, 5
_LETTERS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_SIGNS = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


@dataclass(frozen=True)
class Rule:
    """How text is cut into pieces, within which pairs are merged."""

    cut: Callable[[], pre_tokenizers.PreTokenizer]
    composed: bool = False
    """Whether letters and their accents are joined first (NFC)."""
    whole: bool = False
    """Whether a piece that is a word of the vocabulary is taken as it is."""


def _gpt2() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.ByteLevel(add_prefix_space=False)


def _smollm() -> pre_tokenizers.PreTokenizer:
    digits = pre_tokenizers.Digits(individual_digits=True)
    return pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])


def _split(numbers: str) -> pre_tokenizers.PreTokenizer:
    pattern = pre_tokenizers.Split(Regex(_LETTERS + numbers + _SIGNS), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([pattern, byte_level])


RULES = {
    "gpt-2": Rule(_gpt2),
    "smollm": Rule(_smollm),
    "llama-bpe": Rule(lambda: _split(r"\p{N}{1,3}"), whole=True),
    "qwen2": Rule(lambda: _split(r"\p{N}"), composed=True),
}
"""Name of a rule in GGUF -> the rule."""
_ALSO = {"gpt2": "gpt-2", "starcoder": "smollm", "llama3": "llama-bpe", "llama-v3": "llama-bpe"}


def read_tokenizer(facts: Mapping[str, Any], where: str) -> Tokenizer:
    """Rebuild the tokenizer; raise CheckpointError when it is of a kind or rule that isn't known."""
    kind, pre = facts.get("tokenizer.ggml.model"), facts.get("tokenizer.ggml.pre", "default")
    if kind != "gpt2":
        raise CheckpointError(
            f"{where} has a tokenizer of kind {kind!r}; byte-level BPE (gpt2) can be rebuilt. "
            "The Hugging Face folder of the same model has a tokenizer.json"
        )
    name = _ALSO.get(pre, pre)
    if name not in RULES:
        raise CheckpointError(f"{where}: {unknown('rule for cutting text', pre, RULES)}")
    words, merges = _strings(facts, "tokens", where), _strings(facts, "merges", where)
    vocabulary = {word: place for place, word in enumerate(words)}
    if len(vocabulary) != len(words):
        raise CheckpointError(f"{where} has the same token twice")
    pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
    rule = RULES[name]
    try:
        made = Tokenizer(models.BPE(vocabulary, pairs, ignore_merges=rule.whole))
    except Exception as error:  # tokenizers raises plain Exception for every fault of the words
        raise CheckpointError(f"{where} has no sound tokenizer: {error}") from None
    made.pre_tokenizer, made.decoder = rule.cut(), decoders.ByteLevel()
    if rule.composed:
        made.normalizer = normalizers.NFC()
    _mark_control(made, words, facts, where)
    return made


def _mark_control(made: Tokenizer, words: list[str], facts: Mapping[str, Any], where: str) -> None:
    kinds = facts.get("tokenizer.ggml.token_type", [NORMAL] * len(words))
    if not isinstance(kinds, list) or len(kinds) != len(words):
        raise CheckpointError(f"{where} should say of each of its {len(words)} tokens what it is")
    special = [word for word, kind in zip(words, kinds, strict=True) if kind == CONTROL]
    added = [word for word, kind in zip(words, kinds, strict=True) if kind == USER]
    made.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in special])
    made.add_tokens([AddedToken(word, special=False, normalized=False) for word in added])


def _strings(facts: Mapping[str, Any], name: str, where: str) -> list[str]:
    found = facts.get(f"tokenizer.ggml.{name}")
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise CheckpointError(f"{where} has no {name} of a tokenizer")
    return found


def write_tokenizer(tokenizer: Tokenizer, vocabulary: int) -> dict[str, Any]:
    """Return the facts of a tokenizer, after "tokenizer.ggml."; places without a token are filled up."""
    tree = json.loads(tokenizer.to_str())
    pre = _rule_of(tree)
    places = {place: word for word, place in tokenizer.get_vocab(with_added_tokens=True).items()}
    words = [places.get(place, f"[PAD{place}]") for place in range(vocabulary)]
    kinds = [NORMAL if place in places else UNUSED for place in range(vocabulary)]
    for added in tree["added_tokens"]:
        kinds[added["id"]] = CONTROL if added["special"] else USER
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in tree["model"]["merges"]]
    return {"model": "gpt2", "pre": pre, "tokens": words, "token_type": kinds, "merges": merges}


def _rule_of(tree: dict[str, Any]) -> str:
    for name, rule in RULES.items():
        sample = Tokenizer(models.BPE(ignore_merges=rule.whole))
        sample.pre_tokenizer = rule.cut()
        if rule.composed:
            sample.normalizer = normalizers.NFC()
        ours = json.loads(sample.to_str())
        if tree["model"]["type"] == "BPE" and all(
            _plain(tree[part]) == _plain(ours[part]) for part in ("pre_tokenizer", "normalizer")
        ):
            return name
    raise OutputError(f"GGUF has no name for how this tokenizer cuts text; it has for {', '.join(RULES)}")


def _plain(tree: Any) -> Any:
    """Leave out of a rule what only concerns where in the text a token lies."""
    if isinstance(tree, dict):
        return {key: _plain(value) for key, value in tree.items() if key != "trim_offsets"}
    return [_plain(one) for one in tree] if isinstance(tree, list) else tree
