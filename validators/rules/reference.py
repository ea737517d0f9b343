"""References (FHIR R4, section 2.3): form, target type, and contained resources that are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.resolution import FRAGMENTS, Resolution, implied_type, is_conditional, resolve
from ..checks.surroundings import Scope
from ..definitions import CORE
from ..issue import Issue
from ..schema import Property, Schema, TypeRef
from ..values.primitives import is_blank

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["build", "build_narrowed"]

_BLANK = re.compile(r"[ \t\n\x0b\f\r]")  # as Java's \\s: a no-break space is none
_PARTED = re.compile(
    r"[ \t\n\x0b\f\r/?]"
)  # without any of these there is nothing in a reference that could be of a wrong form
_PLAIN = re.compile(r"(?:([A-Za-z]+)/|urn:uuid:)[A-Za-z0-9\-.]{1,64}")
_TYPES_KEPT = 200  # names come from data; there are fewer types than that
_KNOWN = frozenset(
    {"http://tools.ietf.org/html/bcp47"}
)  # stands in published examples in place of a reference


def target_types(schema: Schema, targets: tuple[str, ...]) -> frozenset[str] | None:
    """The types that target profiles are of, None where any resource may be referred to."""
    names = {name for name in map(schema.profiled, targets) if name is not None}
    return None if not names or "Resource" in names else frozenset(names)


def _error(rule: str, text: str) -> Issue:
    return Issue("error", "structure", rule, "", text)


def build_narrowed(prop: Property, compilation: Compilation) -> Check | None:
    """The check of the targets that a profile still allows, and where they may be."""
    return build(prop, compilation) if prop.type_ref.targets or prop.type_ref.aggregation else None


def build(prop: Property, compilation: Compilation) -> Check | None:
    """The check of one Reference: what it points at must be there, if that is in this line, and be
    of a type that is allowed.
    """
    return _Reference(compilation, prop.type_ref).check if prop.type == "Reference" else None


class _Reference:
    """References of one property.

    allowed   types that may be referred to, None for any
    plain     types that were found good, so that most references cost one look-up
    unknown   target profiles that nobody knows
    """

    def __init__(self, compilation: Compilation, type_ref: TypeRef) -> None:
        self.compilation = compilation
        self.schema = compilation.schema
        self.allowed = target_types(self.schema, type_ref.targets)
        self.aggregation = type_ref.aggregation
        self.targets = type_ref.targets
        self.unknown = (
            []
            if CORE + "Resource" in self.targets
            else [url for url in self.targets if self.schema.profiled(url) is None]
        )
        self.expected = ", ".join(sorted(self.allowed)) if self.allowed else ""
        self.plain: set[str] = set()
        self.profiles: dict[str, list[str]] = {}

    def check(self, value: Any, scope: Scope) -> Issues:
        reference = value.get("reference") if type(value) is dict else None
        if type(reference) is not str:
            return None
        if (
            scope.parent is None
            and (match := _PLAIN.fullmatch(reference))
            and (match[1] in self.plain or (match[1] is None and not self.aggregation))
            and "type" not in value
        ):
            return None
        if not reference or reference in _KNOWN:
            return None
        if reference.startswith("#"):
            scope.memo.setdefault(FRAGMENTS, set()).add(reference[1:])
        issues = self._form(reference)
        if scope.parent is not None or reference.startswith("#"):
            resolution = resolve(reference, scope)
            if resolution.resource is not None or reference.startswith("#"):
                return (issues + self._inside(value, reference, resolution)) or None
            issues += resolution.issues or ()
        return (issues + self._outside(value, reference)) or None

    def _form(self, reference: str) -> list[Issue]:
        issues: list[Issue] = []
        if _PARTED.search(reference) is None:
            return issues
        if _BLANK.search(reference) or implied_type(reference) == "":
            issues.append(
                _error(
                    "reference-form", f"The reference '{reference[:128]}' is not a valid reference"
                )
            )
        if is_conditional(reference, self.schema.is_resource) is False:
            issues.append(
                _error(
                    "reference-query",
                    "The query part of the conditional reference is not a valid query string "
                    f"({reference[:128]})",
                )
            )
        return issues

    def _inside(self, value: dict[str, Any], reference: str, resolution: Resolution) -> list[Issue]:
        """What it points at is in this line, or should be."""
        issues = list(resolution.issues or ())
        resource = resolution.resource
        if resource is None:
            return [
                *issues,
                _error(
                    "reference-resolve",
                    f"Unable to resolve resource with reference '{reference[:128]}'",
                ),
            ]
        actual = resource.get("resourceType")
        issues += self._stated_type(value, actual)
        if self.allowed is not None and type(actual) is str and actual not in self.allowed:
            issues.append(
                _error(
                    "reference-target",
                    f"Invalid Resource target type. Found {actual}, but expected one of "
                    f"([{self.expected}])",
                )
            )
        if (
            self.aggregation
            and ("contained" if reference.startswith("#") else "bundled") not in self.aggregation
            and (reference.startswith("#") or "referenced" not in self.aggregation)
        ):
            issues.append(
                _error(
                    "reference-aggregation",
                    f"The reference must be one of: {', '.join(self.aggregation)}",
                )
            )
        for url in self.unknown:
            issues.append(
                _error(
                    "profile-unknown",
                    f"The target profile {url} is not known, so the reference cannot be checked",
                )
            )
        if (
            type(actual) is str
            and resolution.scope is not None
            and not self._follows(actual, resource, resolution.scope)
        ):
            issues.append(
                _error(
                    "reference-profile",
                    f"Unable to find a profile match for {reference[:128]} among choices: "
                    f"{', '.join(sorted(self.targets))}",
                )
            )
        return issues

    def _follows(self, actual: str, resource: dict[str, Any], scope: Scope) -> bool:
        """Whether the resource follows one of the target profiles of its type; where all of those
        are the core's own, the type is enough.
        """
        if actual not in self.profiles:
            definitions = [
                self.compilation.definitions.fetch("StructureDefinition", url)
                for url in self.targets
                if self.allowed is not None
            ]
            urls = [d["url"] for d in definitions if d is not None and d["type"] == actual]
            self.profiles[actual] = [] if all(url.startswith(CORE) for url in urls) else urls
        urls = self.profiles[actual]
        return not urls or any(
            self.compilation.conforms(resource, actual, url, scope) for url in urls
        )

    def _outside(self, value: dict[str, Any], reference: str) -> list[Issue]:
        """What it points at is elsewhere: the type that the url implies is believed."""
        name = implied_type(reference)
        actual = (
            name
            if name is not None and "." not in name and self.schema.kind(name) is not None
            else None
        )
        issues = self._stated_type(value, actual)
        if self.aggregation and "referenced" not in self.aggregation:
            issues.append(
                _error(
                    "reference-aggregation",
                    f"Unable to find a match for {reference[:128]} in the line, where it must be "
                    f"({', '.join(self.aggregation)})",
                )
            )
        if actual is not None and self.allowed is not None and actual not in self.allowed:
            text = (
                f"The type '{actual}' implied by the reference URL {reference[:128]} is not a "
                f"valid Target for this element (must be one of [{self.expected}])"
            )
            issues.append(_error("reference-target", text))
        elif actual is not None and not issues and len(self.plain) < _TYPES_KEPT:
            self.plain.add(actual)
        return issues

    def _stated_type(self, value: dict[str, Any], actual: str | None) -> list[Issue]:
        """Reference.type, against the types allowed and the type that is there."""
        stated = value.get("type")
        if type(stated) is not str or is_blank(stated):
            return []
        issues: list[Issue] = []
        if self.allowed is not None and stated.removeprefix(CORE) not in self.allowed:
            issues.append(
                _error(
                    "reference-type",
                    f"The type '{stated[:64]}' is not a valid Target for this element (must be "
                    f"one of [{self.expected}])",
                )
            )
        if actual is not None and actual != stated:
            issues.append(
                _error(
                    "reference-type",
                    f"Invalid Resource target type. Found {actual}, but expected one of "
                    f"({stated[:64]})",
                )
            )
        return issues
