"""Guides made for one test: profiles as differentials, in a package of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["HL7", "OWN", "guide", "invariant", "line", "profile"]

HL7 = "http://hl7.org/fhir/StructureDefinition/"
OWN = "http://example.org/fhir/StructureDefinition/"
_DATATYPES = {"Extension", "HumanName", "Quantity"}


def profile(name: str, kind: str, *elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a profile on a type; each element is named by its path and says what it narrows."""
    return {
        "resourceType": "StructureDefinition",
        "url": OWN + name,
        "version": "1.0.0",
        "name": name,
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "complex-type" if kind in _DATATYPES else "resource",
        "abstract": False,
        "type": kind,
        "baseDefinition": HL7 + kind,
        "derivation": "constraint",
        "differential": {
            "element": [{"id": one.get("id", one["path"]), **one} for one in elements]
        },
        **more,
    }


def invariant(name: str, path: str, expression: str) -> dict[str, Any]:
    """Return a profile with one invariant, whose key is the profile's name."""
    constraint = {"key": name, "severity": "error", "human": name, "expression": expression}
    kind = path.partition(".")[0]
    above = [{"path": kind}] if path != kind else []
    return profile(name, kind, *above, {"path": path, "constraint": [constraint]})


def guide(folder: Path, resources: Iterable[dict[str, Any] | str]) -> str:
    """Write a package of resources, each given or as JSON text; return where it lies."""
    inside = folder / "package"
    inside.mkdir(parents=True)
    manifest = {"name": "example.guide", "version": "1.0.0", "fhirVersions": ["4.0.1"]}
    (inside / "package.json").write_text(json.dumps(manifest))
    for number, resource in enumerate(resources):
        text = resource if isinstance(resource, str) else json.dumps(resource)
        (inside / f"{number}.json").write_text(text)
    return str(folder)


def line(kind: str, *profiles: str, **members: Any) -> dict[str, Any]:
    """Return a resource that claims profiles of the guide."""
    meta = {"meta": {"profile": [OWN + each for each in profiles]}} if profiles else {}
    return {"resourceType": kind, **meta, **members}
