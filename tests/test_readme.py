"""The README is held to what is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def tree_folders() -> list[str]:
    """Return the folders that the README's tree names, as paths from the root."""
    tree = next(block for block in README.split("```")[1::2] if block.startswith("\nfromnoise/\n"))
    folders, parent = [], ""
    for line in tree.split("\n")[1:-1]:
        name = line.split()[0]
        parent = parent if line.startswith(" ") else name
        folders.append(parent + name if line.startswith(" ") else name)
    return folders


def test_every_folder_in_the_tree_exists() -> None:
    assert [folder for folder in tree_folders() if not (ROOT / folder).is_dir()] == []


def test_every_folder_of_the_package_is_in_the_tree() -> None:
    packages = {f"fromnoise/{path.parent.name}/" for path in (ROOT / "fromnoise").glob("*/__init__.py")}
    assert packages - set(tree_folders()) == set()


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_index_leads_to_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if f"({page})" not in index} == {"index.md"}


def test_the_two_commands_are_the_promised_ones() -> None:
    commands = [line for line in README.splitlines() if line.startswith("pip install -c constraints.txt ")]
    assert commands == [
        'pip install -c constraints.txt . ./weights && fromnoise image "a red apple"',
        'pip install -c constraints.txt -e ".[test]" ./weights && pytest',
    ]
