"""References (FHIR R4, section 2.3): form, target type, and contained resources that are there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.claim_faults import PROFILE_UNKNOWN
from ..checks.resolution import (
    FRAGMENTS,
    PLAIN,
    TYPES_KEPT,
    Resolution,
    implied_type,
    is_conditional,
    resolve,
)
from ..checks.rule import Reads, Rule, Twin
from ..checks.surroundings import Scope
from ..definitions import CORE
from ..economy.lazy_pattern import lazy_pattern
from ..economy.memory import Memory
from ..schema import Property, Schema, TypeRef
from ..values.primitives import is_blank
from ..verdicts.declaration import Declaration, Violation
from ..verdicts.issue import Issue

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["NARROWED", "RULE", "no_match", "target_types"]

_BLANK = lazy_pattern(r"[ \t\n\x0b\f\r]")  # as Java's \\s: a no-break space is none
_PARTED = lazy_pattern(
    r"[ \t\n\x0b\f\r/?]"
)  # without any of these there is nothing in a reference that could be of a wrong form
_KNOWN = frozenset(
    {"http://tools.ietf.org/html/bcp47"}
)  # stands in published examples in place of a reference


REFERENCE_FORM = Declaration(
    "reference-form",
    "error",
    "structure",
    "The reference '{reference}' is not a valid reference",
    "a reference has the form of one",
    section="2.3",
    reference=("REFERENCE_REF_INVALID_REF",),
    quotes=("reference",),
)
REFERENCE_QUERY = Declaration(
    "reference-query",
    "error",
    "structure",
    "The query part of the conditional reference is not a valid query string ({reference})",
    "a conditional reference has a query",
    section="2.3",
    reference=("REFERENCE_REF_INVALID_REF",),
    quotes=("reference",),
)
REFERENCE_RESOLVE = Declaration(
    "reference-resolve",
    "error",
    "structure",
    "Unable to resolve resource with reference '{reference}'",
    "a reference to a contained resource leads to one",
    section="2.3",
    reference=("Reference_REF_CantResolve",),
    quotes=("reference",),
)
REFERENCE_TARGET = Declaration(
    "reference-target",
    "error",
    "structure",
    "Invalid Resource target type. Found {found}, but expected one of ([{expected}])",
    "a reference leads to a resource of a type that the element allows",
    section="2.3",
    reference=("Reference_REF_BadTargetType", "Reference_REF_BadTargetType2"),
    quotes=("found",),
)
REFERENCE_TARGET_IMPLIED = REFERENCE_TARGET.also(
    "The type '{found}' implied by the reference URL {reference} is not a valid Target for this "
    "element (must be one of [{expected}])",
    quotes=("reference",),
)
REFERENCE_TYPE = Declaration(
    "reference-type",
    "error",
    "structure",
    "The type '{stated}' is not a valid Target for this element (must be one of [{expected}])",
    "Reference.type names the type that is there, and one that the element allows",
    section="2.3",
    reference=("Reference_REF_WrongTarget", "Reference_REF_BadTargetType2"),
    quotes=("stated",),
)
REFERENCE_TYPE_FOUND = REFERENCE_TYPE.also(
    "Invalid Resource target type. Found {found}, but expected one of ({stated})",
    quotes=("found", "stated"),
)
REFERENCE_AGGREGATION = Declaration(
    "reference-aggregation",
    "error",
    "structure",
    "The reference must be one of: {aggregation}",
    "what is referred to is contained, in the Bundle, or elsewhere, as the element allows",
    section="2.3",
    reference=("Reference_REF_CantMatchChoice",),
)
REFERENCE_AGGREGATION_ELSEWHERE = REFERENCE_AGGREGATION.also(
    "Unable to find a match for {reference} in the line, where it must be ({aggregation})",
    quotes=("reference",),
)
REFERENCE_PROFILE = Declaration(
    "reference-profile",
    "error",
    "structure",
    "Unable to find a profile match for {reference} among choices: {targets}",
    "a reference leads to a resource that follows a profile that the element allows",
    section="2.3",
    reference=("Reference_REF_CantMatchChoice",),
    quotes=("reference",),
)
TARGET_PROFILE_UNKNOWN = PROFILE_UNKNOWN.also(
    "The target profile {url} is not known, so the reference cannot be checked", code="structure"
)


def target_types(schema: Schema, targets: tuple[str, ...]) -> frozenset[str] | None:
    """Return the types that target profiles are of; None where any resource may be referred to."""
    names = {name for name in map(schema.profiled, targets) if name is not None}
    return None if not names or "Resource" in names else frozenset(names)


def no_match(reference: str, targets: Iterable[str]) -> Violation:
    """Return the fault of a reference to a resource that follows none of the target profiles."""
    return REFERENCE_PROFILE(reference=reference[:128], targets=", ".join(sorted(targets)))


def build_narrowed(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of the targets that a profile still allows, and where they may be; None
    where the profile says nothing of either.
    """
    return build(prop, compilation) if prop.type_ref.targets or prop.type_ref.aggregation else None


def build(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of References (FHIR R4, section 2.3): the target must be there, if that is
    in this line, and be of a type that is allowed. None for any other property.
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
        self.memory = Memory(TYPES_KEPT)
        self.plain: dict[str, None] = self.memory.table()
        self.profiles: dict[str, list[str]] = {}

    def check(self, value: Any, scope: Scope) -> Issues:
        """Return what is wrong with one Reference; None where nothing is, as for a plain reference
        out of the line to an allowed type.
        """
        reference = value.get("reference") if isinstance(value, dict) else None
        if type(reference) is not str:
            return None
        if (
            scope.parent is None
            and (match := PLAIN.fullmatch(reference))
            and (match[1] in self.plain or (match[1] is None and not self.aggregation))
            and "type" not in value
        ):
            return None
        if not reference or reference in _KNOWN:
            return None
        if reference.startswith("#"):
            # dom-3 asks later which contained resources were referred to: see rules/contained.py.
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
        # The reference validator breaks on an empty type (``Patient//1``), and so refuses the line.
        if _BLANK.search(reference) or implied_type(reference) == "":
            issues.append(Issue.of(REFERENCE_FORM(reference=reference[:128])))
        if is_conditional(reference, self.schema.is_resource) is False:
            issues.append(Issue.of(REFERENCE_QUERY(reference=reference[:128])))
        return issues

    def _inside(self, value: dict[str, Any], reference: str, resolution: Resolution) -> list[Issue]:
        """Return what is wrong with a reference to what is in this line, or should be."""
        issues = list(resolution.issues or ())
        resource = resolution.resource
        if resource is None:
            return [*issues, Issue.of(REFERENCE_RESOLVE(reference=reference[:128]))]
        found = resource.get("resourceType")
        actual = found if type(found) is str else None  # another form is the walk's to report
        issues += self._stated_type(value, actual)
        if self.allowed is not None and actual is not None and actual not in self.allowed:
            issues.append(Issue.of(REFERENCE_TARGET(found=actual, expected=self.expected)))
        if (
            self.aggregation
            and ("contained" if reference.startswith("#") else "bundled") not in self.aggregation
            and (reference.startswith("#") or "referenced" not in self.aggregation)
        ):
            allowed = ", ".join(self.aggregation)
            issues.append(Issue.of(REFERENCE_AGGREGATION(aggregation=allowed)))
        for url in self.unknown:
            issues.append(Issue.of(TARGET_PROFILE_UNKNOWN(url=url)))
        if (
            actual is not None
            and resolution.scope is not None
            and not self._follows(actual, resource, resolution.scope)
        ):
            issues.append(Issue.of(no_match(reference, self.targets)))
        return issues

    def _follows(self, actual: str, resource: dict[str, Any], scope: Scope) -> bool:
        """Tell whether the resource follows one of the target profiles of its type; where all of
        those are the core's own, the type is enough.
        """
        if actual not in self.profiles:
            heads = [self.schema.head(url) for url in self.targets if self.allowed is not None]
            urls = [head.url for head in heads if head is not None and head.type == actual]
            self.profiles[actual] = [] if all(url.startswith(CORE) for url in urls) else urls
        urls = self.profiles[actual]
        return not urls or any(
            self.compilation.conforms(resource, actual, url, scope) for url in urls
        )

    def _outside(self, value: dict[str, Any], reference: str) -> list[Issue]:
        """Return what is wrong with a reference to what is elsewhere: the type that the url implies
        is believed.
        """
        name = implied_type(reference)
        # `Patient.contact` is a kind of the schema, too, but no type that a url can imply.
        actual = (
            name
            if name is not None and "." not in name and self.schema.kind(name) is not None
            else None
        )
        issues = self._stated_type(value, actual)
        if self.aggregation and "referenced" not in self.aggregation:
            fault = REFERENCE_AGGREGATION_ELSEWHERE(
                reference=reference[:128], aggregation=", ".join(self.aggregation)
            )
            issues.append(Issue.of(fault))
        if actual is not None and self.allowed is not None and actual not in self.allowed:
            fault = REFERENCE_TARGET_IMPLIED(
                found=actual, reference=reference[:128], expected=self.expected
            )
            issues.append(Issue.of(fault))
        elif actual is not None and not issues:
            self.memory.keep_early(self.plain, actual, None)
        return issues

    def _stated_type(self, value: dict[str, Any], actual: str | None) -> list[Issue]:
        """Return what is wrong with Reference.type, against the types allowed and the type that is
        there.
        """
        stated = value.get("type")
        if type(stated) is not str or is_blank(stated):
            return []
        issues: list[Issue] = []
        if self.allowed is not None and stated.removeprefix(CORE) not in self.allowed:
            issues.append(Issue.of(REFERENCE_TYPE(stated=stated[:64], expected=self.expected)))
        if actual is not None and actual != stated:
            issues.append(Issue.of(REFERENCE_TYPE_FOUND(found=actual, stated=stated[:64])))
        return issues


_READS = Reads(
    ("reference", "type"),
    around=("contained", "id", "parameter", "part", "resource", "resourceType"),
)
RULE = Rule("references", ("value",), build, Twin("reference"), _READS)
NARROWED = Rule("targets of references", ("narrowed",), build_narrowed, Twin("reference"), _READS)
