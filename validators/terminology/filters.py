"""Filters of ValueSet.compose: a test on the codes of one CodeSystem.

Of the reference's terminology only filters on the code itself (property ``concept`` or ``code``)
select anything: it reads no other property, so a filter on one selects nothing. By R4's text it
selects by the values of the property. Hierarchy is the nesting of concepts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .code_systems import CodeSystem

__all__ = ["ExpansionError", "Test", "compile_filters"]

Test = Callable[[str], bool]


class ExpansionError(Exception):
    """The error of a value set, or a part of one, that cannot be expanded from the definitions at
    hand.
    """


def compile_filters(
    filters: Sequence[Mapping[str, Any]], system: CodeSystem, *, by_property: bool = False
) -> Test:
    """Return the test that a code of the system passes all filters.

    by_property  whether other properties than the code are read, as R4 says

    Raises ExpansionError for a filter on displays, as definitions are kept without them, and for an
    operator that R4 does not have.
    """
    tests = [_compile(one, system, by_property=by_property) for one in filters]
    return lambda code: all(test(code) for test in tests)


def _compile(one: Mapping[str, Any], system: CodeSystem, *, by_property: bool) -> Test:
    named = str(one.get("property", "concept")).lower()
    if named == "display":
        raise ExpansionError("a filter on displays")
    operator, value = one.get("op"), one.get("value")
    if operator is not None and operator not in _BUILDERS:
        raise ExpansionError(f"a filter by {operator}")
    if by_property and operator is not None and named not in ("concept", "code"):
        return _of_property(str(one.get("property")), operator, str(value), system)
    if operator is None or named not in ("concept", "code") or not isinstance(value, str):
        return _nothing
    return _BUILDERS[operator](value, system)


def _nothing(_code: str) -> bool:
    return False


def _of_property(name: str, operator: str, value: str, system: CodeSystem) -> Test:
    """Return the test of a filter on a property of concepts (FHIR R4, section 4.9.5).

    Raises ExpansionError for an operator that is about the hierarchy of codes alone.
    """
    if operator not in _OF_VALUES:
        raise ExpansionError(f"a filter by {operator} on the property {name}")
    holds = _OF_VALUES[operator](value, system)
    return lambda code: holds(system.properties.get(code, {}).get(name, frozenset()))


def _in(codes: frozenset[str], system: CodeSystem) -> Test:
    folded = frozenset(map(system.fold, codes))
    return lambda code: system.fold(code) in folded


def _structural(
    select: Callable[[str, CodeSystem], frozenset[str]],
) -> Callable[[str, CodeSystem], Test]:
    """Return a maker of filters about the hierarchy, which select nothing where their value is no
    code of the system.
    """
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
    from ..patterns import PatternError, pattern  # brings RE2; few value sets have such a filter

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


def _any_of(codes: frozenset[str]) -> Callable[[frozenset[str]], bool]:
    return lambda values: not codes.isdisjoint(values)


def _matched(value: str, system: CodeSystem) -> Callable[[frozenset[str]], bool]:
    matches = _regex(value, system)
    return lambda values: any(map(matches, values))


def _none_of(codes: frozenset[str]) -> Callable[[frozenset[str]], bool]:
    return codes.isdisjoint


def _stated(value: str) -> Callable[[frozenset[str]], bool]:
    wanted = value.lower() == "true"
    return lambda values: bool(values) is wanted


_OF_VALUES: Mapping[str, Callable[[str, CodeSystem], Callable[[frozenset[str]], bool]]] = {
    "=": lambda value, system: _any_of(frozenset((value,))),
    "in": lambda value, system: _any_of(_listed(value)),
    "not-in": lambda value, system: _none_of(_listed(value)),
    "regex": _matched,
    "exists": lambda value, system: _stated(value),
}
"""What R4's operators want of the values that a concept has of a property."""
