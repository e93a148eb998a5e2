import pytest
import torch

from fromnoise.data.text_feed import IGNORED, TextFeed, Tokenised, packed
from fromnoise.errors import DataError

DOCUMENTS = [Tokenised([1, 2], list(range(10 * size, 10 * size + size))) for size in (3, 9, 4, 7, 9, 5)]


def learned(batch) -> list[tuple[int, ...]]:
    """All pairs (token, its target)."""
    pairs = torch.stack([batch.ids, batch.targets], -1).flatten(0, 1)
    return sorted(tuple(pair) for pair in pairs.tolist() if pair[1] != IGNORED)


@pytest.mark.parametrize("length", [4, 5, 8, 16, 64])
def test_every_token_is_learned_exactly_once(length):
    batch = packed(DOCUMENTS, length)
    assert sorted(target for _, target in learned(batch)) == sorted(
        token for document in DOCUMENTS for token in document.ids
    )


@pytest.mark.parametrize("length", [4, 8, 16])
def test_without_a_prefix_only_the_first_tokens_are_not_learned(length):
    documents = [Tokenised([], document.ids) for document in DOCUMENTS]
    targets = sorted(target for _, target in learned(packed(documents, length)))
    assert targets == sorted(token for document in documents for token in document.ids[1:])


def test_pieces_begin_with_their_prefix_and_count_their_own_places():
    batch = packed(DOCUMENTS, 8)
    starts = batch.positions == 0
    real = batch.documents >= 0
    assert (batch.ids[starts & real] == 1).all()
    assert int(batch.positions.max()) < 8


def test_batches_are_a_function_of_the_step_and_epochs_differ():
    first, second = (TextFeed(DOCUMENTS, DOCUMENTS[:2], 8, seed=3) for _ in range(2))
    for step in (5, 0, 2):
        assert torch.equal(first.batch(step, 2).ids, second.batch(step, 2).ids)
    per_epoch = max(1, first._rows // 2)
    assert not torch.equal(first.batch(0, 2).ids, first.batch(per_epoch, 2).ids)


def test_an_epoch_shows_all_and_weights_say_how_often():
    feed = TextFeed(DOCUMENTS, [], 8, seed=0)
    targets = sorted(target for _, target in learned(feed._epoch(1)))
    assert targets == sorted(token for document in DOCUMENTS for token in document.ids)
    heavier = [Tokenised(d.prefix, d.ids, weight=2.0) for d in DOCUMENTS]
    assert len(learned(TextFeed(heavier, [], 8, seed=0)._epoch(0))) == 2 * len(learned(packed(DOCUMENTS, 8)))
    assert feed.validation(4) == []


def test_no_text_is_an_error():
    with pytest.raises(DataError):
        TextFeed([], [], 8, seed=0)
