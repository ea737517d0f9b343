"""Level minimal: what it makes of the failures at structure-only."""

from __future__ import annotations

from .checks.check import joined
from .definitions import Definitions
from .definitions.search import SearchedElements
from .values.decoding import DUPLICATE_PROPERTY, JSON, JSON_DEPTH, JSON_OBJECT
from .values.form_faults import RESOURCE_TYPE
from .verdicts.issue import Issue

__all__ = ["MinimalLevel"]

_ALWAYS = frozenset(
    one.name for one in (JSON, JSON_DEPTH, JSON_OBJECT, DUPLICATE_PROPERTY, RESOURCE_TYPE)
)
"""Rules that hold at every level, ``minimal`` too; so does the format of an id."""


class MinimalLevel:
    """The level by the definitions of one validator."""

    def __init__(self, definitions: Definitions) -> None:
        self._searched = SearchedElements(definitions)

    def kept(self, issues: list[Issue]) -> list[Issue]:
        """Return what is left of failures: few stay, some become warnings, in place, the rest is
        dropped.
        """
        kept: list[Issue] = []
        for issue in issues:
            if issue.rule in _ALWAYS or issue.location == f"{issue.location.partition('.')[0]}.id":
                kept.append(issue)
            elif self._searched.reads(joined(issue.location, issue.element)):
                issue.severity = "warning"
                kept.append(issue)
        return kept
