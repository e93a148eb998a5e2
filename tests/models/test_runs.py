import pytest
import torch

from fromnoise.codecs.text_tokens import RESERVED, TextTokens
from fromnoise.errors import RequestError
from fromnoise.models.gpt import GPT, GPTSettings
from fromnoise.nets.transformer import TransformerSettings


def make(seed: int, depth: int = 2, words: str = "the cat sat on the mat") -> GPT:
    torch.manual_seed(seed)
    tokens = TextTokens.train([words] * 3, RESERVED + 256 + 8, ("fable",))
    net = TransformerSettings(vocabulary=len(tokens), width=32, depth=depth, heads=2, length=96)
    made = GPT(GPTSettings(styles=("fable",), net=net), tokens).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


def made(model, **options):
    *_, result = model.generate("the cat the cat", max_tokens=40, **options)
    return result


@pytest.mark.parametrize("options", [{"temperature": 0}, {"seed": 3, "count": 2}, {"style": "fable"}])
def test_lookup_changes_no_text(options):
    model = make(0)
    plain, drafted = made(model, **options), made(model, draft="lookup", **options)
    assert drafted.tokens == plain.tokens
    assert drafted.texts == plain.texts and drafted.endings == plain.endings
    assert drafted.settings[0]["draft"] == "lookup"


def test_a_draft_model_leaves_the_likeliest_text_alone():
    model = make(0)
    assert made(model, temperature=0, draft=make(1, depth=1)).texts == made(model, temperature=0).texts


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draft": "lokup"}, "did you mean lookup"),
        ({"draft": "lookup", "style": "fable", "guidance": 2.0}, "a draft goes without guidance"),
    ],
)
def test_a_draft_that_cannot_be_is_refused(options, message):
    with pytest.raises(RequestError, match=message):
        made(make(0), **options)


def test_a_draft_model_needs_the_same_tokens():
    with pytest.raises(RequestError, match="has other tokens"):
        made(make(0), draft=make(1, words="quite other words"))


@pytest.mark.parametrize(
    "ids", [torch.zeros(3, dtype=torch.int64), torch.zeros(1, 97, dtype=torch.int64), torch.zeros(1, 2)]
)
def test_ids_of_another_shape_are_refused(ids):
    with pytest.raises(RequestError, match="whole numbers \\(B, L\\), L from 1 to 96"):
        make(0).logits(ids)


def test_ids_beyond_the_vocabulary_are_refused():
    model = make(0)
    with pytest.raises(RequestError, match="a token id must be from 0 to"):
        model.logits(torch.tensor([[1, 10_000]]))
    with pytest.raises(RequestError, match="got -4"):
        list(model.decode([[1, -4]], max_tokens=2))
