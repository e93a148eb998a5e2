import math
import random

import numpy as np
import pytest
import torch

from fromnoise.codecs.text_tokens import RESERVED, TextTokens
from fromnoise.data.text_feed import packed, tokenised
from fromnoise.data.texts import Document
from fromnoise.diffusion.unmask import UNMASKERS
from fromnoise.errors import FromNoiseError
from fromnoise.models.checkpoint import load, save
from fromnoise.models.text_diffusion import TextDiffusion, TextDiffusionSettings, both_ways_mask
from fromnoise.nets.transformer import TransformerSettings
from fromnoise.requests import MASKED, TextDelta, TextDraft, TextRequest
from fromnoise.seeds import Seeds

TEXTS = [
    "The cat sat on the mat.",
    "Naïve café — 日本語 🙂 end",
    "a\n\nb\tc",
    "Shall I compare thee to a day?",
]
STYLES = ("fable", "sonnet")


@pytest.fixture(scope="module")
def model() -> TextDiffusion:
    tokens = TextTokens.train(TEXTS * 3, RESERVED + 256 + 30, STYLES)
    torch.manual_seed(0)
    net = TransformerSettings(vocabulary=len(tokens), width=32, depth=2, heads=2, length=64, qk_norm=True)
    made = TextDiffusion(TextDiffusionSettings(styles=STYLES, net=net), tokens).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


def batch(model, style="fable"):
    documents = [Document(id=str(n), text=text, split="train", style=style) for n, text in enumerate(TEXTS)]
    tokens = model.tokenizer
    return packed(tokenised(documents, tokens.encode, model.prefix, tokens.ends, {}), 64)


def test_before_the_cut_nobody_sees_ahead_and_behind_it_all_see_all():
    documents = torch.tensor([[0, 0, 0, 0, 1]])
    late = torch.tensor([[False, False, True, True, False]])
    seen = both_ways_mask(documents, late)[0, 0].int().tolist()
    assert seen == [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 0], [0, 0, 0, 0, 1]]


def test_a_masked_token_is_never_seen(model):
    """Whatever stands under a mask, the network reads the same."""
    rows = batch(model)
    masked = (rows.targets >= 0) & (
        torch.rand(rows.ids.shape, generator=torch.Generator().manual_seed(0)) < 0.5
    )
    read = model._noised(rows, rows.ids, masked)
    others = torch.where(torch.nn.functional.pad(masked[:, :-1], (1, 0)), 77, rows.ids)
    inside = rows.documents[:, 1:] == rows.documents[:, :-1]
    others[:, 1:] = torch.where(inside, others[:, 1:], rows.ids[:, 1:])
    assert torch.equal(read, model._noised(rows, others, masked))
    assert int((read == model.process.mask).sum()) > 5


def test_training_learns_both_ways_and_evaluation_only_bounds(model):
    rows, seeds = batch(model), Seeds.for_step(0, 0, len(batch(model)))
    quiet = [float(model.loss(rows, Seeds.for_step(0, 0, len(rows))).mean().detach()) for _ in range(2)]
    assert quiet[0] == quiet[1]
    model.train()
    loss = model.loss(rows, seeds).mean()
    model.eval()
    loss.backward()
    assert math.isfinite(float(loss.detach()))
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_samples_of_the_bound_are_finite_and_one_token_has_no_order(model):
    nats = model.text_nats(["The cat", "mat"], styles=["fable", None], samples=3)
    assert nats.shape == (2, 3) and np.isfinite(nats).all() and (nats > 0).all()
    alone = model.text_nats([""], styles=["fable"], samples=3)[0]  # nothing but its end
    assert alone[0] == alone[1] == alone[2]
    assert not model.exact and model.next_token.exact


def test_told_token_by_token_the_bound_is_the_exact_likelihood_of_the_next_token_model(model):
    text = "The cat sat on the mat."
    exact = model.next_token.text_nats([text], styles=["fable"])[0]
    count = len(model.tokenizer.encode(text)) + 1
    nats = model.text_nats([text], styles=["fable"], samples=count, block=1)
    assert nats.mean() == pytest.approx(exact, rel=1e-5)


def test_a_block_of_one_token_is_the_next_token_model(model):
    """Not only its order: the very same scores, so the same tokens from the same numbers."""
    from fromnoise.models.text_tasks import write

    ask = model.check(
        TextRequest(style="fable", prompt="The", max_tokens=12, steps=12, block=1, guidance=1.0)
    )
    *_, written = write(model, ask, 0)
    begun = [*model.prefix("fable"), *model.tokenizer.encode("The")]
    for place, likely in enumerate(written.log_probabilities):
        logits = model.next_token.logits(torch.tensor([[*begun, *written.tokens[:place]]]))[0, -1]
        rules = [token >= RESERVED or token in model.tokenizer.ends for token in range(len(logits))]
        logits = logits.masked_fill(~torch.tensor(rules), -torch.inf)
        found = float(logits.log_softmax(0)[written.tokens[place]])
        assert found == pytest.approx(likely, abs=1e-3)


@pytest.mark.parametrize("solver", list(UNMASKERS))
@pytest.mark.parametrize("block", [None, 5])
def test_every_solver_writes_the_same_alone_and_in_a_batch(model, solver, block):
    ask = {"prompt": "The", "style": "sonnet", "max_tokens": 12, "steps": 6, "solver": solver, "block": block}
    together = model.run(TextRequest(**ask, count=3, seed=5))
    alone = [model.run(TextRequest(**ask, seed=seed)).text for seed in (5, 6, 7)]
    assert together.texts == alone
    assert [one["seed"] for one in together.settings] == [5, 6, 7]
    assert all(
        len(one) == len(two) <= 12
        for one, two in zip(together.tokens, together.log_probabilities, strict=True)
    )


def test_every_step_can_be_watched_and_the_last_one_is_the_text(model):
    news = list(model.stream(TextRequest(style="fable", max_tokens=10, steps=5)))
    drafts = [one for one in news if isinstance(one, TextDraft)]
    assert [one.step for one in drafts] == [1, 2, 3, 4, 5] and all(one.of == 5 for one in drafts)
    shades = [one.text.count(MASKED) for one in drafts]
    assert shades == sorted(shades, reverse=True) and shades[-1] == 0
    assert "".join(one.text for one in news if isinstance(one, TextDelta)) == news[-1].text


def test_guidance_one_is_the_plain_model_and_zero_forgets_the_style(model):
    def written(style, guidance):
        return model.run(TextRequest(style=style, max_tokens=12, steps=6, guidance=guidance)).tokens

    assert written("fable", 0.0) == written("sonnet", 0.0) == written(None, 1.0)
    assert written("fable", 1.0) != written("sonnet", 1.0)


SPELL_NOTHING = "qv \n\t  é—日🙂.,<>  "
"""Characters in which the guard finds no word, in whatever order they come."""


def test_gaps_leave_every_given_character_as_it_is(model):
    """A thousand random gaps between all kinds of letters: the given pieces come back to the character."""
    chance = random.Random(0)
    for trial in range(250):
        pieces = ["".join(chance.choices(SPELL_NOTHING, k=chance.randrange(6))) for _ in range(5)]
        template = "".join(f"{piece}__{chance.randrange(1, 3)}__" for piece in pieces[:-1]) + pieces[-1]
        text = model.run(TextRequest(template=template, seed=trial, steps=2, guidance=1.0)).text
        at = 0
        for piece in pieces:
            at = text.index(piece, at) + len(piece)
        assert text.startswith(pieces[0]) and text.endswith(pieces[-1])


def test_a_free_gap_finds_its_length_and_a_given_one_keeps_it(model):
    free = {
        len(model.run(TextRequest(template="The ___ sat.", seed=seed, steps=4)).tokens[0])
        for seed in range(6)
    }
    assert len(free) > 1
    found = model.run(TextRequest(template="The __4__ sat.", steps=4))
    assert len(found.tokens[0]) == 4 and found.text.startswith("The ") and found.text.endswith(" sat.")
    assert model.infill("The __4__ sat.", steps=4) == found.text


def test_rewriting_keeps_its_share(model):
    text = TEXTS[0] * 2
    assert model.rewrite(text, style="sonnet", strength=0.0) == text
    ids = model.tokenizer.encode(text)
    found = model.run(TextRequest(rewrite=text, strength=0.5, steps=8)).tokens[0]
    kept = sum(one == other for one, other in zip(ids, found, strict=True))
    assert kept >= len(ids) // 2
    assert model.rewrite(text, strength=1.0, steps=4) != text


def test_a_folder_gives_the_same_model_back(model, tmp_path):
    save(model, tmp_path / "small")
    again = load(tmp_path / "small")
    ask = TextRequest(style="fable", max_tokens=10, steps=5, seed=3)
    assert again.run(ask).texts == model.run(ask).texts


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        ({"steps": 0}, "steps must be from 1"),
        ({"steps": 1_000_000}, "steps must be from 1"),
        ({"guidance": math.nan}, "guidance must be a finite number"),
        ({"style": "sonet"}, "did you mean sonnet"),
        ({"solver": "ancestrl"}, "did you mean ancestral"),
        ({"template": "no gap here"}, "there is no gap"),
        ({"template": "a __0__ b"}, "0 tokens"),
        ({"template": "a __100__ b"}, "the model reads"),
        ({"template": "a ___ b", "block": 4}, "leave the block out"),
        ({"template": "a ___ b", "rewrite": "b"}, "not both"),
        ({"template": "a ___", "prompt": "b"}, "put the prompt into it"),
        ({"rewrite": ""}, "from 1 to"),
        ({"rewrite": "word " * 99}, "take a part"),
        ({"rewrite": "a", "strength": math.nan}, "strength must be"),
        ({"block": 0}, "at least 1 token"),
        ({"max_tokens": 100}, "the model reads at most"),
        ({"temperature": -1.0}, "temperature"),
        ({"json_schema": "{}"}, "block 1"),
    ],
)
def test_what_can_not_be_made_is_said_in_a_line(model, ask, told):
    with pytest.raises(FromNoiseError, match=told):
        model.run(TextRequest(**ask))
