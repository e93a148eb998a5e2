import pytest
import torch

from fromnoise.codecs.bpe import PromptTokens
from fromnoise.models.features import FeatureEncoder, FeatureSettings
from fromnoise.models.scorer import Scorer, ScorerSettings

STYLES = ("flat", "round")


@pytest.fixture
def scorer() -> Scorer:
    torch.manual_seed(0)
    eyes = FeatureSettings(size=32, width=6, widths=(8, 8, 8), depths=(1, 1, 1), styles=STYLES)
    tokens = PromptTokens.train(["a red apple", "a blue car"], 300, 16)
    return Scorer(ScorerSettings(styles=STYLES, features_width=6), FeatureEncoder(eyes), tokens)


def pictures() -> torch.Tensor:
    return torch.randint(0, 256, (4, 20, 20, 3), dtype=torch.uint8, generator=torch.manual_seed(1))


def test_a_merit_is_the_score_less_the_doubt_about_the_style(scorer: Scorer) -> None:
    scores, merits = (one(pictures(), "a red apple", "round") for one in (scorer.scores, scorer.merits))
    assert (merits < scores).all()
    lost = scores - merits + scorer.scores(pictures(), "a red apple", "flat")
    lost -= scorer.merits(pictures(), "a red apple", "flat")
    assert (torch.exp(-lost / scorer.settings.style_weight) <= 0.25 + 1e-6).all()  # p (1 - p)


@pytest.mark.parametrize("style", [None, "unheard of"])
def test_without_a_known_style_the_score_is_all(scorer: Scorer, style: str | None) -> None:
    assert torch.equal(scorer.scores(pictures(), "a car", style), scorer.merits(pictures(), "a car", style))


def test_a_picture_has_the_same_merit_alone_and_among_others(scorer: Scorer) -> None:
    together = scorer.merits(pictures(), "a car", "flat")
    alone = torch.cat([scorer.merits(picture[None], "a car", "flat") for picture in pictures()])
    assert torch.equal(together, alone)
