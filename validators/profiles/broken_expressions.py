"""Broken expressions: invariants of profiles that are no FHIRPath, told before any data is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .. import fhirpath
from ..definitions import Definitions
from ..schema.errata import corrected

__all__ = ["broken_expressions"]


def broken_expressions(definitions: Definitions, urls: Iterable[str]) -> list[str]:
    """Return ``KEY of URL (why)`` of every invariant of these profiles that cannot be read.

    Such an invariant never holds, as in the reference validator. One that is nested too deep to be
    read is none of them: it is undecided.
    """
    found: dict[str, None] = {}
    faults: dict[str, str] = {}
    for url in urls:
        definition = definitions.fetch("StructureDefinition", url)
        for constraint in _own(definition) if definition is not None else ():
            key, text = str(constraint.get("key", "")), constraint.get("expression")
            text = corrected(key, text) if isinstance(text, str) else ""
            if text and text not in faults:
                faults[text] = _fault(text)
            if text and faults[text]:
                found[f"{key} of {url} ({faults[text]})"] = None
    return list(found)


def _own(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the invariants that a profile adds, without those that its snapshot has of others."""
    stated = definition.get("differential") or definition.get("snapshot") or {}
    for element in stated.get("element") or ():
        for constraint in element.get("constraint") or ():
            if constraint.get("source", definition["url"]) == definition["url"]:
                yield constraint


def _fault(text: str) -> str:
    try:
        fhirpath.compile(text)
    except fhirpath.NestingError:
        return ""
    except fhirpath.FhirPathError as error:
        return str(error)
    return ""
