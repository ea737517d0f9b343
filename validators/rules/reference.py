"""References (FHIR R4, section 2.3): form, target type, and contained resources that are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..issue import Issue
from ..primitives import is_blank
from ..references import Resolution, implied_type, is_conditional, resolve
from ..schema import Property, Schema
from .rule import Check, Issues, Scope

if TYPE_CHECKING:
    from ..explainer import Explainer

__all__ = ["build", "build_narrowed"]

_BLANK = re.compile(r"[ \t\n\x0b\f\r]")  # as Java's \\s: a no-break space is none
_PLAIN = re.compile(r"(?:([A-Za-z]+)/|urn:uuid:)[A-Za-z0-9\-.]{1,64}")
_KNOWN = frozenset({"http://tools.ietf.org/html/bcp47"})  # stands in published examples in place of a reference


def target_types(schema: Schema, targets: tuple[str, ...]) -> frozenset[str] | None:
    """The types that target profiles are of, None where any resource may be referred to."""
    names = set()
    for url in targets:
        definition = schema.definitions.fetch("StructureDefinition", url)
        if definition is not None:
            names.add(definition["type"])
    return None if not names or "Resource" in names else frozenset(names)


def _error(rule: str, text: str) -> Issue:
    return Issue("error", "structure", rule, "", text)


def build_narrowed(found: Property, explainer: Explainer) -> Check | None:
    """The check of the targets that a profile still allows."""
    return build(found, explainer) if found.type_ref.targets else None


def build(found: Property, explainer: Explainer) -> Check | None:
    if found.type != "Reference":
        return None
    schema = explainer.schema
    allowed = target_types(schema, found.type_ref.targets)
    expected = ", ".join(sorted(allowed)) if allowed else ""
    plain: set[str] = set()  # types that were found good, so that most references cost one look-up

    def wrong_type(name: str, reference: str) -> Issue:
        return _error("reference-target", f"The type '{name}' implied by the reference URL {reference[:128]} is not a valid Target for this element (must be one of [{expected}])")

    def known_type(reference: str) -> str | None:
        name = implied_type(reference)
        return name if name is not None and "." not in name and schema.kind(name) is not None else None

    def typed(value: dict[str, Any], actual: str | None) -> Issues:
        stated = value.get("type")
        if type(stated) is not str or is_blank(stated):
            return None
        issues: list[Issue] = []
        if allowed is not None and stated.removeprefix("http://hl7.org/fhir/StructureDefinition/") not in allowed:
            issues.append(_error("reference-type", f"The type '{stated[:64]}' is not a valid Target for this element (must be one of [{expected}])"))
        if actual is not None and actual != stated:
            issues.append(_error("reference-type", f"Invalid Resource target type. Found {actual}, but expected one of ({stated[:64]})"))
        return issues or None

    def inside(value: dict[str, Any], reference: str, resolution: Resolution) -> list[Issue]:
        issues = list(resolution.issues or ())
        resource = resolution.resource
        if resource is None:
            if reference.startswith("#"):
                issues.append(_error("reference-resolve", f"Unable to resolve resource with reference '{reference[:128]}'"))
            return issues
        actual = resource.get("resourceType")
        issues += typed(value, actual) or ()
        if allowed is not None and type(actual) is str and actual not in allowed:
            issues.append(_error("reference-target", f"Invalid Resource target type. Found {actual}, but expected one of ([{expected}])"))
        return issues

    def check(value: Any, scope: Scope) -> Issues:
        if type(value) is not dict:
            return None
        reference = value.get("reference")
        if type(reference) is not str:
            return None
        if scope.parent is None and (match := _PLAIN.fullmatch(reference)) and (match[1] is None or match[1] in plain) and "type" not in value:
            return None
        if not reference or reference in _KNOWN:
            return None
        issues: list[Issue] = []
        if _BLANK.search(reference):
            issues.append(_error("reference-form", f"The reference '{reference[:128]}' is not a valid reference"))
        conditional = is_conditional(reference, schema.is_resource)
        if conditional is False:
            issues.append(_error("reference-query", f"The query part of the conditional reference is not a valid query string ({reference[:128]})"))
        if scope.parent is not None or reference.startswith("#"):
            resolution = resolve(reference, scope)
            if resolution.resource is not None or reference.startswith("#"):
                return (issues + inside(value, reference, resolution)) or None
            issues += resolution.issues or ()
        actual = known_type(reference)
        issues += typed(value, actual) or ()
        if actual is not None and allowed is not None and actual not in allowed:
            issues.append(wrong_type(actual, reference))
        elif actual is not None and len(plain) < 200:
            plain.add(actual)
        return issues or None

    return check
