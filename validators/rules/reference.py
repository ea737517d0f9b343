"""References (FHIR R4, section 2.3): form, target type, and contained resources that are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..definitions import CORE
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
_TYPES_KEPT = 200  # names come from data; there are fewer types than that
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
    """The check of one Reference: what it points at must be there, if that is in this line, and be of a type that is allowed."""
    return _Reference(explainer.schema, found.type_ref.targets).check if found.type == "Reference" else None


class _Reference:
    """References of one property.

    allowed   types that may be referred to, None for any
    plain     types that were found good, so that most references cost one look-up
    """

    def __init__(self, schema: Schema, targets: tuple[str, ...]) -> None:
        self.schema = schema
        self.allowed = target_types(schema, targets)
        self.expected = ", ".join(sorted(self.allowed)) if self.allowed else ""
        self.plain: set[str] = set()

    def check(self, value: Any, scope: Scope) -> Issues:
        reference = value.get("reference") if type(value) is dict else None
        if type(reference) is not str:
            return None
        if scope.parent is None and (match := _PLAIN.fullmatch(reference)) and (match[1] is None or match[1] in self.plain) and "type" not in value:
            return None
        if not reference or reference in _KNOWN:
            return None
        issues = self._form(reference)
        if scope.parent is not None or reference.startswith("#"):
            resolution = resolve(reference, scope)
            if resolution.resource is not None or reference.startswith("#"):
                return (issues + self._inside(value, reference, resolution)) or None
            issues += resolution.issues or ()
        return (issues + self._outside(value, reference)) or None

    def _form(self, reference: str) -> list[Issue]:
        issues: list[Issue] = []
        if _BLANK.search(reference) or implied_type(reference) == "":
            issues.append(_error("reference-form", f"The reference '{reference[:128]}' is not a valid reference"))
        if is_conditional(reference, self.schema.is_resource) is False:
            issues.append(_error("reference-query", f"The query part of the conditional reference is not a valid query string ({reference[:128]})"))
        return issues

    def _inside(self, value: dict[str, Any], reference: str, resolution: Resolution) -> list[Issue]:
        """What it points at is in this line, or should be."""
        issues = list(resolution.issues or ())
        resource = resolution.resource
        if resource is None:
            return [*issues, _error("reference-resolve", f"Unable to resolve resource with reference '{reference[:128]}'")]
        actual = resource.get("resourceType")
        issues += self._stated_type(value, actual)
        if self.allowed is not None and type(actual) is str and actual not in self.allowed:
            issues.append(_error("reference-target", f"Invalid Resource target type. Found {actual}, but expected one of ([{self.expected}])"))
        return issues

    def _outside(self, value: dict[str, Any], reference: str) -> list[Issue]:
        """What it points at is elsewhere: the type that the url implies is believed."""
        name = implied_type(reference)
        actual = name if name is not None and "." not in name and self.schema.kind(name) is not None else None
        issues = self._stated_type(value, actual)
        if actual is not None and self.allowed is not None and actual not in self.allowed:
            text = (
                f"The type '{actual}' implied by the reference URL {reference[:128]} is not a valid Target for this element (must be one of [{self.expected}])"
            )
            issues.append(_error("reference-target", text))
        elif actual is not None and len(self.plain) < _TYPES_KEPT:
            self.plain.add(actual)
        return issues

    def _stated_type(self, value: dict[str, Any], actual: str | None) -> list[Issue]:
        """Reference.type, against the types allowed and the type that is there."""
        stated = value.get("type")
        if type(stated) is not str or is_blank(stated):
            return []
        issues: list[Issue] = []
        if self.allowed is not None and stated.removeprefix(CORE) not in self.allowed:
            issues.append(_error("reference-type", f"The type '{stated[:64]}' is not a valid Target for this element (must be one of [{self.expected}])"))
        if actual is not None and actual != stated:
            issues.append(_error("reference-type", f"Invalid Resource target type. Found {actual}, but expected one of ({stated[:64]})"))
        return issues
