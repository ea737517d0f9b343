"""Contained resources (FHIR R4, section 2.3.3): an id, no nesting, no version or security of their
own, and referred to (dom-2 to dom-5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.resolution import FRAGMENTS
from ..checks.rule import Reads, Rule, Twin
from ..checks.surroundings import Scope
from ..declaration import Declaration
from ..issue import Issue
from ..schema import Schema, TypeSchema

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE"]

DOMAIN_RESOURCE = "http://hl7.org/fhir/StructureDefinition/DomainResource"
NESTED = Declaration(
    "dom-2",
    "error",
    "invariant",
    "Constraint failed: dom-2: 'If the resource is contained in another resource, it SHALL NOT "
    "contain nested Resources'",
    "a contained resource contains no other",
    section="2.3.3",
    reference=("http://hl7.org/fhir/StructureDefinition/DomainResource#dom-2",),
)
UNREFERENCED = Declaration(
    "dom-3",
    "error",
    "invariant",
    "The contained resource '{id}' is not referenced to from elsewhere in the containing resource "
    "nor does it refer to the containing resource (dom-3)",
    "a contained resource is referred to, or refers to the resource around it",
    section="2.3.3",
    reference=("CONTAINED_ORPHAN_DOM3",),
    quotes=("id",),
)
VERSIONED = Declaration(
    "dom-4",
    "error",
    "invariant",
    "Constraint failed: dom-4: 'If a resource is contained in another resource, it SHALL NOT have "
    "a meta.versionId or a meta.lastUpdated'",
    "a contained resource has no version and no time of change",
    section="2.3.3",
    reference=("http://hl7.org/fhir/StructureDefinition/DomainResource#dom-4",),
)
SECURED = Declaration(
    "dom-5",
    "error",
    "invariant",
    "Constraint failed: dom-5: 'If a resource is contained in another resource, it SHALL NOT have "
    "a security label'",
    "a contained resource has no security label",
    section="2.3.3",
    reference=("http://hl7.org/fhir/StructureDefinition/DomainResource#dom-5",),
)
CONTAINED_ID = Declaration(
    "contained-id",
    "error",
    "required",
    "Resource requires an id, but none is present",
    "a contained resource has an id",
    section="2.3.3",
    reference=("Resource_RES_ID_Missing",),
)
DUPLICATE_CONTAINED_ID = Declaration(
    "duplicate-contained-id",
    "error",
    "duplicate",
    "The contained resource id '{id}' occurs more than once",
    "no two contained resources have one id",
    section="2.3.3",
    reference=("RESOURCE_DUPLICATE_CONTAINED_ID",),
    quotes=("id",),
)

_URIS = frozenset({"uri", "url", "canonical", "oid"})


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    if schema.kind != "resource" or "contained" not in schema.properties:
        return None
    types, name = compilation.schema, schema.name

    def check(value: Any, scope: Scope) -> Issues:
        held = value.get("contained")
        if type(held) is not list:
            return None
        issues: list[Issue] = []
        resources = [r for r in held if type(r) is dict]
        if any("contained" in r for r in resources):
            issues.append(Issue.of(NESTED(), "", DOMAIN_RESOURCE))
        metas = [meta for r in resources if type(meta := r.get("meta")) is dict]
        if any("versionId" in meta or "lastUpdated" in meta for meta in metas):
            issues.append(Issue.of(VERSIONED(), "", DOMAIN_RESOURCE))
        if any("security" in meta for meta in metas):
            issues.append(Issue.of(SECURED(), "", DOMAIN_RESOURCE))
        issues += _repeated(held)
        issues += _unreferenced(types, name, value, held, scope.memo.get(FRAGMENTS, ()))
        return issues or None

    return check


def _repeated(held: list[Any]) -> Iterator[Issue]:
    seen: set[str] = set()
    for index, resource in enumerate(held):
        identity = resource.get("id") if type(resource) is dict else None
        if type(identity) is not str:
            continue
        if identity in seen:
            yield Issue.of(DUPLICATE_CONTAINED_ID(id=identity[:64]), f"contained[{index}]")
        seen.add(identity)


def _unreferenced(
    schema: Schema, name: str, value: dict[str, Any], held: list[Any], met: Collection[str]
) -> Iterator[Issue]:
    """dom-3: a contained resource is referred to by its container, by another that is, or refers to
    the container itself.

    met    fragments of the References that the walk through the container has met; nearly always
           that is all there is to know
    """
    ids = [
        identity if type(r) is dict and type(identity := r.get("id")) is str else None for r in held
    ]
    if all(identity in met for identity in ids):
        return
    own = set(
        references(schema, name, {key: item for key, item in value.items() if key != "contained"})
    )
    inner = [
        set(references(schema, kind, r))
        if type(r) is dict and type(kind := r.get("resourceType")) is str
        else set()
        for r in held
    ]
    places: dict[str, list[int]] = {}
    for index, identity in enumerate(ids):
        if identity is not None:
            places.setdefault(identity, []).append(index)
    reached = {index for index, identity in enumerate(ids) if identity in own or "" in inner[index]}
    fresh = list(reached)
    while fresh:
        for identity in inner[fresh.pop()]:
            for index in places.get(identity, ()):
                if index not in reached:
                    reached.add(index)
                    fresh.append(index)

    for index, resource in enumerate(held):
        if type(resource) is not dict:
            continue
        if ids[index] is None:
            yield Issue.of(CONTAINED_ID(), f"contained[{index}]")
        if index not in reached:
            fault = UNREFERENCED(id=(ids[index] or "")[:64])
            yield Issue.of(fault, f"contained[{index}]", DOMAIN_RESOURCE)


def references(schema: Schema, name: str, value: Any) -> Iterator[str]:
    """What a value of a type refers to by ``#``: the fragments of References and of primitives that
    are URIs.
    """
    if type(value) is not dict or schema.kind(name) is None:
        return
    properties = schema.properties(name)
    for key, item in value.items():
        found = properties.get(key)
        if found is None:
            found = properties.get(key[1:]) if key.startswith("_") else None
            if found is None:
                continue
            kind = "Element"
        else:
            kind = found.type
        for one in item if type(item) is list else (item,):
            if type(one) is str:
                if one.startswith("#") and (
                    kind in _URIS or (name == "Reference" and key == "reference")
                ):
                    yield one[1:]
            elif type(one) is dict:
                yield from references(
                    schema, str(one.get("resourceType")) if kind == "Resource" else kind, one
                )


RULE = Rule(
    "contained resources",
    ("object",),
    build,
    Twin("contained"),
    Reads(
        (
            "contained.id",
            "contained.meta.versionId",
            "contained.meta.lastUpdated",
            "contained.meta.security",
            "contained.contained",
        ),
        opens=True,
    ),
)
