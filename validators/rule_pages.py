"""The pages of rules that ship with the package: what one says of a rule (``pages/*.md``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from .economy.lazy_pattern import lazy_pattern

__all__ = ["page_titles", "section_of"]

_SECTION = lazy_pattern(r"^## (\S+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@cache
def _pages() -> Mapping[str, str]:
    """Return file name -> text of every page but the index."""
    folder = files("bulkfhir.validators") / "pages"
    return {
        page.name: page.read_text(encoding="utf-8")
        for page in sorted(folder.iterdir(), key=lambda one: one.name)
        if page.name.endswith(".md") and page.name != "README.md"
    }


def page_titles() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return for every page its title and the names of the rules that have a section on it."""
    return {
        name: (
            text.partition("\n")[0].removeprefix("# "),
            tuple(match[1] for match in _SECTION.finditer(text)),
        )
        for name, text in _pages().items()
    }


def section_of(name: str) -> str | None:
    """Return the section on a rule as Markdown, without its heading; None where no page has one."""
    return next(
        (
            match[2].strip()
            for text in _pages().values()
            for match in _SECTION.finditer(text)
            if match[1] == name
        ),
        None,
    )
