"""Check: the function that a rule is compiled to, and the issues that it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ..verdicts.issue import Issue
from .surroundings import Scope

__all__ = ["Check", "Issues", "added", "copied", "joined", "prefix_locations", "union"]

Issues: TypeAlias = list[Issue] | None
"""What a check finds: None where all is well, so that a valid resource makes no objects.

Locations are relative to the value checked.
"""


Check = Callable[[Any, Scope], Issues]
"""Checks one value (an object, or one primitive) in its scope. Never raises for bad data."""


def joined(step: str, location: str) -> str:
    """Return two parts of a location in one: ``name[0]`` and ``given[1]`` are
    ``name[0].given[1]``.
    """
    return f"{step}.{location}" if location else step


def prefix_locations(step: str, issues: list[Issue]) -> list[Issue]:
    """Put a step before the locations of issues, in place, and return the issues."""
    for issue in issues:
        location = issue.location
        issue.location = f"{step}.{location}" if location else step
    return issues


def copied(issues: Issues) -> Issues:
    """Return the issues anew, since locations grow in place; None where there are none."""
    return issues and [one.copied() for one in issues]


def added(issues: Issues, found: list[Issue]) -> list[Issue]:
    """Return what was found so far, and more.

    Grown in place: a hundred thousand findings in one line must not be copied for each of them.
    """
    if issues is None:
        return [*found]
    issues += found
    return issues


def union(checks: list[Check]) -> Check | None:
    """Return one check that runs them all in order; None where there are none."""
    if len(checks) <= 1:
        return checks[0] if checks else None
    if len(checks) == 2:
        first, second = checks

        def both(value: Any, scope: Scope) -> Issues:
            found, more = first(value, scope), second(value, scope)
            return found if more is None else more if found is None else found + more

        return both
    every = tuple(checks)

    def all_of(value: Any, scope: Scope) -> Issues:
        found: Issues = None
        for check in every:
            issues = check(value, scope)
            if issues is not None:
                found = added(found, issues)
        return found

    return all_of
