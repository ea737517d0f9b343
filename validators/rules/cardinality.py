"""Cardinality (FHIR R4, section 2.1.0.5): a required element must be there; for a primitive its
companion is enough.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.rule import Lowered, Reads, Rule
from ..checks.surroundings import Scope
from ..schema import ElementSchema, TypeSchema
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE", "too_few", "too_many"]


CARDINALITY = Declaration(
    "cardinality",
    "error",
    "structure",
    "Profile {profile}, Element '{element}': minimum required = {minimum}, but only found {count}",
    "an element is there as often as its definition says, in the base type, a profile or a slice",
    section="2.1.0.5",
    reference=(
        "Validation_VAL_Profile_Minimum",
        "Validation_VAL_Profile_Maximum",
        "Validation_VAL_Profile_Minimum_SLICE",
        "VALIDATION_VAL_PROFILE_MINIMUM_MAGIC",
    ),
)
TOO_MANY = CARDINALITY.also(
    "Profile {profile}, Element '{element}': max allowed = {maximum}, but found {count}"
)


def too_few(profile: str, name: str, minimum: int, count: int) -> Issue:
    """Return the issue for an element that is there too seldom, in HealthLake's words.

    name    the element with its path, ``Patient.contact.name``
    """
    fault = CARDINALITY(profile=profile, element=name, minimum=minimum, count=count)
    return Issue.of(fault, "", profile, name.rpartition(".")[2].removesuffix("[x]"))


def too_many(profile: str, name: str, maximum: int, count: int) -> Issue:
    """Return the issue for an element that is there too often, in HealthLake's words.

    name    the element with its path, ``Patient.contact.name``
    """
    fault = TOO_MANY(profile=profile, element=name, maximum=maximum, count=count)
    return Issue.of(fault, "", profile)


def _required(schema: TypeSchema) -> list[tuple[frozenset[str], ElementSchema]]:
    """Return (the names of which one must be there, element) of every required element."""
    required: list[tuple[frozenset[str], ElementSchema]] = []
    for element in schema.elements:
        if element.min:
            found = [p for p in schema.properties.values() if p.element is element]
            # A companion alone counts: a required primitive may have extensions in the place of a
            # value.
            names = [p.json_name for p in found] + [
                "_" + p.json_name for p in found if p.is_primitive
            ]
            required.append((frozenset(names), element))
    return required


def _first(names: frozenset[str], element: ElementSchema) -> tuple[str, tuple[str, ...]]:
    """Return the name that an element usually has, and its others: asked one after the other."""
    first = element.name if element.name in names else min(names)
    return first, tuple(sorted(names - {first}))


def reads(schema: TypeSchema, compilation: Compilation) -> Reads:
    """Return the names of the required members, which alone decide."""
    return Reads(tuple(sorted(name for names, _ in _required(schema) for name in names)))


def when_present(
    check: Check, schema: TypeSchema, compilation: Compilation, names: AbstractSet[str]
) -> Check | None:
    """Return the check for objects that have exactly these names; None where every required member
    is among the names.
    """
    return check if any(one.isdisjoint(names) for one, _ in _required(schema)) else None


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check that an object has each required member of its type, as value or as
    companion of a primitive (FHIR R4, section 2.1.0.5); None for a type without required members.
    """
    required = _required(schema)
    if not required:
        return None
    url = schema.url
    each = [(*_first(names, element), element) for names, element in required]

    def check(value: Any, scope: Scope) -> Issues:
        issues: Issues = None
        for first, others, element in each:
            if first not in value and not any(name in value for name in others):
                found = [too_few(url, element.path, element.min, 0)]
                issues = found if issues is None else issues + found
        return issues

    return check


RULE = Rule("cardinality", ("object",), build, Lowered("required"), reads, when_present)
