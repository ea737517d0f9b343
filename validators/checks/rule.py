"""What a rule is: how it is built from a definition, and the check that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..issue import Issue
from .surroundings import Scope

if TYPE_CHECKING:
    from ..explainer.resource_walk import Explainer

__all__ = [
    "Check",
    "Given",
    "Issues",
    "Rule",
    "Scope",
    "added",
    "copied",
    "located",
    "joined",
    "only_with",
    "union",
]

Issues: TypeAlias = list[Issue] | None
"""What a check finds: None where all is well, so that a valid resource makes no objects.

Locations are relative to the value checked.
"""


Check = Callable[[Any, Scope], Issues]
"""Checks one value (an object, or one primitive) in its scope. Never raises for bad data."""

Given = Callable[[Check, Any, "Explainer", AbstractSet[str]], Check | None]
"""What is left of a rule's check on objects of a type, for those that have exactly these names;
None where they cannot fail it.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of rule.

    name    what it is about, for a person
    on      where it is built and what its check is given:
            object    from a type; every JSON object of the type
            value     from a property of a base type; each single value of it
            narrowed  from a property as a profile narrows it; each single value of it
            empty     from a primitive property, of a base type or narrowed; the companion of an
                      element that has no value
    build   the check, or None where the rule has nothing to say
    given   for rules on objects: what the names in an object spare
    """

    name: str
    on: tuple[Literal["object", "value", "narrowed", "empty"], ...]
    build: Callable[[Any, Explainer], Check | None]
    given: Given = lambda check, schema, explainer, names: check


def joined(step: str, location: str) -> str:
    """Two parts of a location in one: ``name[0]`` and ``given[1]`` are ``name[0].given[1]``."""
    return f"{step}.{location}" if location else step


def located(step: str, issues: list[Issue]) -> list[Issue]:
    """The issues, with a step put before their locations."""
    for issue in issues:
        issue.location = joined(step, issue.location)
    return issues


def copied(issues: Issues) -> Issues:
    """The same issues anew: locations grow in place."""
    return issues and [
        Issue(
            one.severity,
            one.code,
            one.rule,
            one.location,
            one.diagnostics,
            one.profile,
            one.element,
        )
        for one in issues
    ]


def added(issues: Issues, found: list[Issue]) -> list[Issue]:
    """What was found so far, and more.

    Grown in place: a hundred thousand findings in one line must not be copied for each of them.
    """
    if issues is None:
        return [*found]
    issues += found
    return issues


def only_with(*wanted: str) -> Given:
    """For a check that only an object with one of these names can fail."""
    return lambda check, schema, explainer, names: None if names.isdisjoint(wanted) else check


def union(checks: list[Check]) -> Check | None:
    """One check that runs them all in order."""
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
