"""Where a Reference leads inside a line: contained resources, Bundle entries, parameters (FHIR R4,
sections 2.3 and 2.36.4).

What lies outside the line is never looked for; of a RESTful url the type that it implies is
believed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass
from ..values.members import objects
from ..verdicts.declaration import Declaration, Violation
from ..verdicts.issue import Issue
from .surroundings import Scope

__all__ = [
    "FRAGMENTS",
    "PLAIN",
    "TYPES_KEPT",
    "Resolution",
    "contained_by_id",
    "implied_type",
    "is_absolute",
    "is_conditional",
    "resolve",
    "scope_of",
]

PLAIN = lazy_pattern(r"(?:([A-Za-z]+)/|urn:uuid:)[A-Za-z0-9\-.]{1,64}")
"""References of the simplest forms, ``Type/id`` with the type as its group, and ``urn:uuid:id``."""
TYPES_KEPT = 200
"""Types of targets that are remembered: names come from data; there are fewer types than that."""
_ABSOLUTE = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.\-]*:.+", re.DOTALL)
_QUERY = lazy_pattern(r"\?([_a-zA-Z][_a-zA-Z0-9]*=[^=&]*)(&([_a-zA-Z][_a-zA-Z0-9]*=[^=&]*))*+")
FRAGMENTS = "fragments"
"""Where a scope's memo keeps the fragments (``x`` of ``#x``) of the References in its resource, as
they are met.
"""

_RESPONSES = ("batch-response", "transaction-response")
_REQUESTS = ("transaction", "batch")


FULL_URL = Declaration(
    "bundle-full-url",
    "error",
    "required",
    "Bundle entry missing fullUrl",
    "an entry has a fullUrl that is absolute and that of its resource",
    section="2.36",
    reference=(
        "BUNDLE_ENTRY_URL_MATCHES_TYPE_ID",
        "BUNDLE_ENTRY_URL_MATCHES_NO_ID",
        "BUNDLE_ENTRY_URL_ABSOLUTE",
        "BUNDLE_BUNDLE_ENTRY_FULLURL_REQUIRED",
        "Bundle_BUNDLE_Entry_NoFullUrl",
        "Bundle_BUNDLE_FullUrl_Missing",
    ),
)
FULL_URL_FOR_REFERENCE = FULL_URL.also(
    "Relative Reference appears inside Bundle whose entry is missing a fullUrl"
)
REFERENCE_FORMAT = Declaration(
    "reference-format",
    "error",
    "required",
    "Relative URLs must be of the format [ResourceName]/[id]. Encountered {reference}",
    "a relative reference inside a Bundle is a type and an id",
    section="2.36.4.1",
    reference=("Reference_REF_Format2",),
    quotes=("reference",),
)
SEVERAL_MATCHES = Declaration(
    "bundle-several-matches",
    "error",
    "forbidden",
    "Multiple matches in bundle for reference {reference}",
    "a reference leads to one entry of a Bundle",
    section="2.36.4.1",
    reference=("Bundle_BUNDLE_MultipleMatches",),
    quotes=("reference",),
)
RESOURCE_TYPE_FOUND = Declaration(
    "reference-resource-type",
    "error",
    "required",
    "Matching reference for reference {reference} has resourceType {type}",
    "a reference leads to an entry of the type that it names",
    section="2.36.4.1",
    reference=("Reference_REF_ResourceType",),
    quotes=("reference", "type"),
)


@dataclass(slots=True)
class Resolution:
    """The outcome of following a reference: the resource found (None: not in this line), and what
    the search itself found wrong.

    scope   the scope that the resource found stands in, for checks against profiles
    """

    resource: dict[str, Any] | None = None
    scope: Scope | None = None
    issues: list[Issue] | None = None


_NOWHERE = Resolution()


def is_absolute(url: str) -> bool:
    """Tell whether a string is an absolute URI as HL7's validator sees it: a scheme, a colon and
    something behind it.
    """
    return _ABSOLUTE.fullmatch(url) is not None


def parts(text: str) -> list[str]:
    """Return a path cut at its slashes; empty parts at the end do not count."""
    found = text.split("/")
    while found and not found[-1]:
        found.pop()
    return found or [""]


def implied_type(reference: str) -> str | None:
    """Return the name where a RESTful reference has its type (``Patient`` of ``Patient/1`` and
    ``http://server/Patient/1/_history/2``), known or not; None for a reference of one part.
    """
    found = parts(reference)
    if len(found) == 1:
        return None
    if len(found) == 2:
        return found[0]
    return found[-4] if found[-2] == "_history" and len(found) >= 4 else found[-2]


def is_conditional(reference: str, is_resource: Callable[[str], bool]) -> bool | None:
    """Tell whether a reference is a conditional one (``Patient?identifier=…``): None if not, else
    whether its query is well-formed.
    """
    name, mark, query = reference.partition("?")
    if not mark or not is_resource(name):
        return None
    return bool(query) and _QUERY.fullmatch("?" + query) is not None


def resolve(reference: str, scope: Scope) -> Resolution:
    """Follow a reference from a value in a scope, inside the line only."""
    return _local(reference, scope) if reference.startswith("#") else _beyond(reference, scope)


def scope_of(value: Any, scope: Scope) -> Scope:
    """Return the scope that a value stands in, which was reached from another scope: its own where
    it is a resource inside one, contained or in a Bundle's entry or a parameter.
    """
    for around in scope.outward():
        if value is around.resource:
            return around
        held = _inside(around).get(id(value))
        if held is not None:
            return Scope(value, around.undecided, around, *held)
    return scope


def _inside(scope: Scope) -> dict[int, tuple[str, Mapping[str, Any]]]:
    """Return, for every resource right inside a scope's resource: identity of the object -> how it
    stands there and what holds it. Worked out once per resource.
    """
    found: dict[int, tuple[str, Mapping[str, Any]]] | None = scope.memo.get("inside")
    if found is None:
        resource = scope.resource
        found = scope.memo["inside"] = {
            id(held): ("contained", resource) for held in objects(resource.get("contained"))
        }
        for holder, held in _inline(resource):
            found[id(held)] = ("entry", holder)
    return found


def _inline(resource: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield (holder, resource) of every resource in a place of a Bundle or Parameters."""
    match resource.get("resourceType"):
        case "Bundle":
            for entry in objects(resource.get("entry")):
                response = entry.get("response")
                yield from _held(entry, "resource")
                yield from _held(response if type(response) is dict else {}, "outcome")
        case "Parameters":
            left = list(objects(resource.get("parameter")))
            while left:
                parameter = left.pop()
                yield from _held(parameter, "resource")
                left += objects(parameter.get("part"))


def _held(holder: dict[str, Any], name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    if type(found := holder.get(name)) is dict:
        yield holder, found


def contained(resource: Mapping[str, Any], identity: str) -> dict[str, Any] | None:
    """Return the contained resource with that id; None where there is none."""
    return next((r for r in objects(resource.get("contained")) if r.get("id") == identity), None)


def contained_by_id(scope: Scope) -> dict[str, dict[str, Any]]:
    """Return the contained resources of a scope's resource, the first of each id; worked out once
    per resource.
    """
    found: dict[str, dict[str, Any]] | None = scope.memo.get("contained")
    if found is None:
        found = scope.memo["contained"] = {}
        for resource in objects(scope.resource.get("contained")):
            if type(identity := resource.get("id")) is str:
                found.setdefault(identity, resource)
    return found


def _local(reference: str, scope: Scope) -> Resolution:
    """Follow ``#id`` outward through containers to the first contained resource of that id; ``#``
    from a contained resource is its container.
    """
    was_contained = False
    for around in scope.outward():
        if reference == "#" and around.place != "contained" and was_contained:
            return Resolution(around.resource, around)
        was_contained = was_contained or around.place == "contained"
        found = contained_by_id(around).get(reference[1:])
        if found is not None:
            return Resolution(
                found, Scope(found, around.undecided, around, "contained", around.resource)
            )
        if around.place == "entry":
            break
    return _NOWHERE


def _beyond(reference: str, scope: Scope) -> Resolution:
    full_url: str | None = None
    for around in scope.outward():
        outer = around.parent
        if around.place != "entry" or outer is None or around.holder is None:
            continue
        if outer.resource.get("resourceType") == "Bundle":
            found = around.holder.get("fullUrl")
            full_url = full_url or (found if type(found) is str else None)
            if (
                full_url is None
                and around.holder.get("resource") is around.resource
                and outer.resource.get("type") not in _RESPONSES
            ):
                return _broken(FULL_URL())
            return _known_in_bundle(reference, full_url, outer)
        elif outer.resource.get("resourceType") == "Parameters":
            target = _parameters_by_name(outer).get(reference)
            if target is not None:
                return Resolution(
                    target, Scope(target, outer.undecided, outer, "entry", {"resource": target})
                )
    return _NOWHERE


def _parameters_by_name(parameters: Scope) -> dict[str, dict[str, Any]]:
    """Return the resources in a scope's Parameters by ``Type/id``, the first of each: a parameter's
    own comes before those of its parts, these before those of the next parameter. Worked out once
    per resource.
    """
    found: dict[str, dict[str, Any]] | None = parameters.memo.get("parameters")
    if found is None:
        found = parameters.memo["parameters"] = {}
        left = objects(parameters.resource.get("parameter"))[::-1]
        while left:
            parameter = left.pop()
            for _, held in _held(parameter, "resource"):
                if "id" in held:
                    found.setdefault(f"{held.get('resourceType')}/{held['id']}", held)
            left += objects(parameter.get("part"))[::-1]
    return found


def _base(full_url: str) -> str:
    if full_url.startswith("urn"):
        return full_url.rpartition(":")[0] + ":"
    return "".join(part + "/" for part in parts(full_url)[:-2])


def _broken(fault: Violation) -> Resolution:
    return Resolution(issues=[Issue.of(fault)])


def _known_in_bundle(reference: str, full_url: str | None, bundle: Scope) -> Resolution:
    """Follow a reference as ``in_bundle`` does, and remember for the Bundle what it leads to where
    there is nothing to say: the same one stands in many places, and is asked about by the type and
    by profiles.
    """
    known: dict[tuple[str, str | None], Resolution]
    known = bundle.memo.setdefault("resolutions", {})
    found = known.get((reference, full_url))
    if found is None:
        found = in_bundle(reference, full_url, bundle)
        if not found.issues:
            known[reference, full_url] = found
    return found


def in_bundle(reference: str, full_url: str | None, bundle: Scope) -> Resolution:
    """Follow a reference from an entry of a Bundle to another one, by fullUrl (FHIR R4, section
    2.36.4.1).
    """
    kind = bundle.resource.get("type")
    version, named = "", None
    if is_absolute(reference):
        target, mark, after = reference.partition("/_history/")
        version = after if mark else ""
        # The reference validator loses a character: a versioned absolute reference never resolves.
        target = target[:-1] if mark else target
    elif full_url is None:
        if kind in _RESPONSES:
            return _NOWHERE
        return _broken(FULL_URL_FOR_REFERENCE())
    elif len(parts(reference)) not in (2, 4):
        if (
            kind in _REQUESTS
            and "?" in reference
            and _QUERY.fullmatch("?" + reference.partition("?")[2])
        ):
            return _NOWHERE
        return _broken(REFERENCE_FORMAT(reference=reference[:128]))
    else:
        base = _base(full_url)
        path, mark, after = reference.partition("/_history/")
        version = after if mark else ""
        if mark or base.startswith("urn"):
            named, identity = [*parts(path), ""][:2]
            target = base + (f"{named}/{identity}" if mark else identity)
        else:
            target = base + reference
    return _matching(reference, target, version, named, bundle)


def _matching(
    reference: str, target: str, version: str, named: str | None, bundle: Scope
) -> Resolution:
    matches = _entries_by_url(bundle).get((target, version or None))
    if matches is None:
        return _NOWHERE
    match, holder = matches[-1]
    issues: list[Issue] = []
    if len(matches) > 1:  # said once: a history of a thousand versions has a thousand matches
        issues.append(Issue.of(SEVERAL_MATCHES(reference=reference[:128])))
    if named is not None and match.get("resourceType") != named:
        found = str(match.get("resourceType"))
        issues.append(Issue.of(RESOURCE_TYPE_FOUND(reference=reference[:128], type=found)))
    return Resolution(
        match, Scope(match, bundle.undecided, bundle, "entry", holder), issues or None
    )


_ByUrl = dict[tuple[str, str | None], list[tuple[dict[str, Any], dict[str, Any]]]]


def _entries_by_url(bundle: Scope) -> _ByUrl:
    """Return (fullUrl, version) -> (resource, entry) of the entries that have them; under None as
    the version all of the url. Worked out once per Bundle.
    """
    found: _ByUrl | None = bundle.memo.get("entries by url")
    if found is None:
        found = bundle.memo["entries by url"] = {}
        for full_url, resource, entry in entries(bundle):
            if type(full_url) is str and resource is not None:
                meta = resource.get("meta")
                version = meta.get("versionId") if type(meta) is dict else None
                found.setdefault((full_url, None), []).append((resource, entry))
                if type(version) is str:
                    found.setdefault((full_url, version), []).append((resource, entry))
    return found


def entries(bundle: Scope) -> list[tuple[Any, dict[str, Any] | None, dict[str, Any]]]:
    """Return (fullUrl, resource, entry) of every entry of a Bundle, worked out once per Bundle."""
    found: list[tuple[Any, dict[str, Any] | None, dict[str, Any]]] | None = bundle.memo.get(
        "entries"
    )
    if found is None:
        found = []
        for entry in objects(bundle.resource.get("entry")):
            resource = entry.get("resource")
            found.append(
                (entry.get("fullUrl"), resource if type(resource) is dict else None, entry)
            )
        bundle.memo["entries"] = found
    return found
