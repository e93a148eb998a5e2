"""What spoils pictures, by kind and by degree: to teach and to test what should notice it.

Legend: S the picture's side in px; every damage takes uint8 (S, S, 3), a level in [0, 1] and a random stream.
Levels are on a scale of ratios: 0 can hardly be seen, 1 can't be missed.
"""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]
Chance = np.random.Generator
Damage = Callable[[Pixels, float, Chance], Pixels]


def blur(picture: Pixels, level: float, chance: Chance) -> Pixels:
    """Blur by a Gaussian of S / 256 to S / 32."""
    radius = picture.shape[0] / 256 * 8**level
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def noise(picture: Pixels, level: float, chance: Chance) -> Pixels:
    """Add Gaussian noise with a deviation of 4 to 64 of 255."""
    grain = chance.standard_normal(picture.shape, np.float32)
    return _bytes(picture + 4 * np.float32(16**level) * grain)


def jpeg(picture: Pixels, level: float, chance: Chance) -> Pixels:
    """Store as JPEG of quality 85 down to 5."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=round(85 / 17**level))
    return np.asarray(Image.open(file))


def coarse(picture: Pixels, level: float, chance: Chance) -> Pixels:
    """Shrink by 1.4 to 8 and enlarge again, with one of three filters."""
    side = max(1, round(picture.shape[0] / (1.4 * 5.7**level)))
    ups = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)
    small = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(small.resize(picture.shape[1::-1], ups[chance.integers(len(ups))]))


def smear(picture: Pixels, level: float, chance: Chance) -> Pixels:
    """Keep the strongest 20 % to 0.5 % of the frequencies, as a codec with too few bits does."""
    waves = np.fft.rfft2(picture.astype(np.float32), axes=(0, 1))
    strength = np.abs(waves).max(2)
    kept = max(1, round(0.2 / 40**level * strength.size))
    least = np.partition(strength.ravel(), -kept)[-kept]
    shape = picture.shape[0], picture.shape[1]
    return _bytes(np.fft.irfft2(waves * (strength >= least)[..., None], s=shape, axes=(0, 1)))


def shuffle(picture: Pixels, level: float, chance: Chance) -> Pixels:
    """Let 5 % to all of the cells of a grid change places."""
    cells = int(chance.choice([4, 8]))
    side = picture.shape[0] // cells
    moved = chance.permutation(cells * cells)[: max(2, round(cells * cells * 0.05 * 20**level))]
    result = picture.copy()
    for source, target in zip(moved, np.roll(moved, 1), strict=True):
        (y, x), (v, u) = divmod(int(source), cells), divmod(int(target), cells)
        cell = picture[y * side : (y + 1) * side, x * side : (x + 1) * side]
        result[v * side : (v + 1) * side, u * side : (u + 1) * side] = cell
    return result


def colour(picture: Pixels, level: float, chance: Chance) -> Pixels:
    """Turn the hue by 10 to 120 degrees, and change saturation and contrast along with it."""
    angle = np.deg2rad(10 * 12**level) * chance.choice([-1, 1])
    grey = np.full((3, 3), 1 / 3)
    across = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / 3**0.5
    turned = np.cos(angle) * (np.eye(3) - grey) + np.sin(angle) * across  # Rodrigues, about the grey axis
    saturation, contrast = 1 + 0.5 * level * chance.uniform(-1, 1, 2)
    matrix = (contrast * (grey + saturation * turned)).astype(np.float32)
    return _bytes((picture.astype(np.float32) - 255) @ matrix.T + 255)  # white stays white


def warp(picture: Pixels, level: float, chance: Chance) -> Pixels:
    """Bend the picture: the inner nodes of a 5 x 5 grid move by up to 1 % to 10 % of the side."""
    side, cells = picture.shape[0], 4
    edges = np.linspace(0, side, cells + 1)
    nodes = np.stack(np.meshgrid(edges, edges, indexing="ij"), axis=2)  # (5, 5, 2): y, x
    nodes[1:-1, 1:-1] += chance.uniform(-1, 1, (cells - 1, cells - 1, 2)) * side * 0.01 * 10**level
    mesh = []
    for y in range(cells):
        for x in range(cells):
            box = tuple(int(edge) for edge in (edges[x], edges[y], edges[x + 1], edges[y + 1]))
            corners = nodes[[y, y + 1, y + 1, y], [x, x, x + 1, x + 1]]  # PIL: NW, SW, SE, NE
            mesh.append((box, tuple(corners[:, ::-1].ravel().tolist())))
    bent = Image.fromarray(picture).transform(
        (side, side), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR
    )
    return np.asarray(bent)


DAMAGES: dict[str, Damage] = {
    "blur": blur,
    "coarse": coarse,
    "colour": colour,
    "jpeg": jpeg,
    "noise": noise,
    "shuffle": shuffle,
    "smear": smear,
    "warp": warp,
}
"""Name -> damage."""


def _bytes(values: NDArray[np.floating]) -> Pixels:
    return values.round().clip(0, 255).astype(np.uint8)
