"""Draw one prompt in five styles, with five seeds each, as one sheet.

python examples/style_sheet.py "a red apple"
"""

import sys

import fromnoise
from fromnoise.films import sheet

STYLES = ("noto", "noto-v1", "fluent-3d", "fluent-flat", "twemoji")
SEEDS = range(5)


def main(prompt: str = "a red apple") -> None:
    """Write style-sheet.png: styles downwards, seeds across."""
    model = fromnoise.load("emoji-diffusion")
    rows = [model.generate(prompt, style=style, seed=SEEDS.start, count=len(SEEDS)) for style in STYLES]
    images = [image for row in rows for image in row.images]
    sheet(images, columns=len(SEEDS)).save("style-sheet.png")


if __name__ == "__main__":
    main(*sys.argv[1:2])
