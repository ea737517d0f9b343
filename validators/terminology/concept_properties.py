"""Concept properties: what a CodeSystem says of its concepts beside their codes (FHIR R4, section
4.8.8), as filters of value sets compare it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

__all__ = ["ConceptProperties", "concept_properties"]

ConceptProperties = Mapping[str, Mapping[str, frozenset[str]]]
"""Code -> code of a property -> its values as text."""


def concept_properties(resource: Mapping[str, Any]) -> ConceptProperties:
    """Return the properties of every concept of a CodeSystem.

    ``parent`` and ``child`` are those of R4 itself and come from the nesting of concepts, too.
    """
    found: dict[str, dict[str, set[str]]] = {}
    waiting: list[tuple[Any, str | None]] = [(one, None) for one in resource.get("concept", ())]
    while waiting:
        concept, parent = waiting.pop()
        code = concept.get("code")
        if not isinstance(code, str):
            continue
        own = found.setdefault(code, {})
        for each in concept.get("property", ()):
            if (value := _text(each)) is not None:
                own.setdefault(str(each.get("code")), set()).add(value)
        if parent is not None:
            own.setdefault("parent", set()).add(parent)
            found[parent].setdefault("child", set()).add(code)
        waiting += ((one, code) for one in concept.get("concept", ()))
    return {
        code: {name: frozenset(values) for name, values in own.items()}
        for code, own in found.items()
    }


def _text(each: Mapping[str, Any]) -> str | None:
    """Return a property's value as a filter names it: a Coding by its code."""
    value = next((each[name] for name in each if name.startswith("value")), None)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        value = value.get("code")
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    return value if isinstance(value, str) else None
