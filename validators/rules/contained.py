"""Contained resources (FHIR R4, section 2.3.3): an id, no nesting, no version or security of their
own, and referred to (dom-2 to dom-5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ..checks.check import Check, Issues
from ..checks.resolution import FRAGMENTS
from ..checks.rule import Reads, Rule, Twin
from ..checks.surroundings import Scope
from ..definitions import CORE, type_url
from ..schema import Schema, TypeSchema
from ..values.narrative import read_div
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE"]

DOMAIN_RESOURCE = type_url("DomainResource")
NESTED = Declaration(
    "dom-2",
    "error",
    "invariant",
    "Constraint failed: dom-2: 'If the resource is contained in another resource, it SHALL NOT "
    "contain nested Resources'",
    "a contained resource contains no other",
    section="2.3.3",
    reference=(f"{DOMAIN_RESOURCE}#dom-2",),
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
    reference=(f"{DOMAIN_RESOURCE}#dom-4",),
)
SECURED = Declaration(
    "dom-5",
    "error",
    "invariant",
    "Constraint failed: dom-5: 'If a resource is contained in another resource, it SHALL NOT have "
    "a security label'",
    "a contained resource has no security label",
    section="2.3.3",
    reference=(f"{DOMAIN_RESOURCE}#dom-5",),
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

_URIS = frozenset({"uri", "url", "canonical", "oid", "uuid"})


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of the resources that a resource contains (FHIR R4, section 2.3.3): dom-2 to
    dom-5, and their ids. None for types that contain none.
    """
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
    # The reference validator forgets the ids that it has seen when a contained resource refers to
    # its container; a fault of its own, which is not followed (docs/differences.md).
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
    """Yield the issues of dom-3: a contained resource is mentioned by its container, by another
    that is, or mentions the container itself.

    met    fragments of the References that the walk through the container has met; nearly always
           that is all there is to know
    """
    ids = [
        identity if type(r) is dict and type(identity := r.get("id")) is str else None for r in held
    ]
    if all(identity in met for identity in ids):
        return
    around = {key: item for key, item in value.items() if key != "contained"}
    own = {mention.fragment for mention in mentions(schema, name, around)}
    inner = [
        set(mentions(schema, kind, r))
        if type(r) is dict
        and type(kind := r.get("resourceType")) is str
        and schema.is_resource(kind)
        else set()
        for r in held
    ]
    reached = _reached(ids, own, inner)
    for index, resource in enumerate(held):
        if type(resource) is not dict:
            continue
        if ids[index] is None:
            yield Issue.of(CONTAINED_ID(), f"contained[{index}]")
        if index not in reached:
            fault = UNREFERENCED(id=(ids[index] or "")[:64])
            yield Issue.of(fault, f"contained[{index}]", DOMAIN_RESOURCE)


class Mention(NamedTuple):
    """A ``#fragment`` that a value names.

    fragment  without ``#``; empty for the resource around
    typed     whether it stands in a Reference that allows certain types only
    """

    fragment: str
    typed: bool


def _reached(ids: list[str | None], own: set[str], inner: list[set[Mention]]) -> set[int]:
    """Return the positions of contained resources that are mentioned: by the resource around them,
    by a resource that is mentioned itself, or in a circle of resources that mention one another;
    and of those that mention the resource around them.

    A circle counts where its references allow certain types only, and one resource that mentions
    itself only where another mentions it too: as in the reference validator, which then meets a
    resource that it is just following.
    """
    places: dict[str, list[int]] = {}
    for index, identity in enumerate(ids):
        if identity is not None:
            places.setdefault(identity, []).append(index)

    def leads(index: int, *, typed: bool) -> Iterator[int]:
        for mention in inner[index]:
            if mention.typed or not typed:
                yield from places.get(mention.fragment, ())

    circles = _circles([frozenset(leads(index, typed=True)) for index in range(len(ids))])
    return _closure(
        (
            index
            for index, identity in enumerate(ids)
            if identity in own
            or index in circles
            or any(not mention.fragment for mention in inner[index])
        ),
        lambda index: leads(index, typed=False),
    )


def _circles(followed: list[frozenset[int]]) -> set[int]:
    """Return the positions on circles, and those that circles lead to: what is left when whatever
    nothing mentions is taken away, over and over.
    """
    elsewhere = {to for start, found in enumerate(followed) for to in found if to != start}
    counts = Counter(
        to for start, found in enumerate(followed) for to in found if to != start or to in elsewhere
    )
    left = set(range(len(followed)))
    fresh = [index for index in left if not counts[index]]
    while fresh:
        index = fresh.pop()
        left.remove(index)
        for to in followed[index] - {index}:
            counts[to] -= 1
            if not counts[to]:
                fresh.append(to)
    return left


def _closure(starts: Iterable[int], leads: Callable[[int], Iterable[int]]) -> set[int]:
    reached = set(starts)
    fresh = list(reached)
    while fresh:
        for index in leads(fresh.pop()):
            if index not in reached:
                reached.add(index)
                fresh.append(index)
    return reached


def mentions(schema: Schema, name: str, value: Any, *, typed: bool = False) -> Iterator[Mention]:
    """Yield what a value of a type names by ``#``: the fragments of References, of primitives that
    are URIs, and of links and images in narratives.
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
        targets = found.type_ref.targets
        for one in item if type(item) is list else (item,):
            if type(one) is dict:
                inside = str(one.get("resourceType")) if kind == "Resource" else kind
                if kind == "Resource" and not schema.is_resource(inside):
                    continue  # a name of the data's own
                yield from mentions(
                    schema, inside, one, typed=bool(targets) and CORE + "Resource" not in targets
                )
            elif type(one) is str and kind == "xhtml":
                narrative = read_div(one)
                for fragment in (*narrative.links, *narrative.images):
                    yield Mention(fragment, typed=False)
            elif (
                type(one) is str
                and one.startswith("#")
                and (kind in _URIS or (name == "Reference" and key == "reference"))
            ):
                yield Mention(one[1:], typed=typed)


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
