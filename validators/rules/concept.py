"""CodeableConcepts that were seen before: data say the same few thousand over and over, so a good one is remembered whole.

Not a rule of its own: it stands before the checks of a property and answers for them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from ..schema import Property
from .rule import Check, Issues, Scope

__all__ = ["remembered"]

_PARTS = frozenset({"coding", "text"})
_CODING_PARTS = frozenset({"system", "version", "code", "display"})  # strings all: of true and 1 a set would make one
_KEPT = 4096


def _key(value: Any) -> Hashable | None:
    """What tells a concept from others, None if it has ids, extensions, companions or anything else whose verdict hangs on the place."""
    if value.__class__ is not dict or not _PARTS.issuperset(value):
        return None
    codings = value.get("coding", ())
    if codings.__class__ is not list or len(codings) > 4:
        return None
    key: list[Any] = [("text", value["text"])] if "text" in value else []
    for coding in codings:
        if coding.__class__ is not dict or not _CODING_PARTS.issuperset(coding):
            return None
        key.append(tuple(coding.items()))
    return tuple(key)


def remembered(found: Property, check: Check) -> Check:
    """The check of a property that holds CodeableConcepts, with a memory of those that had no issue and nothing to be counted."""
    if any(c.key != "ele-1" for c in found.element.constraints):
        return check
    proven: set[Hashable] = set()

    def checked(value: Any, scope: Scope) -> Issues:
        key = _key(value)
        try:
            if key in proven:
                return None
        except TypeError:  # a list or an object where a string belongs
            return check(value, scope)
        counted = scope.undecided.total()
        issues = check(value, scope)
        if key is not None and issues is None and scope.undecided.total() == counted and len(proven) < _KEPT:
            proven.add(key)
        return issues

    return checked
