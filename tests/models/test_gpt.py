import pytest
import torch

from fromnoise.codecs.text_tokens import RESERVED, TextStream, TextTokens
from fromnoise.data.text_feed import packed, tokenised
from fromnoise.data.texts import Document
from fromnoise.errors import RequestError
from fromnoise.models.checkpoint import load, save
from fromnoise.models.gpt import GPT, GPTSettings
from fromnoise.nets.transformer import TransformerSettings
from fromnoise.requests import TextDelta, TextRequest, TextResult
from fromnoise.seeds import Seeds

TEXTS = ["The cat sat on the mat.", "Naïve café — 日本語 🙂 end", "a\n\nb\tc"]
STYLES = ("fable", "sonnet")


@pytest.fixture(scope="module")
def tokens() -> TextTokens:
    return TextTokens.train(TEXTS * 3, RESERVED + 256 + 20, STYLES)


@pytest.fixture(scope="module")
def model(tokens) -> GPT:
    torch.manual_seed(0)
    net = TransformerSettings(vocabulary=len(tokens), width=32, depth=2, heads=2, length=64)
    made = GPT(GPTSettings(styles=STYLES, net=net), tokens).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


@pytest.mark.parametrize("text", [*TEXTS, "", "<pad><style:sonnet>", " \x00 ", "never seen: ßŁ"])
def test_texts_come_back_to_the_byte(tokens, text):
    ids = tokens.encode(text)
    assert tokens.decode(ids) == text
    assert all(token >= RESERVED for token in ids)  # nobody can spell a control token


def test_a_stream_gives_the_whole_text_and_never_half_a_character(tokens):
    stream = TextStream(tokens)
    parts = [stream.add(token) for token in tokens.encode(TEXTS[1])]
    assert "".join(parts) + stream.rest() == TEXTS[1]
    assert not any("\ufffd" in part for part in parts)


def test_pieces_end_with_the_result_and_join_to_its_text(model):
    *parts, result = model.generate("The cat", style="fable", max_tokens=30, seed=3)
    assert isinstance(result, TextResult)
    assert "".join(parts) == result.text
    assert len(result.tokens[0]) == len(result.log_probabilities[0]) <= 30


def test_an_item_is_the_same_alone_and_in_a_batch(model):
    ask = {"prompt": "The", "style": "sonnet", "max_tokens": 20, "guidance": 2.0}
    together = model.run(TextRequest(**ask, count=3, seed=5))
    alone = [model.run(TextRequest(**ask, seed=seed)).text for seed in (5, 6, 7)]
    assert together.texts == alone
    assert [one["seed"] for one in together.settings] == [5, 6, 7]


def test_a_stop_string_ends_the_text_before_it(model):
    whole = model.run(TextRequest(prompt="The", max_tokens=40, seed=1)).text
    stop = whole[4:7]
    result = model.run(TextRequest(prompt="The", max_tokens=40, seed=1, stop=(stop,)))
    assert result.text == whole[: whole.index(stop)]
    assert result.endings == ["stop"]
    deltas = [news for news in model.stream(TextRequest(prompt="The", max_tokens=40, seed=1, stop=(stop,)))]
    assert "".join(news.text for news in deltas if isinstance(news, TextDelta)) == result.text


def test_decode_yields_columns_that_stop_at_the_end_token(model):
    ids = torch.tensor([[1, 40, 41], [1, 50, 51]])
    columns = list(model.decode(ids, max_tokens=12, seed=0, stop_at_eos=False))
    assert len(columns) == 12 and columns[0].shape == (2,)
    assert torch.equal(columns[0], next(model.decode(ids, max_tokens=12, seed=0)))


def test_the_loss_is_the_mean_of_the_exact_nats(model):
    documents = [Document(id="a", text=TEXTS[0], split="train", style="fable")]
    batch = packed(tokenised(documents, model.tokenizer.encode, model.prefix, model.tokenizer.ends, {}), 40)
    nats = model.batch_nats(batch)
    count = len(model.tokenizer.encode(TEXTS[0])) + 1  # and the end token
    assert torch.allclose(model.loss(batch, Seeds([0])), nats.sum(1) / count, rtol=1e-5)
    full = [*model.prefix("fable"), *model.tokenizer.encode(TEXTS[0])]
    likely = model.logits(torch.tensor([full])).log_softmax(2)
    expected = -likely[0, 1:, :].gather(1, torch.tensor([*full[2:], model.tokenizer.ends[0]])[:, None])
    assert torch.allclose(nats[0, 1 : 1 + count], expected[:, 0], atol=1e-4)


def test_texts_of_any_length_have_exact_nats(model):
    short, long = TEXTS[0], " ".join(TEXTS[:1] * 30)
    found = model.text_nats([short, long, short], styles=["fable", None, None])
    ids = [*model.prefix("fable"), *model.tokenizer.encode(short), *model.tokenizer.ends]
    likely = (
        model.logits(torch.tensor([ids])).log_softmax(2)[0, :-1].gather(1, torch.tensor(ids[1:])[:, None])
    )
    assert abs(found[0] + float(likely[1:].sum())) < 1e-3
    assert found[1] > 20 * found[2] > 0


def test_styles_are_left_out_in_training_alone(model):
    documents = [Document(id="a", text=TEXTS[0], split="train", style="fable")] * 50
    batch = packed(tokenised(documents, model.tokenizer.encode, model.prefix, model.tokenizer.ends, {}), 30)
    gone = model._with_gaps(batch, Seeds.count_from(0, len(batch)))
    any_style, fable = (model.tokenizer.style(style, STYLES) for style in (None, "fable"))
    share = (gone == any_style).sum() / ((gone == any_style) | (gone == fable)).sum()
    assert 0 < share < 0.4


def test_a_saved_model_says_the_same(model, tmp_path):
    save(model, tmp_path / "tiny")
    again = load(tmp_path / "tiny", device="cpu")
    ask = TextRequest(prompt="The", style="fable", max_tokens=15)
    assert again.run(ask).tokens == model.run(ask).tokens


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": "sonet"}, "did you mean sonnet"),
        ({"count": 0}, "count"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1000}, "at most 64"),
        ({"guidance": float("nan")}, "guidance"),
        ({"temperature": -1.0}, "temperature"),
        ({"stop": ("",)}, "stop string"),
    ],
)
def test_what_cannot_be_asked_is_said(model, options, message):
    with pytest.raises(RequestError, match=message):
        model.run(TextRequest(prompt="The", **options))
