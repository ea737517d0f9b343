"""Trimming: of a conformance resource, validation needs some members; the rest (prose, mappings,
examples) is left out.

Used for the R4 core that ships with the package and for every FHIR package that a user adds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import CORE, IMPOSE_PROFILE

__all__ = ["KINDS", "trim"]

Resource = dict[str, Any]

_ELEMENT_DROPPED = frozenset(
    {
        "short", "definition", "comment", "requirements", "alias", "mapping", "example",
        "isModifierReason", "isSummary", "orderMeaning",
        "meaningWhenMissing", "condition", "label", "code", "_short", "_definition",
        "_comment", "_requirements", "isInlineGenerated",
    }
)  # fmt: skip
_STRUCTURE_KEPT = (
    "resourceType",
    "url",
    "version",
    "name",
    "kind",
    "abstract",
    "type",
    "baseDefinition",
    "derivation",
    "fhirVersion",
    "context",
    "contextInvariant",
)
_STRUCTURE_EXTENSIONS = frozenset(
    {IMPOSE_PROFILE, CORE + "structuredefinition-compliesWithProfile"}
)
_CONSTRAINT_KEPT = ("key", "severity", "human", "expression", "source", "extension")
_TYPE_EXTENSIONS_DROPPED = frozenset({CORE + "structuredefinition-hierarchy"})
_BINDING_DROPPED = frozenset({"description", "_description"})


def _element(element: Resource) -> Resource:
    kept = {key: value for key, value in element.items() if key not in _ELEMENT_DROPPED}
    if "constraint" in kept:
        kept["constraint"] = [
            {key: c[key] for key in _CONSTRAINT_KEPT if key in c} for c in kept["constraint"]
        ]
    if "binding" in kept:
        kept["binding"] = {
            key: value for key, value in kept["binding"].items() if key not in _BINDING_DROPPED
        }
    return kept


def _structure(resource: Resource) -> Resource:
    kept: Resource = {key: resource[key] for key in _STRUCTURE_KEPT if key in resource}
    extensions = [e for e in resource.get("extension", ()) if e.get("url") in _STRUCTURE_EXTENSIONS]
    if extensions:
        kept["extension"] = extensions
    # the differential says nothing more where there is a snapshot
    view = "snapshot" if resource.get("snapshot", {}).get("element") else "differential"
    kept[view] = {"element": [_element(e) for e in resource.get(view, {}).get("element", [])]}
    return kept


def _concept(concept: Resource) -> Resource:
    kept: Resource = {"code": concept.get("code")}
    if "property" in concept:
        kept["property"] = concept["property"]
    if "concept" in concept:
        kept["concept"] = [_concept(c) for c in concept["concept"]]
    return kept


def _code_system(resource: Resource) -> Resource:
    kept: Resource = {
        key: resource[key]
        for key in (
            "resourceType",
            "url",
            "version",
            "name",
            "caseSensitive",
            "valueSet",
            "hierarchyMeaning",
            "content",
            "supplements",
            "filter",
            "property",
        )
        if key in resource
    }
    if "concept" in resource:
        kept["concept"] = [_concept(c) for c in resource["concept"]]
    return kept


def _included(include: Resource) -> Resource:
    kept = {key: value for key, value in include.items() if key != "concept"}
    if "concept" in include:
        kept["concept"] = [{"code": c.get("code")} for c in include["concept"]]
    return kept


def _contained_codes(contains: Resource) -> Resource:
    kept: Resource = {
        key: contains[key]
        for key in ("system", "version", "code", "abstract", "inactive")
        if key in contains
    }
    if "contains" in contains:
        kept["contains"] = [_contained_codes(c) for c in contains["contains"]]
    return kept


def _value_set(resource: Resource) -> Resource:
    kept: Resource = {
        key: resource[key]
        for key in ("resourceType", "url", "version", "name", "title")
        if key in resource
    }
    if "compose" in resource:
        kept["compose"] = {
            key: [_included(i) for i in value] if key in ("include", "exclude") else value
            for key, value in resource["compose"].items()
        }
    if "expansion" in resource:
        expansion = resource["expansion"]
        kept["expansion"] = {
            key: value
            for key, value in expansion.items()
            if key in ("parameter", "total", "offset", "extension")
        }
        kept["expansion"]["contains"] = [_contained_codes(c) for c in expansion.get("contains", [])]
    return kept


def _search_parameter(resource: Resource) -> Resource:
    return {
        key: resource[key]
        for key in (
            "resourceType",
            "url",
            "version",
            "code",
            "base",
            "type",
            "expression",
            "target",
        )
        if key in resource
    }


def _whole(resource: Resource) -> Resource:
    return {key: value for key, value in resource.items() if key not in ("text", "meta")}


KINDS: Mapping[str, Callable[[Resource], Resource]] = {
    "StructureDefinition": _structure,
    "ValueSet": _value_set,
    "CodeSystem": _code_system,
    "SearchParameter": _search_parameter,
    "Questionnaire": _whole,
}
"""Resource types that definitions are made of, each with what is kept of it."""


def trim(resource: Resource) -> Resource:
    """Return the part of a conformance resource that validation reads.

    Raises KeyError for a type that is not in KINDS.
    """
    return KINDS[resource["resourceType"]](resource)
