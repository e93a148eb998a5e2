"""Where good ends: the limits that a verdict goes by. A TOML file may set any of them."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from fromnoise.config import Settings, check_settings, read_settings
from fromnoise.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]


class Floor(Settings):
    """How low a figure may be: the larger of a share of what real data score and a number of its own."""

    share: Share
    """Of the real-against-real baseline."""
    least: NonNegativeFloat = 0.0
    """Whatever the baseline says."""


class PictureThresholds(Settings):
    """Limits for pictures."""

    least_samples: PositiveInt = 250
    """Below this many pictures only what is certain is said: leaks, copies, hopeless likeness."""
    conventional_samples: PositiveInt = 10_000
    """From here on, and with Inception alone, the four limits that follow are used."""
    fid_good: PositiveFloat = 20.0
    fid_bad: PositiveFloat = 50.0
    inception_score_good: PositiveFloat = 8.0
    inception_score_bad: PositiveFloat = 3.0
    frechet_ratio: PositiveFloat = 2.0
    """Elsewhere: the Frechet distance may be this many times that of real pictures from each other."""
    kernel_excess: NonNegativeFloat = 0.02
    """And the kernel distance may exceed theirs by this much; blur by one pixel in 128 adds about 0.1."""
    kernel_contradicts: NonNegativeFloat = 0.1
    """Where FID decides, an excess this large makes it doubtful."""
    too_good_ratio: Share = 0.5
    """A Frechet distance below this share of the baseline is not skill but shared pictures."""
    memorized_excess: Share = 0.01
    """Share of copies that may be found beyond those found among held-out real pictures."""
    precision: Floor = Floor(share=0.7, least=0.3)
    recall: Floor = Floor(share=0.6, least=0.2)
    density: Floor = Floor(share=0.5, least=0.2)
    coverage: Floor = Floor(share=0.7, least=0.3)
    inception_score: Floor = Floor(share=0.7)
    vendi_score: Floor = Floor(share=0.6)
    concept_rank_1: Floor = Floor(share=0.5)
    concept_rank_5: Floor = Floor(share=0.5)
    style_accuracy: Floor = Floor(share=0.7)


class WordThresholds(Settings):
    """Limits for texts."""

    least_samples: PositiveInt = 100
    """Below this many texts only what is certain is said."""
    mauve: Floor = Floor(share=0.7, least=0.3)
    token_entropy: Floor = Floor(share=0.85)
    distinct_1: Floor = Floor(share=0.6)
    distinct_2: Floor = Floor(share=0.7)
    distinct_3: Floor = Floor(share=0.7)
    style_accuracy: Floor = Floor(share=0.7)
    repetition_excess: NonNegativeFloat = 0.1
    """How much more than real texts they may repeat themselves."""
    memorized_excess: Share = 0.02
    """Share of texts learnt by heart beyond that found among held-out real texts."""
    containment_excess: Share = 0.1
    """How many more of their n-grams than of held-out texts' may stand in the training texts."""
    copied_span_ratio: PositiveFloat = 3.0
    """The longest copied span may be this many times the longest that held-out texts share with training."""
    bits_per_byte_ratio: PositiveFloat = 1.0
    """Bits per byte may be this many times the baseline's, which knows nothing but the bytes' frequencies."""


class Thresholds(Settings):
    """All limits; TOML sections `[pictures]` and `[words]`."""

    pictures: PictureThresholds = PictureThresholds()
    words: WordThresholds = WordThresholds()


def open_thresholds(given: "Thresholds | dict[str, object] | Path | str | None") -> Thresholds:
    """Return thresholds from a TOML file or a plain tree; None gives the defaults."""
    if given is None:
        return Thresholds()
    if isinstance(given, Thresholds):
        return given
    if isinstance(given, dict):
        return check_settings(Thresholds, given, where="thresholds")
    if not isinstance(given, Path | str):
        raise ConfigError(f"thresholds are a TOML file or a table, not {type(given).__name__}")
    path = Path(given).expanduser()
    if not path.is_file():
        raise ConfigError(f"no thresholds file at {path}")
    return read_settings(Thresholds, path)
