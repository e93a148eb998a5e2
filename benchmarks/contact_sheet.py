"""What does it look like, unpicked? One sheet of 100 prompts, seen and held out."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from benchmarks.asks import Ask, answers, asks_of, loaded_model, write_prompts
from benchmarks.judge import Bytes
from benchmarks.real_pictures import RealPictures
from benchmarks.report import RESULTS, run

GAP, LINE, SIZE = 6, 13, 11  # px
SMALL = 100  # px
INK = {"train": "#444444", "pair": "#b03060", "concept": "#6a2fb0", "free": "#444444"}


def sheet(pictures: Bytes, captions: Sequence[str], inks: Sequence[str], columns: int) -> Image.Image:
    """Lay out pictures (N, H, W, 3) in rows, captions beneath; small pictures twice as large."""
    if pictures.shape[1] < SMALL:
        pictures = pictures.repeat(2, axis=1).repeat(2, axis=2)
    height, width = pictures.shape[1:3]
    cell = (width + GAP, height + 2 * LINE + GAP)
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * cell[0] + GAP, rows * cell[1] + GAP), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(SIZE)
    for place, (picture, caption, ink) in enumerate(zip(pictures, captions, inks, strict=True)):
        left, top = GAP + place % columns * cell[0], GAP + place // columns * cell[1]
        page.paste(Image.fromarray(picture), (left, top))
        for line, text in enumerate(_broken(caption, font, width)):
            draw.text((left, top + height + line * LINE), text, ink, font)
    return page


def sheet_asks(real: RealPictures, seed: int) -> list[Ask]:
    """Choose ten seen pairs, seven held-out pairs and three held-out concepts a style, by hash."""
    counts = {"train": 10, "pair": 7, "concept": 3}
    return [ask for split, count in counts.items() for ask in asks_of(real.judged(), split, count, seed)]


def main(
    model: str = "emoji-diffusion",
    *,
    steps: int | None = None,
    seed: int = 0,
    pictures: Path | None = None,
    write: Path | None = None,
    output: Path = RESULTS / "contact-sheet.png",
) -> None:
    """Draw 100 prompts fixed by hash. Grey: seen pairs; red: held-out pairs; purple: held-out concepts.

    Parameters
    ----------
    model
        A shipped model's name or a model folder.
    pictures
        Show this folder, which `fromnoise image --prompts FILE -o DIR` filled from the prompts of --write.
    write
        Only write the prompts to this .jsonl file.
    """
    asks = sheet_asks(RealPictures.open(), seed)
    if write:
        return write_prompts(asks, write)
    made = answers(asks, None if pictures else loaded_model(model), pictures, steps)
    captions = [f"{ask.prompt} ({ask.style})" for ask in asks]
    save_sheet(sheet(made, captions, [INK[ask.split] for ask in asks], 10), output)


def save_sheet(page: Image.Image, path: Path) -> None:
    """Write a sheet and say where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path)
    print(f"saved {path}")


def _broken(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    """Break a caption into at most two lines that fit `width` px."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [line for line in lines if line][:2]


if __name__ == "__main__":
    run(main)
