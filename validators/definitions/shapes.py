"""Shapes: which kinds of JSON values the members of conformance resources have, so that a malformed
definition is refused by one sentence before anything is made of it (FHIR R4, 5.3, 4.8 and 4.9).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["misshapen"]

_TEXTS: Final = [str]
_MOST: Final = (str, int)
"""HL7's validator reads a maximum that is written as a number, and its own cases have one."""
_ELEMENT: Final[Mapping[str, Any]] = {
    "id": str,
    "path": str,
    "sliceName": str,
    "min": int,
    "max": _MOST,
    "contentReference": str,
    "base": {"path": str, "min": int, "max": _MOST},
    "type": [{"code": str, "profile": _TEXTS, "targetProfile": _TEXTS, "aggregation": _TEXTS}],
    "constraint": [
        {"key": str, "severity": str, "human": str, "expression": str, "source": str},
    ],
    "binding": {"strength": str, "valueSet": str},
    "slicing": {"discriminator": [{"type": str, "path": str}], "rules": str, "ordered": bool},
}
_CONCEPTS: list[Any] = []
_CONCEPTS.append({"code": str, "display": str, "concept": _CONCEPTS})
_CONTAINED: list[Any] = []
_CONTAINED.append({"system": str, "version": str, "code": str, "contains": _CONTAINED})
_SETS: Final = [
    {
        "system": str,
        "version": str,
        "concept": [{"code": str}],
        "filter": [{"property": str, "op": str, "value": str}],
        "valueSet": _TEXTS,
    }
]
_SHAPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "StructureDefinition": {
        "url": str,
        "version": str,
        "name": str,
        "kind": str,
        "type": str,
        "baseDefinition": str,
        "derivation": str,
        "context": [{"type": str, "expression": str}],
        "contextInvariant": _TEXTS,
        "snapshot": {"element": [_ELEMENT]},
        "differential": {"element": [_ELEMENT]},
    },
    "ValueSet": {
        "url": str,
        "version": str,
        "compose": {"include": _SETS, "exclude": _SETS},
        "expansion": {"contains": _CONTAINED},
    },
    "CodeSystem": {
        "url": str,
        "version": str,
        "content": str,
        "supplements": str,
        "concept": _CONCEPTS,
    },
}
_NAMES: Final[Mapping[Any, str]] = {
    str: "a string", int: "a number", bool: "true or false", _MOST: "a string"
}  # fmt: skip


def misshapen(resource: Mapping[str, Any]) -> str | None:
    """Return which member of a definition is of another kind than R4 says, and of which: ``type is
    no string``; None where none is. Members that nothing reads are not looked at.
    """
    waiting: list[tuple[str, Any, Any]] = [("", resource, _SHAPES.get(resource["resourceType"]))]
    while waiting:
        place, value, shape = waiting.pop()
        if isinstance(shape, type | tuple):
            if type(value) not in (shape if isinstance(shape, tuple) else (shape,)):
                return f"{place} is not {_NAMES[shape]}"
        elif isinstance(shape, list):
            if not isinstance(value, list):
                return f"{place} is not a list"
            waiting.extend((f"{place}[{at}]", one, shape[0]) for at, one in enumerate(value))
        elif shape is not None:
            if not isinstance(value, dict):
                return f"{place} is not an object"
            waiting.extend(
                (f"{place}.{name}".lstrip("."), value[name], inner)
                for name, inner in shape.items()
                if name in value
            )
    return None
