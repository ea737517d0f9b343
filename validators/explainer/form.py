"""JSON form (FHIR R4, section 2.6.2): objects, arrays and primitives where they belong, nulls only
as filler, no unknown names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..checks.check import Check, Issues, added, prefix_locations, union
from ..checks.surroundings import Scope
from ..near_name import near_name
from ..schema import Property, TypeSchema
from ..values.form_faults import (
    CHOICE,
    ELEMENT_EMPTY,
    EMPTY_ARRAY,
    JSON_FORM,
    NULL,
    NULL_TWICE,
    UNKNOWN_ELEMENT,
)
from ..verdicts.issue import Issue

__all__ = [
    "PropertyCheck",
    "companion_check",
    "empty_element",
    "inline_check",
    "list_check",
    "single_check",
    "unknown_element",
    "with_choice",
    "wrong_form",
]

ELEMENT = "http://hl7.org/fhir/StructureDefinition/Element"

PropertyCheck = Callable[[Any, Mapping[str, Any], Scope], Issues]
"""Checks the JSON value of one property of an object: (value, the object, scope)."""


def _described(value: Any) -> str:
    if value is None:
        return "a Null"
    return (
        "an Array"
        if type(value) is list
        else "an Object"
        if type(value) is dict
        else "a Primitive property"
    )


def wrong_form(value: Any, expected: str) -> Issue:
    """Return the issue for a value of another JSON form than its definition says."""
    return Issue.of(JSON_FORM(expected=expected, found=_described(value)))


def empty_element() -> Issue:
    """Return the issue of ele-1 (FHIR R4, section 2.24): every element has a value or children.

    An id alone is neither in a primitive; in an object HL7's validator lets it pass.
    """
    return Issue.of(ELEMENT_EMPTY(), "", ELEMENT)


def unknown_element(name: str, schema: TypeSchema) -> PropertyCheck:
    """Return the check of a name that the type does not have: it always fails."""
    violation = UNKNOWN_ELEMENT(name=name[:128], owner=schema.name, hint=_Hint(name, schema))
    return lambda value, owner, scope: [Issue.of(violation)]


class _Hint:
    """The name that was perhaps meant, looked for when the sentence is rendered."""

    def __init__(self, name: str, schema: TypeSchema) -> None:
        self._name, self._schema = name[:128], schema

    def __str__(self) -> str:
        near = _near_property(self._name, tuple(self._schema.properties))
        return f"; did you mean '{near}'?" if near else ""


@lru_cache(maxsize=1024)
def _near_property(name: str, names: tuple[str, ...]) -> str | None:
    return near_name(name, names, alone=True)


def _conflict(prop: Property, owner: Mapping[str, Any], siblings: frozenset[str]) -> Issues:
    """Return the issue that there is at most one of a choice's names: said once, by every name but
    the first.
    """
    own = {prop.json_name, "_" + prop.json_name}
    first = next(name for name in owner if name in siblings or name in own)
    if first in own:
        return None
    fault = CHOICE(element=prop.element.path, first=first.removeprefix("_"), second=prop.json_name)
    return [Issue.of(fault)]


def with_choice(prop: Property, siblings: frozenset[str], check: PropertyCheck) -> PropertyCheck:
    """Return the check of a property that also finds any other name of its choice beside it."""
    if not siblings:
        return check

    def checked(value: Any, owner: Mapping[str, Any], scope: Scope) -> Issues:
        issues = check(value, owner, scope)
        if not siblings.isdisjoint(owner) and (more := _conflict(prop, owner, siblings)):
            issues = more if issues is None else issues + more
        return issues

    return checked


def single_check(prop: Property, checks: Sequence[Check]) -> PropertyCheck:
    """Return the check of a property that holds one value: its form, then each check in order."""
    step, first, second, rest = prop.step, *_three(checks)

    def single(value: Any, owner: Mapping[str, Any], scope: Scope) -> Issues:
        issues = first(value, scope)
        if second is not None and (more := second(value, scope)) is not None:
            issues = more if issues is None else issues + more
        if rest is not None and (more := rest(value, scope)) is not None:
            issues = more if issues is None else issues + more
        return None if issues is None else prefix_locations(step, issues)

    return single


def _three(checks: Sequence[Check]) -> tuple[Check, Check | None, Check | None]:
    """Return the checks as two to be called at once and one for all others: a call less for nearly
    every value.
    """
    first = checks[0] if checks else lambda value, scope: None
    return first, checks[1] if len(checks) > 1 else None, union(list(checks[2:]))


def list_check(prop: Property, checks: Sequence[Check]) -> PropertyCheck:
    """Return the check of a property that holds an array of values; in an array of primitives null
    is filler where the companion has something.
    """
    step, companion = prop.step, "_" + prop.json_name if prop.is_primitive else None
    first, second, rest = _three(checks)

    def several(value: Any, owner: Mapping[str, Any], scope: Scope) -> Issues:
        if type(value) is not list:
            return prefix_locations(step, [wrong_form(value, "an Array")])
        if not value:
            return prefix_locations(step, [Issue.of(EMPTY_ARRAY())])
        issues: Issues = None
        for index, item in enumerate(value):
            if item is None and companion is not None:
                others = owner.get(companion)
                if type(others) is list and index < len(others) and others[index] is not None:
                    continue
                found_here: Issues = [Issue.of(NULL())]
            else:
                found_here = first(item, scope)
                if second is not None and (more := second(item, scope)) is not None:
                    found_here = more if found_here is None else found_here + more
                if rest is not None and (more := rest(item, scope)) is not None:
                    found_here = more if found_here is None else found_here + more
            if found_here is not None:
                prefix_locations(f"{step}[{index}]", found_here)
                issues = added(issues, found_here)
        return issues

    return several


def inline_check(
    prop: Property, check: Check, form: Callable[[Property, Sequence[Check]], PropertyCheck]
) -> PropertyCheck:
    """Return the check of a property that holds whole resources (``contained``,
    ``Bundle.entry.resource``): each resource is checked in a scope of its own.
    """
    place = "contained" if prop.json_name == "contained" else "entry"

    def one(item: Any, around: Any) -> Issues:
        owner, outer = around
        return check(
            item, Scope(item, outer.undecided, outer, place, owner) if type(item) is dict else outer
        )

    each: Callable[[Any, Mapping[str, Any], Any], Issues] = form(prop, [one])
    return lambda value, owner, scope: each(value, owner, (owner, scope))


def companion_check(prop: Property, element: Check, empty: Check | None) -> PropertyCheck:
    """Return the check of ``_name``, which holds id and extensions of the primitive ``name``."""
    step, name = prop.step, prop.json_name

    def one(value: Any, has_value: bool, scope: Scope) -> Issues:
        issues = element(value, scope)
        if type(value) is dict and not (value if has_value else value.keys() - {"id"}):
            issues = [*(issues or ()), empty_element()]
        if (
            not has_value
            and empty is not None
            and type(value) is dict
            and (more := empty(value, scope))
        ):
            issues = more if issues is None else issues + more
        return issues

    def single(value: Any, owner: Mapping[str, Any], scope: Scope) -> Issues:
        issues = one(value, name in owner, scope)
        return None if issues is None else prefix_locations(step, issues)

    def several(value: Any, owner: Mapping[str, Any], scope: Scope) -> Issues:
        if type(value) is not list:
            return prefix_locations(step, [wrong_form(value, "an Array")])
        if not value:
            return prefix_locations(step, [Issue.of(EMPTY_ARRAY())])
        values = owner.get(name)
        values = values if type(values) is list else []
        issues: Issues = None
        for index, item in enumerate(value):
            has_value = index < len(values) and values[index] is not None
            if item is None and has_value:
                continue
            if item is None:
                found_here: Issues = [Issue.of(NULL_TWICE())] if index >= len(values) else None
            else:
                found_here = one(item, has_value, scope)
            if found_here is not None:
                prefix_locations(f"{step}[{index}]", found_here)
                issues = added(issues, found_here)
        return issues

    return several if prop.is_list else single
