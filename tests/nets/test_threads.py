"""What is computed doesn't depend on how many threads compute it."""

from collections.abc import Iterator

import pytest
import torch

from fromnoise.nets.layers import SwiGLU, silu


@pytest.fixture(autouse=True)
def as_many_threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_feed_forward_layer_is_the_same_with_any_number_of_threads() -> None:
    torch.manual_seed(0)
    layer, x = SwiGLU(320), torch.randn(1, 81, 320)
    made = []
    with torch.inference_mode():
        for threads in (1, 2):
            torch.set_num_threads(threads)
            made.append(layer(x))
    assert all(torch.equal(one, made[0]) for one in made)


def test_in_pieces_it_is_what_it_is_whole() -> None:
    torch.set_num_threads(1)
    for shape in ((1, 81, 864), (3, 700, 96), (2, 50_000), (7,), (200_000,)):
        x = torch.randn(*shape)
        with torch.no_grad():
            assert torch.allclose(silu(x), torch.nn.functional.silu(x), rtol=1e-6, atol=1e-7)


def test_it_can_be_learned_through() -> None:
    x = torch.randn(1, 81, 864, requires_grad=True)
    silu(x).sum().backward()
    assert x.grad is not None and x.grad.shape == x.shape
