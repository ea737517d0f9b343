"""Profiles that a definition puts on the type of an element (``SimpleQuantity``): one of them must
hold (FHIR R4, section 5.1.0.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.claim_faults import PROFILE_TYPE, PROFILE_UNKNOWN
from ..checks.rule import Lowered, Rule
from ..checks.surroundings import Scope
from ..schema import Property
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue, any_fails

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE", "follows"]


ELEMENT_PROFILE_UNKNOWN = PROFILE_UNKNOWN.also(
    "The profile {url} of this element is not known, so it cannot be checked", code="structure"
)
TYPE_PROFILE = Declaration(
    "type-profile",
    "error",
    "structure",
    "Unable to find a match for any of the profiles {profiles}",
    "a value follows one of the profiles that its element names",
    section="5.1.0.5",
    reference=("Validation_VAL_Profile_NotAllowed", "Extension_EXT_Type"),
)


def build(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check that values follow one of the profiles of their type (FHIR R4, section
    5.1.0.5); None where there are none, and for resources, which stand in scopes of their own.
    """
    urls = prop.type_ref.profiles
    if prop.type == "Extension":
        urls = tuple(url for url in urls if not _found_by_url(url, compilation))
    if not urls or prop.type == "Resource":  # resources stand in scopes of their own
        return None
    if len(urls) > 1 or compilation.schema.head(urls[0]) is None:
        named = urls[0].partition("|")[0] if prop.type == "Extension" and len(urls) == 1 else None

        def following(value: Any, scope: Scope) -> Issues:
            if named is not None and value.get("url") == named:
                return None  # an extension whose definition is not held, as any other may be
            return follows(compilation, urls, prop.type, value, scope)

        return following
    made: list[Check | None] = []

    def check(value: Any, scope: Scope) -> Issues:
        if not made:  # when it is needed: profiles lead back to themselves
            made.append(compilation.profile_check(urls[0]))
        return made[0](value, scope) if made[0] is not None else None

    return check


def _found_by_url(url: str, compilation: Compilation) -> bool:
    """Tell whether a value that is in the profile is checked against it anyway, as the extension
    that its url says it is.
    """
    definition = compilation.definitions.fetch("StructureDefinition", url)
    if definition is None or "|" in url:
        return False
    return any(
        e["path"] == "Extension.url" and e.get("fixedUri") == definition["url"]
        for e in definition["snapshot"]["element"]
    )


def follows(
    compilation: Compilation, urls: Sequence[str], name: str, value: Any, scope: Scope
) -> Issues:
    """Return what is wrong with a value of the named type that must follow one of the profiles;
    None where nothing is.
    """
    issues: list[Issue] = []
    found: list[list[Issue]] = []
    for url in urls:
        head = compilation.schema.head(url)
        if head is None:
            issues.append(Issue.of(ELEMENT_PROFILE_UNKNOWN(url=url), "", url))
            continue
        if head.type != name and compilation.schema.is_resource(name):
            # A profile on an abstract type is on another one, too, as in the reference validator.
            wrong = PROFILE_TYPE(type=head.type, url=url, found=name)
            found.append([Issue.of(wrong, "", url)])
            continue
        check = compilation.profile_check(url)
        found.append((check(value, scope) if check is not None else None) or [])
    best = next((one for one in found if not any_fails(one)), None)
    if best is None and found:
        best = found[0]
        if len(urls) > 1:
            best = [Issue.of(TYPE_PROFILE(profiles=", ".join(urls))), *best]
    return (issues + (best or [])) or None


RULE = Rule("profiles of types", ("value", "narrowed"), build, Lowered("overlay"))
