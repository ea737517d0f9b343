"""Profiles that a resource names in meta.profile (FHIR R4, section 5.1.0.4): each must be known,
and hold. Level strict only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues, added, union
from ..checks.claim_faults import PROFILE_ELEMENT, PROFILE_TYPE, PROFILE_UNKNOWN
from ..checks.conformance import shown
from ..checks.rule import Reads, Rule, Twin
from ..checks.surroundings import Scope
from ..definitions import IMPOSE_PROFILE, core
from ..economy.memory import Memory
from ..schema import TypeSchema
from ..schema.head import head_of
from ..verdicts.declaration import Violation
from ..verdicts.issue import Issue, Severity, any_fails

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE", "Claims", "imposed", "named"]

_KEPT = 4096  # urls come from data
_OF_THE_CLAIM = frozenset({PROFILE_UNKNOWN.name, PROFILE_TYPE.name})


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of a resource against the profiles that it names in meta.profile, and those
    that these impose (FHIR R4, section 5.1.0.4). None for types that are no resources, and where
    the validator is not to look at meta.profile.
    """
    if compilation.unknown_profile is None or schema.kind != "resource":
        return None
    kind = schema.name
    memory = Memory(_KEPT)
    compiled: dict[str, Check | None] = memory.table()

    def of(url: str) -> Check | None:
        return memory.keep_early(compiled, url, _compiled(url, kind, compilation))

    def check(value: Any, scope: Scope) -> Issues:
        meta = value.get("meta")
        profiles = meta.get("profile") if type(meta) is dict else None
        if type(profiles) is not list:
            return None
        issues: Issues = None
        seen: set[str] = set()
        for index, url in enumerate(profiles):
            if type(url) is not str or url in seen:
                continue
            seen.add(url)
            profile_check = compiled[url] if url in compiled else of(url)
            found = profile_check(value, scope) if profile_check is not None else None
            if found is not None:
                for issue in found:
                    if issue.rule in _OF_THE_CLAIM and not issue.location:
                        issue.location = f"meta.profile[{index}]"
                issues = added(issues, found)
        return issues

    return check


def _compiled(url: str, kind: str, compilation: Compilation) -> Check | None:
    """Return the check of a resource of a type against a profile that it names; None where there is
    nothing to check.
    """
    definition = named(url, compilation)
    if definition is None:
        return _unknown(url, compilation)
    if definition["type"] != kind:
        name = shown(definition, compilation.definitions)[:256]
        wrong = PROFILE_TYPE(type=definition["type"], url=name, found=kind)
        return (
            _of_ancestor(definition, wrong, compilation)
            if definition["type"] in ("Resource", "DomainResource")
            else lambda value, scope: [Issue.of(wrong, "", url[:256])]
        )
    own = compilation.profile_check(url)
    others = [_imposed(each, kind, compilation) for each in imposed(definition)]
    claimed = [] if own is None else [_claimed(own, head_of(definition).identity)]
    return union([*claimed, *(check for check in others if check is not None)])


def _imposed(url: str, kind: str, compilation: Compilation) -> Check | None:
    """Return the check of a profile that another one imposes; an abstract type is a
    wrong one here.
    """
    head = compilation.schema.head(url)
    if head is None or head.type == kind:
        return compilation.profile_check(url)
    wrong = PROFILE_TYPE(type=head.type, url=url[:256], found=kind)
    return lambda value, scope: [Issue.of(wrong, "", url[:256])]


def _of_ancestor(definition: dict[str, Any], wrong: Violation, compilation: Compilation) -> Check:
    """Return the check of a profile on an abstract type, which is a wrong type on a line's own
    resource. On one inside another the profile is followed, as the reference validator does, and
    allows what the abstract type has.
    """
    url = definition["url"]
    own = compilation.profile_check(url)
    inside = None if own is None else _only_of(definition, own, compilation)

    def check(value: Any, scope: Scope) -> Issues:
        if scope.place == "line":
            return [Issue.of(wrong, "", url)]
        return None if inside is None else inside(value, scope)

    return check


def _only_of(definition: dict[str, Any], check: Check, compilation: Compilation) -> Check:
    """Return the check of a profile, and that the resource has nothing beyond the
    profile's type.
    """
    properties = compilation.schema.properties(definition["type"])
    url = definition["url"]
    fault = PROFILE_ELEMENT(url=url)

    def only(value: Any, scope: Scope) -> Issues:
        issues = list(check(value, scope) or ())
        issues += (
            Issue.of(fault, name, url)
            for name in value
            if name.removeprefix("_") not in properties and name != "resourceType"
        )
        return issues or None

    return only


def _claimed(check: Check, profile: str) -> Check:
    """Return the check of a claim; while it runs, whoever asks for the claim is told
    that it holds.
    """

    def claimed(value: Any, scope: Scope) -> Issues:
        scope.follows.claim(value, profile)
        issues = check(value, scope)
        scope.follows.settle(value, profile, not any_fails(issues or ()))
        return issues

    return claimed


def named(url: str, compilation: Compilation) -> dict[str, Any] | None:
    """Return the profile that a resource names; None where it is not known. A url with an empty
    version is not known, and the core's profiles are known without a version only.

    The latter as HAPI's validation support has it (``DefaultProfileValidationSupport``), where
    ``vitalsigns|4.0.1`` is unknown.
    """
    bare, bar, version = url.partition("|")
    if bar and (not version or core().fetch("StructureDefinition", bare) is not None):
        return None
    return compilation.definitions.fetch("StructureDefinition", url)


class Claims:
    """Which profiles resources claim; one per compilation."""

    def __init__(self, compilation: Compilation) -> None:
        self._compilation = compilation
        self._memory = Memory(_KEPT)
        self._identities: dict[tuple[str, str], str | None] = self._memory.table()

    def of(self, resource: dict[str, Any], kind: str) -> list[str]:
        """Return the identities of the profiles that a resource of a type is held against since it
        names them; none where the validator is not to look at meta.profile.
        """
        meta = resource.get("meta")
        profiles = meta.get("profile") if type(meta) is dict else None
        return self.among(profiles, kind) if type(profiles) is list else []

    def among(self, profiles: Sequence[Any], kind: str) -> list[str]:
        """Return the same of what stands in meta.profile."""
        if self._compilation.unknown_profile is None:
            return []
        found = (self._identity(url, kind) for url in profiles if type(url) is str)
        return [identity for identity in found if identity is not None]

    def _identity(self, url: str, kind: str) -> str | None:
        key = url, kind
        if key in self._identities:
            return self._identities[key]
        definition = named(url, self._compilation)
        is_on_it = definition is not None and definition["type"] == kind
        found = head_of(definition).identity if definition is not None and is_on_it else None
        return self._memory.keep(self._identities, key, found)


def imposed(definition: dict[str, Any]) -> list[str]:
    """Return the urls of the profiles that a profile imposes on its resources beside itself."""
    return [
        e["valueCanonical"]
        for e in definition.get("extension", ())
        if e.get("url") == IMPOSE_PROFILE and "valueCanonical" in e
    ]


def _unknown(url: str, compilation: Compilation) -> Check | None:
    severity = compilation.unknown_profile
    if severity == "ignore" or (severity == "warning" and not compilation.warnings):
        return None
    worth: Severity = "error" if severity == "error" else "warning"
    fault = PROFILE_UNKNOWN(url=url[:256])
    return lambda value, scope: [Issue.of(fault, "", url[:256], severity=worth)]


RULE = Rule(
    "profiles of resources",
    ("object",),
    build,
    Twin("claimed_profiles"),
    Reads(("meta.profile",), opens=True),
)
