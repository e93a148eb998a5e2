import pytest
import torch

from fromnoise.autoregressive.choice import Choice, drawn
from fromnoise.autoregressive.decode import decode
from fromnoise.autoregressive.drafts import Guess, ModelDraft, PromptLookup
from fromnoise.autoregressive.speculate import _chosen, speculate
from fromnoise.errors import RequestError
from fromnoise.nets.transformer import Transformer, TransformerSettings
from fromnoise.seeds import Seeds

GREEDY = Choice(temperature=0)
CHOICES = [GREEDY, Choice(), Choice(0.7, top_p=0.8, repetition_penalty=1.2)]


def make(seed: int, depth: int = 2, vocabulary: int = 12) -> Transformer:
    torch.manual_seed(seed)
    settings = TransformerSettings(
        vocabulary=vocabulary, width=32, depth=depth, heads=4, kv_heads=2, length=64
    )
    net = Transformer(settings).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.25)
    return net


class Counted(PromptLookup):
    """Remember how many passes there were."""

    passes = 0

    def propose(self, tokens, most):
        self.passes += 1
        return super().propose(tokens, most)


class Wrong:
    """Guess what hardly ever comes."""

    def propose(self, tokens, most):
        return Guess([(tokens[-1] + 5) % 12] * most if tokens else [])


def plain(net, prompt, steps, choice, seed=0):
    columns = list(decode(net, [prompt], steps, choice, Seeds([seed])))
    return [int(column.tokens) for column in columns], [float(column.log_probabilities) for column in columns]


def guessed(net, prompt, steps, choice, draft, seed=0, most=5):
    columns = list(speculate(net, prompt, steps, choice, Seeds([seed]), draft, most))
    return [int(column.tokens) for column in columns], [float(column.log_probabilities) for column in columns]


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("draft", [PromptLookup, lambda: PromptLookup(2, 1), Wrong])
def test_a_guess_without_chance_changes_nothing(choice, draft):
    net, prompt = make(0), [1, 2, 3, 1, 2]
    expected, found = plain(net, prompt, 40, choice), guessed(net, prompt, 40, choice, draft())
    assert found[0] == expected[0]
    assert found[1] == pytest.approx(expected[1], abs=1e-4)


@pytest.mark.parametrize("drafter", [1, 0])
def test_the_likeliest_text_is_the_same_with_any_draft_model(drafter):
    net, prompt = make(0), [4, 2]
    draft = ModelDraft(make(drafter), GREEDY, Seeds([9]), 64)
    assert guessed(net, prompt, 30, GREEDY, draft)[0] == plain(net, prompt, 30, GREEDY)[0]


def test_a_repeating_text_takes_fewer_passes():
    net = make(3)
    expected, _ = plain(net, [1, 2], 50, GREEDY)
    assert len(set(zip(expected[-20:], expected[-19:], strict=False))) < 15  # a greedy text falls into a loop
    draft = Counted()
    assert guessed(net, [1, 2], 50, GREEDY, draft)[0] == expected
    assert draft.passes < 40


def test_a_perfect_draft_is_always_kept():
    net = make(0)
    calls = []
    draft = ModelDraft(net, Choice(), Seeds([5]), 64)
    propose = draft.propose
    draft.propose = lambda tokens, most: calls.append(most) or propose(tokens, most)
    guessed(net, [1, 2], 25, Choice(), draft, most=5)
    assert calls == [0, 5, 5, 5, 5]  # 1 + 4 x 6 tokens: none was thrown away


@pytest.mark.parametrize("choice", [Choice(), Choice(0.6, top_k=4)])
def test_what_is_kept_or_drawn_anew_has_the_wanted_probabilities(choice):
    torch.manual_seed(1)
    wanted, other = torch.randn(2, 1, 6).unbind(0)
    p, q = choice.probabilities(wanted)[0], choice.probabilities(other)
    many, counts = 4000, torch.zeros(6)
    for seed in range(many):
        seeds = Seeds([seed])
        guess = int(drawn(q, seeds.uniform()))
        counts[_chosen(wanted, choice, seeds, torch.zeros(1, 0), guess, q[0])] += 1
    assert torch.allclose(counts / many, p.float(), atol=0.03)


@pytest.mark.slow
def test_sampled_text_is_as_likely_with_a_draft_model_as_without():
    """The third token's shares over many seeds, against the exact ones."""
    net, other = make(0, vocabulary=5), make(1, vocabulary=5)
    prompt, choice, many = [1, 2], Choice(1.3), 1500
    counts = torch.zeros(5, 5)
    for seed in range(many):
        draft = ModelDraft(other, choice, Seeds([seed + 10_000]), 64)
        (_, second, third), _ = guessed(net, prompt, 3, choice, draft, seed)
        counts[second, third] += 1
    exact = torch.zeros(5, 5)
    for first in range(5):
        p1 = choice.probabilities(net.logits(net(torch.tensor([prompt]))[:, -1]))[0, first]
        p2 = choice.probabilities(net.logits(net(torch.tensor([[*prompt, first]]))[:, -1]))[0]
        for second in range(5):
            ids = torch.tensor([[*prompt, first, second]])
            exact[second] += (p1 * p2[second] * choice.probabilities(net.logits(net(ids)[:, -1]))[0]).detach()
    chi_squared = ((counts - many * exact) ** 2 / (many * exact)).sum()
    assert chi_squared < 52  # 24 degrees of freedom: exceeded once in a thousand times


def test_lookup_guesses_what_followed_the_longest_ending():
    lookup = PromptLookup(3, 1)
    assert lookup.propose([1, 2, 3, 9, 2, 3, 8, 1, 2, 3], 2).tokens == [9, 2]
    assert lookup.propose([1, 2, 3, 9, 2, 3, 8, 1, 2, 3, 7], 2).tokens == []
    assert lookup.propose([1, 2, 3, 9, 2, 3, 8, 1, 2, 3, 7, 8], 1).tokens == [1]
    assert PromptLookup().propose([1], 4).tokens == []


def test_a_draft_model_that_reads_less_stops_guessing():
    small = Transformer(TransformerSettings(vocabulary=12, width=32, depth=1, heads=4, length=8)).eval()
    net, prompt = make(0), [1, 2, 3]
    draft = ModelDraft(small, GREEDY, Seeds([1]), 64)
    assert guessed(net, prompt, 30, GREEDY, draft)[0] == plain(net, prompt, 30, GREEDY)[0]


def test_impossible_lengths_are_refused():
    with pytest.raises(RequestError, match="at most 64"):
        guessed(make(0), [1] * 60, 5, GREEDY, PromptLookup())
