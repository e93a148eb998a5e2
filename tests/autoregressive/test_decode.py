import pytest
import torch

from fromnoise.autoregressive.choice import Choice
from fromnoise.autoregressive.decode import decode
from fromnoise.autoregressive.loss import IGNORED, document_mask, next_token_loss
from fromnoise.errors import RequestError
from fromnoise.nets.transformer import Transformer, TransformerSettings
from fromnoise.seeds import Seeds


@pytest.fixture(scope="module")
def net() -> Transformer:
    torch.manual_seed(0)
    settings = TransformerSettings(vocabulary=30, width=32, depth=2, heads=4, kv_heads=2, length=40)
    made = Transformer(settings).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


def told(net, prompts, steps=8, choice=None, seed=0, **options):
    seeds = Seeds.count_from(seed, len(prompts))
    columns = list(decode(net, prompts, steps, choice or Choice(), seeds, **options))
    return torch.stack([column.tokens for column in columns], 1).tolist()


def test_greedy_text_is_what_the_full_pass_finds_likeliest(net):
    (found,) = told(net, [[1, 2, 3]], choice=Choice(temperature=0))
    ids = [1, 2, 3]
    for token in found:
        assert net.logits(net(torch.tensor([ids]))[0, -1]).argmax() == token
        ids.append(token)


@pytest.mark.parametrize(
    "choice", [Choice(), Choice(temperature=0), Choice(0.8, top_p=0.9, repetition_penalty=1.3)]
)
def test_a_sequence_does_not_depend_on_its_neighbours(net, choice):
    prompts = [[1, 2, 3], [4], [5, 6, 7, 8, 9, 1]]
    together = told(net, prompts, choice=choice)
    alone = [told(net, [prompt], choice=choice, seed=place)[0] for place, prompt in enumerate(prompts)]
    assert together == alone


def test_log_probabilities_are_those_of_the_full_pass(net):
    columns = list(decode(net, [[1, 2, 3]], 5, Choice(), Seeds([7])))
    ids = torch.tensor([[1, 2, 3, *(int(column.tokens) for column in columns)]])
    expected = net.logits(net(ids)).log_softmax(2)[0, 2:-1].gather(1, ids[0, 3:, None])[:, 0]
    assert torch.allclose(torch.cat([column.log_probabilities for column in columns]), expected, atol=1e-4)


def test_guidance_of_one_is_the_prompt_and_of_zero_the_null(net):
    prompts, null = [[1, 2, 3]], [[4, 5]]
    assert told(net, prompts, null=null, guidance=1.0) == told(net, prompts)
    assert told(net, prompts, null=null, guidance=0.0) == told(net, null)


def test_only_allowed_tokens_come(net):
    even = torch.arange(30) % 2 == 0
    (found,) = told(net, [[1]], 12, allowed=lambda step, chosen: even[None])
    assert all(token % 2 == 0 for token in found)


def test_samples_follow_the_probabilities():
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]]).repeat(4000, 1)
    found = Choice().choose(logits, Seeds.count_from(0, 4000))
    shares = torch.bincount(found, minlength=4) / 4000
    assert torch.allclose(shares, logits[0].softmax(0), atol=0.03)


def test_filters_keep_what_they_say():
    logits = torch.tensor([[0.5, 0.25, 0.15, 0.1]]).log()

    def kept(**options) -> list[float]:
        return [round(share, 6) for share in Choice(**options).probabilities(logits)[0].tolist()]

    assert kept(top_k=2) == [0.666667, 0.333333, 0, 0]
    assert kept(top_p=0.75) == [0.666667, 0.333333, 0, 0]
    assert kept(top_p=0.76) == [0.555556, 0.277778, 0.166667, 0]
    assert kept(min_p=0.29) == [0.555556, 0.277778, 0.166667, 0]
    assert kept(temperature=0) == [1, 0, 0, 0]
    assert kept(top_k=100, top_p=1.0, min_p=0.0) == [0.5, 0.25, 0.15, 0.1]


def test_a_repeated_token_becomes_less_likely_and_padding_is_none():
    choice, logits = Choice(repetition_penalty=2.0), torch.tensor([[1.0, 1.0, -1.0]])
    shares = choice.probabilities(logits, torch.tensor([[1, 2, -1]]))[0]
    assert torch.allclose(shares, torch.tensor([1.0, 0.5, -2.0]).double().softmax(0))
    assert torch.allclose(
        choice.probabilities(logits, torch.tensor([[0, -1]]))[0, 0],
        torch.tensor(0.5).exp().double()
        / (torch.tensor(0.5).exp() + torch.tensor(1.0).exp() + torch.tensor(-1.0).exp()).double(),
    )


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -1},
        {"temperature": float("nan")},
        {"top_k": 0},
        {"top_p": 0},
        {"top_p": 1.1},
        {"min_p": -0.1},
        {"repetition_penalty": 0},
    ],
)
def test_impossible_choices_are_refused(options):
    with pytest.raises(RequestError, match=next(iter(options))):
        Choice(**options)


@pytest.mark.parametrize(("prompts", "steps"), [([], 1), ([[]], 1), ([[1]], 0), ([[1] * 30], 11)])
def test_impossible_lengths_are_refused(net, prompts, steps):
    with pytest.raises(RequestError):
        told(net, prompts, steps)


def test_packed_documents_do_not_see_each_other(net):
    ids = torch.tensor([[1, 2, 3, 4, 5]])
    mask = document_mask(torch.tensor([[0, 0, 0, 1, 1]]))
    places = torch.tensor([[0, 1, 2, 0, 1]])
    packed = net(ids, mask=mask, positions=places)
    assert torch.allclose(packed[:, :3], net(ids[:, :3]), atol=1e-5)
    assert torch.allclose(packed[:, 3:], net(ids[:, 3:]), atol=1e-5)


def test_ignored_targets_count_for_nothing():
    logits = torch.randn(1, 4, 6, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[2, IGNORED, 5, IGNORED]])
    expected = -(logits.log_softmax(2)[0, 0, 2] + logits.log_softmax(2)[0, 2, 5]) / 2
    assert torch.allclose(next_token_loss(logits, targets), expected[None])
