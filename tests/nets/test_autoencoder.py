import torch

from fromnoise.nets.autoencoder import ChannelNorm, Decoder, Encoder, Residual


def test_sixteen_pixels_become_one_cell_and_come_back() -> None:
    encoder, decoder = Encoder((8, 8, 16), (1, 1, 1), 4), Decoder(4, (8, 8, 16), (1, 1, 1), head=4)
    cells = encoder(torch.randn(2, 3, 32, 48))
    assert cells.shape == (2, 4, 2, 3)
    assert decoder(cells).shape == (2, 3, 32, 48)


def test_a_new_residual_changes_nothing() -> None:
    x = torch.randn(1, 8, 4, 4)
    assert torch.equal(Residual(8)(x), x)


def test_the_norm_looks_at_one_pixel_alone() -> None:
    x = torch.randn(1, 8, 4, 4)
    other = x.clone()
    other[..., 0, 0] *= 100
    norm = ChannelNorm(8)
    assert torch.equal(norm(x)[..., 1:, :], norm(other)[..., 1:, :])
