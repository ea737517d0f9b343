"""Stated invariants: where the definitions state an invariant of a key, for a person who asks what
it means.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..definitions import Definitions
from ..economy.light_dataclass import dataclass

__all__ = ["StatedInvariant", "stated_invariants"]


@dataclass(frozen=True, slots=True)
class StatedInvariant:
    """An invariant as definitions state it.

    severity    error, or warning
    human       the sentence for a person
    expression  FHIRPath; "" where there is none
    places      (canonical url, path) of each element that states it
    """

    severity: str
    human: str
    expression: str
    places: tuple[tuple[str, str], ...]


def stated_invariants(definitions: Definitions, key: str) -> tuple[StatedInvariant, ...]:
    """Return what is stated under a key, which packages may use for different things; what a
    definition only inherits is not among the places.
    """
    found: dict[tuple[str, str, str], dict[tuple[str, str], None]] = {}
    for url, path, constraint in _constraints(definitions, key):
        said = tuple(str(constraint.get(name, "")) for name in ("severity", "human", "expression"))
        places = found.setdefault((said[0], said[1], said[2]), {})
        if constraint.get("source", url) == url:
            places[url, path] = None
    return tuple(StatedInvariant(*said, tuple(places)) for said, places in found.items())


def _constraints(definitions: Definitions, key: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (url of the definition, path of the element, constraint) of each with the key."""
    for definition in definitions.all("StructureDefinition"):
        view = definition.get("snapshot") or definition.get("differential") or {}
        for element in view.get("element", ()):
            for constraint in element.get("constraint", ()):
                if constraint.get("key") == key:
                    yield str(definition.get("url")), element["path"], constraint
