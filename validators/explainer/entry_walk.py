"""The walk through a Bundle some of whose entries are proven: these are passed over.

Issues are those of the whole walk, in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..checks.check import Issues, added, prefix_locations
from ..checks.doubts import Doubts
from ..checks.surroundings import Scope
from ..verdicts.issue import Issue
from ..verdicts.undecided import LineUndecided
from .form import PropertyCheck
from .repeats import without_repeats
from .resource_walk import Explainer

__all__ = ["explain_entries"]

_BUNDLE = "Bundle"


def explain_entries(
    explainer: Explainer, bundle: dict[str, Any], undecided: LineUndecided, doubts: Doubts
) -> list[Issue]:
    """Return every issue of a decoded Bundle, in document order, each once, as
    ``Explainer.explain`` does.
    """
    scope, walk = Scope(bundle, undecided), explainer.object_walk(_BUNDLE)
    instead = {"entry": _entries(explainer, doubts)}
    issues: Issues = None
    for name, value in bundle.items():
        if name != "resourceType":
            check = instead.get(name) or walk.member_check(name)
            issues = _joined(issues, check(value, bundle, scope))
    for rule in walk.rules(tuple(bundle)):
        issues = _joined(issues, rule(bundle, scope))
    issues = explainer.settled(_BUNDLE, issues, bundle, scope)
    return without_repeats(prefix_locations(_BUNDLE, issues)) if issues else []


def _joined(issues: Issues, more: Issues) -> Issues:
    return issues if more is None else added(issues, more)


def _entries(explainer: Explainer, doubts: Doubts) -> PropertyCheck:
    """Return the check of Bundle.entry that looks at what is in doubt of it."""
    whole = explainer.value_check(explainer.schema.type(_BUNDLE).properties["entry"])

    def check(value: Any, owner: Mapping[str, Any], scope: Scope) -> Issues:
        issues: Issues = None
        for index, members in sorted(doubts.items()):
            entry = value[index]
            found = (
                whole(entry, scope)
                if members is None
                else _remarks(explainer, entry, scope, members)
            )
            if found is not None:
                issues = added(issues, prefix_locations(f"entry[{index}]", found))
        return issues

    return check


def _remarks(
    explainer: Explainer, entry: dict[str, Any], outer: Scope, members: Sequence[int]
) -> Issues:
    """Return what is to be said of some members of the resource in an entry that is in order."""
    resource = entry["resource"]
    scope = Scope(resource, outer.undecided, outer, "entry", entry)
    name, names = resource["resourceType"], tuple(resource)
    walk = explainer.object_walk(name)
    issues: Issues = None
    for member in members:
        check = walk.member_check(names[member])
        issues = _joined(issues, check(resource[names[member]], resource, scope))
    issues = explainer.settled(name, issues, resource, scope)
    return None if issues is None else prefix_locations("resource", issues)
