"""Do prompts beyond any caption come out in the colour that they name?"""

from pathlib import Path

from benchmarks.asks import answers, free_asks, loaded_model, write_prompts
from benchmarks.colours import asked_colours, count_shown, shares, shows
from benchmarks.contact_sheet import save_sheet, sheet
from benchmarks.real_pictures import STYLES, RealPictures
from benchmarks.report import RESULTS, Cell, run, save_result, table

PROMPTS = tuple(Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines())
GREEN, RED = "#207040", "#b03030"  # captions: nothing wrong with the colour, the asked colour is missing


def main(
    model: str = "emoji-diffusion",
    *,
    steps: int | None = None,
    seed: int = 0,
    pictures: Path | None = None,
    write: Path | None = None,
    output: Path = RESULTS / "free-prompts.png",
    name: str = "free-prompts",
) -> None:
    """Draw the 50 prompts of free_prompts.txt, unpicked, and count those whose colour is the one asked for.

    Parameters
    ----------
    model
        A shipped model's name or a model folder.
    pictures
        Judge this folder, which `fromnoise image --prompts FILE -o DIR` filled from the prompts of --write.
    write
        Only write the prompts to this .jsonl file.
    """
    asks = free_asks(PROMPTS, seed)
    if write:
        return write_prompts(asks, write)
    made = answers(asks, None if pictures else loaded_model(model), pictures, steps)
    asked = [asked_colours(prompt)[:1] for prompt in PROMPTS]
    hits = [not colour or shows(picture, colour[0])[1] for picture, colour in zip(made, asked, strict=True)]
    inks = [GREEN if hit else RED for hit in hits]
    save_sheet(sheet(made, [f"{ask.prompt} ({ask.style})" for ask in asks], inks, 10), output)
    coloured = [place for place, colour in enumerate(asked) if colour]
    first, notable = count_shown(made[coloured], [asked[place][0] for place in coloured])
    real_n, real_first, real_notable = _real_pictures()
    head = ("pictures", "n", "asked colour is the first", "is among the first two")
    rows: list[list[Cell]] = [
        ["free prompts", len(coloured), first, notable],
        ["real", real_n, real_first, real_notable],
    ]
    print(table(head, rows))
    found = [{**vars(ask), "shares": shares(picture)} for ask, picture in zip(asks, made, strict=True)]
    saved = {"model": model, "n": len(coloured), "first": first, "notable": notable, "prompts": found}
    print(f"\nsaved {save_result(name, saved)}")


def _real_pictures() -> tuple[int, int, int]:
    """Count the same for real things whose label names one colour: what the check itself gets wrong."""
    real = RealPictures.open().where(styles=STYLES)
    asked = [() if item.group == "people-body" else asked_colours(item.label) for item in real.items]
    rows = [row for row, colours in enumerate(asked) if len(colours) == 1]
    return len(rows), *count_shown(real.pictures[rows], [asked[row][0] for row in rows])


if __name__ == "__main__":
    run(main)
