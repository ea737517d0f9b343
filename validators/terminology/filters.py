"""Filters of ValueSet.compose: a test on the codes of one CodeSystem.

Only filters on the code itself (property ``concept`` or ``code``) select anything: the reference
validator reads no other property, so a filter on one selects nothing. Hierarchy is the nesting of
concepts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..patterns import PatternError, pattern
from .code_systems import CodeSystem

__all__ = ["ExpansionError", "Test", "compile_filters"]

Test = Callable[[str], bool]


class ExpansionError(Exception):
    """A value set, or a part of it, cannot be expanded from the definitions at hand."""


def compile_filters(filters: Sequence[Mapping[str, Any]], system: CodeSystem) -> Test:
    """The test that a code of the system passes all filters.

    Raises ExpansionError for a filter on displays, as definitions are kept without them, and for an
    operator that R4 does not have.
    """
    tests = [_compile(one, system) for one in filters]
    return lambda code: all(test(code) for test in tests)


def _compile(one: Mapping[str, Any], system: CodeSystem) -> Test:
    named = str(one.get("property", "concept")).lower()
    if named == "display":
        raise ExpansionError("a filter on displays")
    operator, value = one.get("op"), one.get("value")
    if operator is not None and operator not in _BUILDERS:
        raise ExpansionError(f"a filter by {operator}")
    if operator is None or named not in ("concept", "code") or not isinstance(value, str):
        return _nothing
    return _BUILDERS[operator](value, system)


def _nothing(_code: str) -> bool:
    return False


def _in(codes: frozenset[str], system: CodeSystem) -> Test:
    folded = frozenset(map(system.fold, codes))
    return lambda code: system.fold(code) in folded


def _structural(
    select: Callable[[str, CodeSystem], frozenset[str]],
) -> Callable[[str, CodeSystem], Test]:
    """A filter about the hierarchy selects nothing where its value is no code of the system."""
    return lambda value, system: (
        _in(select(value, system), system) if system.has(value) else _nothing
    )


def _above(value: str, system: CodeSystem) -> frozenset[str]:
    return frozenset(code for code in system.children if value in system.below(code))


def _is_not_a(value: str, system: CodeSystem) -> Test:
    if not system.has(value):
        return _nothing
    without = _in(system.below(value) | {value}, system)
    return lambda code: not without(code)


def _regex(value: str, system: CodeSystem) -> Test:
    try:
        matches = pattern(value, fold=not system.case_sensitive).full
    except PatternError:
        return _nothing

    def test(code: str) -> bool:
        answer = matches(code)
        if answer is None:
            raise ExpansionError("a regular expression beyond its bounds")
        return answer

    return test


def _listed(value: str) -> frozenset[str]:
    return frozenset(re.split(r"\s*,\s*", value))


def _not_in(value: str, system: CodeSystem) -> Test:
    listed = _in(_listed(value), system)
    return lambda code: not listed(code)


_BUILDERS: Mapping[str, Callable[[str, CodeSystem], Test]] = {
    "=": lambda value, system: _in(frozenset((value,)), system),
    "is-a": _structural(lambda value, system: system.below(value) | {value}),
    "descendent-of": _structural(lambda value, system: system.below(value)),
    "is-not-a": _is_not_a,
    "regex": _regex,
    "in": lambda value, system: _in(_listed(value), system),
    "not-in": _not_in,
    "generalizes": _structural(lambda value, system: _above(value, system) | {value}),
    "exists": lambda value, system: system.has if value.lower() == "true" else _nothing,
}
