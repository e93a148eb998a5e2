"""`fromnoise eval`: is what was made any good, and how sure is that?"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from fromnoise.cli.outputs import check_files
from fromnoise.cli.terminal import progress
from fromnoise.errors import OutputError, RequestError

if TYPE_CHECKING:
    from fromnoise.evaluation.evaluating import Evaluation, Method
    from fromnoise.evaluation.thresholds import Thresholds

EXIT_CODES = {"ready": 0, "not ready": 1, "invalid": 1, "cannot tell": 3}
EXIT_CODES |= {"no difference found": 0, "differences found": 1}


def evaluate(
    generated: Path | None = None,
    /,
    *,
    against: Path | None = None,
    train: Path | None = None,
    model: str | None = None,
    data: str | None = None,
    bias: Annotated[bool, Parameter(negative="")] = False,
    templates: Path | None = None,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    count: Annotated[int | None, Parameter(name=["--count", "-n"])] = None,
    extractor: str = "fromnoise",
    thresholds: Path | None = None,
    k: Annotated[int, Parameter(name="--k")] = 5,
    seed: int = 0,
    force: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Judge a model, or pictures or texts, and write report.json and report.html.

    Exit code 0: ready, or no difference found; 1: not ready or invalid, or differences found; 3: cannot tell.

    Parameters
    ----------
    generated
        Folder of pictures, or a folder or file (.jsonl, .txt) of texts.
    against
        Real ones of the same kind, which no model was trained on.
    train
        Those that the model was trained on: copies of them are looked for, and leaks.
    model
        Judge this model, in place of a folder, by the test split of what it was trained on.
    data
        Dataset whose test split that is, by name or folder; found by the model's name when left out.
    bias
        Audit the model: are prompts treated alike that differ in one attribute?
    templates
        TOML file with other prompts for that.
    output
        Folder for the report.
    count
        How many are compared on each side; with --bias, trials of each template.
    extractor
        What pictures are compared by: `fromnoise`, `efficientnet-lite0`, `inception:FILE`, `dinov2:FILE` or
        `pixels`.
    thresholds
        TOML file with other limits for the verdict.
    k
        Neighbours that count for precision, recall, density and coverage.
    seed
        What chance decides by.
    force
        Overwrite the report that is there already.
    as_json
        Print the whole report as JSON; then the folder may be left out.
    """
    if bias or templates is not None:
        _check_audit(bias, model, data, thresholds, k)
    _check_together(generated, against, train, model, data)
    _check_numbers(count, k, seed)
    if output is None and not as_json:
        raise OutputError("say where the report goes: -o DIR")
    if output is not None:
        check_files([output / "report.json", output / "report.html"], force)
    method = _method(extractor, count, k, seed)
    if bias:
        return _audit(str(model), templates, method, output, as_json)
    from fromnoise.evaluation.thresholds import open_thresholds

    limits = open_thresholds(thresholds)
    found = _judged((generated, against, train), model, data, method, limits)
    return _finish(found, output, limits, as_json)


def _judged(
    sets: tuple[Path | None, Path | None, Path | None],
    model: str | None,
    data: str | None,
    method: "Method",
    limits: "Thresholds",
) -> "Evaluation":
    """Judge a model, or what is generated against what is real and what was trained on."""
    with progress(model or str(sets[0])) as report:
        if model is not None:
            from fromnoise.evaluation.models import compare_model

            return compare_model(model, data, method, limits, report)
        from fromnoise.evaluation.evaluating import compare

        return compare(*sets, method, limits, report)


def _method(extractor: str, count: int | None, k: int, seed: int) -> "Method":
    from fromnoise.evaluation.evaluating import Method

    return Method(extractor, count, k, seed)


def _audit(model: str, templates: Path | None, method: "Method", output: Path | None, as_json: bool) -> int:
    """Compare how a model treats prompts that differ in one attribute, and tell what was found."""
    from fromnoise.evaluation.bias import audit_model
    from fromnoise.evaluation.bias_report import write_audit
    from fromnoise.guard.policy import check

    def reason(text: str) -> str | None:
        verdict = check(text)
        return verdict.reason if verdict.action == "block" else None

    with progress(model) as report:
        audit = audit_model(model, reason, templates, method, report)
    written = None if output is None else write_audit(audit, output)
    return _tell(audit.report, written, as_json)


def _finish(found: "Evaluation", output: Path | None, limits: "Thresholds", as_json: bool) -> int:
    """Write the report, tell the verdict and return its exit code."""
    written = None
    if output is not None:
        from fromnoise.evaluation.report import write_report

        written = write_report(found.report, output, found.gallery, limits)
    return _tell(found.report, written, as_json)


def _tell(report: dict[str, Any], written: tuple[Path, Path] | None, as_json: bool) -> int:
    """Print the verdict, or the whole report, and return the exit code."""
    verdict = report["verdict"]
    if as_json:
        print(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        print(verdict["level"])
        for reason in verdict["reasons"]:
            print(f"  {reason}")
    if written is not None:
        print(written[1], file=sys.stderr if as_json else sys.stdout)
    return EXIT_CODES[verdict["level"]]


def _check_together(
    generated: Path | None, against: Path | None, train: Path | None, model: str | None, data: str | None
) -> None:
    if model is None and data is not None:
        raise RequestError("--data goes with --model: it names the dataset that the model was trained on")
    if model is not None and (generated is not None or against is not None or train is not None):
        raise RequestError(
            "--model is judged by its own test split; leave the folder, --against and --train out"
        )
    if model is None and generated is None:
        raise RequestError("say what to judge: fromnoise eval PICTURES --against PICTURES, or --model NAME")
    if model is None and against is None:
        raise RequestError(f"say what {generated} is compared with: --against REAL")


def _check_audit(bias: bool, model: str | None, data: str | None, thresholds: Path | None, k: int) -> None:
    if not bias:
        raise RequestError("--templates goes with --bias: they are the prompts that a model is audited with")
    if model is None:
        raise RequestError("--bias audits a model, not what was made: fromnoise eval --bias --model NAME")
    for name, given in (("--data", data), ("--thresholds", thresholds), ("--k", None if k == 5 else k)):
        if given is not None:
            raise RequestError(f"{name} is of no use with --bias; its limits stand in the --templates file")


def _check_numbers(count: int | None, k: int, seed: int) -> None:
    for name, value, least in (("-n", count, 1), ("--k", k, 1), ("--seed", seed, 0)):
        if value is not None and value < least:
            raise RequestError(f"{name} must be at least {least}, got {value}")
