"""Decimals as they are written: what a profile fixes is compared digit by digit (FHIR R4, section
5.3.5), and 1.0 is not 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson

from ..economy.lazy_pattern import lazy_pattern

__all__ = ["json_text", "with_exact_decimals"]

_MAY_HOLD_ONE = lazy_pattern(
    rb'"(?:fixed|pattern)(?:Decimal|(?:Simple|Money)?Quantity|Money|Age|Count|Distance|Duration|'
    rb'Range|Ratio|SampledData|Timing|Dosage)"'
)

Resource = dict[str, Any]


def json_text(value: Any) -> bytes:
    """Return a value as JSON with sorted keys, a Decimal with the digits that it has."""
    return orjson.dumps(value, default=_digits, option=orjson.OPT_SORT_KEYS)


def _digits(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is not JSON")


def with_exact_decimals(resource: Resource, text: bytes) -> Resource:
    """Return a resource whose fixed[x] and pattern[x] hold their fractions as Decimal, each with
    the digits of the resource's text; all other numbers stay as they are.
    """
    if resource.get("resourceType") != "StructureDefinition" or not _MAY_HOLD_ONE.search(text):
        return resource
    exact = json.loads(text, parse_float=Decimal)
    for element, written in zip(_elements(resource), _elements(exact), strict=True):
        for name in element:
            if name.startswith(("fixed", "pattern")):
                element[name] = written[name]
    return resource


def _elements(resource: Resource) -> Iterator[dict[str, Any]]:
    for view in ("snapshot", "differential"):
        held = resource.get(view)
        elements = held.get("element") if isinstance(held, dict) else None
        if isinstance(elements, list):
            yield from (element for element in elements if isinstance(element, dict))
