import pytest
import torch

from fromnoise.errors import ConfigError
from fromnoise.nets.places import GridPlaces
from fromnoise.nets.transformer import Transformer, TransformerSettings


def test_a_cell_is_its_row_and_its_column() -> None:
    places = GridPlaces(12, 3, 8)
    found = places(torch.arange(12))
    assert torch.equal(found[:3], places.before.weight)
    assert torch.equal(found[3 + 3 * 1 + 2], places.rows.weight[1] + places.columns.weight[2])


def test_a_sequence_must_hold_the_picture_and_something_before_it() -> None:
    with pytest.raises(ConfigError, match="a picture of 4 x 4 tokens and some before them, not 16"):
        Transformer(TransformerSettings(vocabulary=9, length=16, positions="learned", grid=4))
