"""`fromnoise guard`: may this be asked for, may this be shown, and is this file as it was made?"""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from fromnoise.errors import RequestError

if TYPE_CHECKING:
    from fromnoise.guard.policy import Verdict

REFUSED = 3


def guard(
    text: str | None = None,
    /,
    *,
    texts: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    policy: Path | None = None,
    picture: Path | None = None,
    verify: Path | None = None,
    c2pa: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Judge a text by the policy, look at a picture, or check that a file is as it was made.

    Exit code 0: allowed, or unaltered; 3: refused, or anything but unaltered.

    Parameters
    ----------
    text
        What to judge.
    texts
        Judge every line of this file; - is standard input.
    policy
        Judge by this policy file (TOML) in place of the one in force.
    picture
        Look at this picture with the classifier, when one is installed.
    verify
        Say whether this picture, or JSON file with texts, is as it was made and signed by whom.
    c2pa
        Add a C2PA manifest to this PNG or WebP file; needs the extra `c2pa`.
    as_json
        Print JSON.
    """
    if [text, texts, picture, verify, c2pa].count(None) != 4:
        raise RequestError(
            "give one thing: a text, --texts FILE, --picture FILE, --verify FILE or --c2pa FILE"
        )
    if policy is not None and text is None and texts is None:
        raise RequestError("--policy judges texts; give one")
    if picture is not None:
        return _look(picture, as_json)
    if verify is not None:
        return _verify(verify, as_json)
    if c2pa is not None:
        return _add_manifest(c2pa)
    return _judge([text] if text is not None else _lines(texts or Path()), policy, as_json)


def _lines(path: Path) -> Iterable[str]:
    if str(path) == "-":
        return (line.rstrip("\n") for line in sys.stdin)
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"can't read texts from {path}: {getattr(error, 'strerror', error)}") from None


def _judge(texts: Iterable[str], policy: Path | None, as_json: bool) -> int:
    from fromnoise.guard.policy import check
    from fromnoise.guard.policy_file import read_policy

    if policy is not None:
        read_policy(policy)  # a broken one is said once, not for every text
    code = 0
    for text in texts:
        verdict = check(text, policy)
        print(json.dumps(asdict(verdict)) if as_json else _in_words(verdict), flush=True)
        code = REFUSED if verdict.action == "block" else code
    return code


def _in_words(verdict: "Verdict") -> str:
    if verdict.action == "allow":
        return "allowed"
    return f"{'refused' if verdict.action == 'block' else 'allowed, with a warning'}: {verdict.reason}"


def _look(path: Path, as_json: bool) -> int:
    from fromnoise.guard.review import review
    from fromnoise.pictures import read_picture

    found = review([read_picture(path)])
    told: dict[str, Any] = {"reviewed_by": found.by, "unsafe": found.scores[0] if found.scores else None}
    if as_json:
        print(json.dumps(told))
    else:
        print(*found.warnings or [f"allowed: {found.scores[0]:.0%} likely unsafe, by {found.by}"], sep="\n")
    return REFUSED if any(found.unsafe) else 0


def _verify(path: Path, as_json: bool) -> int:
    from fromnoise.guard.credentials import state_if_known
    from fromnoise.guard.provenance import verify

    seal = verify(path)
    manifest = state_if_known(path)
    if as_json:
        print(json.dumps({"path": str(path), **asdict(seal), "c2pa": manifest}))
    else:
        model, seed = seal.settings.get("model"), seal.settings.get("seed")
        carried = f"; C2PA manifest: {manifest}" if manifest else ""
        print(f"{path}: {seal.state}, {seal.why}; made by {model} with seed {seed}{carried}")
    return 0 if seal.state == "unaltered" and manifest != "Invalid" else REFUSED


def _add_manifest(path: Path) -> int:
    from fromnoise.files import write_all
    from fromnoise.guard.credentials import with_manifest

    write_all({path: with_manifest(path)})
    print(f"{path}: C2PA manifest added")
    return 0
