"""The pages of rules, read: sections, and the lines of their fences with what is said of each.

CONTRIBUTING says how a page is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["PAGES", "Line", "Page", "Section", "read_page"]

PAGES = Path(__file__).resolve().parents[2] / "validators" / "pages"

_SECTION = re.compile(r"## (.+)")
_RULE = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")
_HEAD = re.compile(r"(Passes|Fails)(?: \((.+?)\))?(?: with (.+))?:")
_ISSUE = re.compile(r"(?:(fatal|warning|information) )?`([^`]+)`(?: at `([^`]+)`)?(?:, | and |$)")
_GIVEN = "Given:"
_UNSEEN = re.compile(r"No line shows this rule: .+")
_OPTIONS: dict[str, tuple[str, Any]] = {
    "minimal": ("level", "minimal"),
    "structure-only": ("level", "structure-only"),
    "unknown profiles warn": ("unknown_profile", "warning"),
    "unknown profiles ignored": ("unknown_profile", "ignore"),
    "with warnings": ("warnings", True),
    "import job": ("job", True),
}

Said = tuple[str, str, str]
"""Severity, rule and place of an issue."""


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a fence: its bytes, the choices of the validator that judges it, and what must
    be said of it.
    """

    section: Section
    number: int
    data: bytes
    passes: bool
    choices: dict[str, Any]
    expected: tuple[Said, ...]

    def __str__(self) -> str:
        return f"{self.section.page.path.name}:{self.section.name.replace(' ', '-')}:{self.number}"


@dataclass(eq=False)
class Section:
    """The part of a page below one ``##``: about the rule of that name, or prose with lines.

    unseen  whether the section says why no line can show the rule
    """

    page: Page
    name: str
    lines: list[Line] = field(default_factory=list)
    unseen: bool = False

    @property
    def is_rule(self) -> bool:
        """Whether the section is about one rule: a rule's name has no spaces."""
        return _RULE.fullmatch(self.name) is not None


@dataclass(eq=False)
class Page:
    """One page: its sections, and the definitions that its lines are judged with."""

    path: Path
    sections: list[Section] = field(default_factory=list)
    definitions: list[dict[str, Any]] = field(default_factory=list)


def read_page(path: Path) -> Page:
    """Read a page. Raises ValueError for a fence without a head, or a head that says nothing."""
    page, head = Page(path), ""
    fence: tuple[str, list[str]] | None = None
    for text in path.read_text(encoding="utf-8").splitlines():
        if fence is not None and text == "```":
            _take(page, head, *fence)
            fence = None
        elif fence is not None:
            fence[1].append(text)
        elif text.startswith("```"):
            fence = (text[3:], [])
        elif match := _SECTION.fullmatch(text):
            page.sections.append(Section(page, match[1]))
        elif _UNSEEN.fullmatch(text):
            page.sections[-1].unseen = True
        elif text:
            head = text
    return page


def _take(page: Page, head: str, kind: str, texts: list[str]) -> None:
    if head == _GIVEN:
        page.definitions += (json.loads(one) for one in _joined(texts))
        return
    match = _HEAD.fullmatch(head)
    if match is None:
        raise ValueError(f"{page.path.name}: no head stands before a fence, but {head!r}")
    choices = dict(_OPTIONS[name] for name in match[2].split(", ")) if match[2] else {}
    expected, section = _issues(match[3] or ""), page.sections[-1]
    for data in _bytes(kind, texts):
        number = len(section.lines) + 1
        section.lines.append(Line(section, number, data, match[1] == "Passes", choices, expected))


def _joined(texts: list[str]) -> Iterator[str]:
    """The lines of a fence; one that is indented or closes a bracket goes on with the last."""
    whole: list[str] = []
    for text in texts:
        if whole and text.startswith((" ", "}", "]")):
            whole[-1] += text.lstrip(" ")
        else:
            whole.append(text)
    return iter(whole)


def _bytes(kind: str, texts: list[str]) -> list[bytes]:
    """The data of a fence: JSON as it stands, or Python that makes what text cannot show."""
    if kind == "python":
        return [eval("\n".join(texts), {"__builtins__": {}})]
    return [text.encode() for text in _joined(texts)]


def _issues(text: str) -> tuple[Said, ...]:
    found: list[Said] = []
    at = 0
    while at < len(text):
        match = _ISSUE.match(text, at)
        if match is None:
            raise ValueError(f"no rule and place stand in {text[at:]!r}")
        found.append((match[1] or "error", match[2], match[3] or ""))
        at = match.end()
    return tuple(sorted(found))
