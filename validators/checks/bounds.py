"""Bounds: what is said where a check would take more steps than it may, and so decides nothing."""

from __future__ import annotations

from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue
from ..verdicts.undecided import bounds_key
from .surroundings import Scope

__all__ = ["BEYOND", "undecided"]

BEYOND = Declaration(
    "beyond-bounds",
    "information",
    "too-costly",
    "Not decided, since it takes more steps than a check may take: {what}",
    "data or a profile must not make a check run without end",
)


def undecided(what: str, scope: Scope) -> list[Issue]:
    """Count a check that was not decided, and return the issue that says so.

    what    the check, in words that quote no data: it becomes a key of the counts
    """
    scope.undecided[bounds_key(what)] += 1
    return [Issue.of(BEYOND(what=what))]
