"""Decisions keep their numbers: each page has its number, a title, a date and a status, and stands
in the index with them; a link leads to a file, and to a heading of it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "docs/decisions"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| \[\d+\]\((.+?)\) \| (.+) \|$", INDEX, re.MULTILINE))
HEAD = re.compile(
    r"# (?P<number>\d{3}) (?P<title>.+)\n\nDate: \d{4}-\d\d-\d\d\. Status: (?P<status>.+)\.\n\n"
)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


def test_the_index_has_every_page_in_order() -> None:
    assert list(ROWS) == [path.name for path in PAGES]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_has_its_number_and_stands_in_the_index_as_it_is(path: Path) -> None:
    head = HEAD.match(path.read_text(encoding="utf-8"))
    assert head, "# NUMBER title, and then: Date: YYYY-MM-DD. Status: accepted, or moved."
    assert path.name.startswith(f"{head['number']}-")
    assert head["status"] in ("accepted", "moved")
    assert ROWS[path.name] == f"{head['title']} | {head['status']}"
    assert f"[{head['number']}]({path.name})" in INDEX


@pytest.mark.parametrize("path", [*PAGES, FOLDER / "README.md"], ids=lambda path: path.stem)
def test_links_of_a_page_lead_somewhere(path: Path) -> None:
    for target, heading in LINK.findall(path.read_text(encoding="utf-8")):
        if "://" not in target:
            file = (path.parent / target).resolve() if target else path
            assert file.exists(), target
            assert not heading or heading in headings(file), f"{target}#{heading}"


def headings(path: Path) -> set[str]:
    """The names by which headings of a page are linked to, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
