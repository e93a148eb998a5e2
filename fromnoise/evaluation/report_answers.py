"""The questions of a report's page: their answers at a glance, then figure by figure, with pictures."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fromnoise.evaluation.evidence import Evidence, Measure
from fromnoise.evaluation.findings import Finding, shown
from fromnoise.evaluation.gallery import Gallery
from fromnoise.evaluation.html import Html, Node, element
from fromnoise.evaluation.meanings import Meaning, Question, questions
from fromnoise.evaluation.plots import interval_bar
from fromnoise.evaluation.report_pictures import shown_for

_ANSWERS = {"no": "No", "unsure": "Can\N{RIGHT SINGLE QUOTATION MARK}t tell", "yes": "Yes"}  # the worst first
_TONES = {"invalid": "no", "fails": "no", "unsure": "unsure", "open": "unsure", "passes": "yes"}


@dataclass(frozen=True)
class Reading:
    """A report, what was found in it and what it shows."""

    evidence: Evidence
    findings: list[Finding]
    gallery: Gallery

    @property
    def questions(self) -> list[Question]:
        """Return the questions that there is something to say to; leaks are always spoken of."""
        shows = {"fair"} | ({"asked"} if self.gallery.asked else set())
        known = self.evidence.measures
        return [
            one
            for one in questions(self.evidence.kind)
            if one.name in shows or any(metric.name in known for metric in one.metrics)
        ]

    def tone(self, about: Iterable[str]) -> str:
        """Return "no", "unsure", "yes" or "none": the worst that was found about any of these metrics."""
        chosen = set(about)
        tones = {_TONES.get(finding.weight) for finding in self.findings if finding.about in chosen}
        return next((tone for tone in _ANSWERS if tone in tones), "none")

    def answer(self, question: Question) -> str:
        """Return the tone of all that a question asks."""
        return self.tone(["leaked"] if question.name == "fair" else [one.name for one in question.metrics])


def overview(reading: Reading) -> Html:
    """Answer every question in a word."""
    links = [
        element(
            "a",
            {"href": f"#{question.name}", "class": tone},
            element("span", {"class": "text"}, question.text),
            element("span", {"class": "answer"}, _light(), _ANSWERS.get(tone, "Not measured")),
        )
        for question in reading.questions
        for tone in [reading.answer(question)]
    ]
    return element("nav", {"class": "questions", "aria-label": "The questions"}, *links)


def section(question: Question, reading: Reading) -> Html:
    """Show every figure that answers a question, and pictures."""
    told = [one.claim for one in reading.findings if question.name == "fair" and one.about == "leaked"]
    head = element("header", None, _light(reading.answer(question)), element("h2", None, question.text))
    return element(
        "section",
        {"id": question.name},
        head,
        *[element("p", {"class": "said"}, f"{claim}.") for claim in told],
        *[_metric(one, reading) for one in question.metrics if one.name in reading.evidence.measures],
        *shown_for(question.name, reading.gallery, reading.evidence),
    )


def _metric(meaning: Meaning, reading: Reading) -> Html:
    measure = reading.evidence.measures[meaning.name]
    is_frechet = meaning.name == "frechet_distance"
    title = reading.evidence.frechet_name if is_frechet else meaning.title
    scaled = _per_cent if meaning.share else shown
    words = element(
        "div",
        None,
        element("div", {"class": "name"}, _light(reading.tone([meaning.name])), element("h3", None, title)),
        element("p", {"class": "sentence"}, meaning.sentence),
        _small(measure.note),
    )
    number = element(
        "div",
        {"class": "number"},
        element("b", None, scaled(measure.value)),
        element("span", None, f"{meaning.better} is better"),
    )
    bar = interval_bar(measure, meaning.share, meaning.better == "higher", _of_real(measure, scaled))
    return element("div", {"class": "metric"}, words, number, bar)


def _light(tone: str = "") -> Html:
    return element("span", {"class": f"light {tone}".strip()})


def _small(note: str) -> Node:
    """Set what is to be known of one figure below its meaning."""
    return element("p", {"class": "small"}, f"{note[0].upper()}{note[1:].rstrip('.')}.") if note else None


def _of_real(measure: Measure, scaled: Callable[[float], str]) -> str:
    return f"real {scaled(measure.baseline)}" if measure.baseline is not None else "real"


def _per_cent(share: float) -> str:
    return f"{100 * share:.3g} %"
