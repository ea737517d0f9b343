"""Profiles that a definition puts on the type of an element (``SimpleQuantity``): one of them must hold (FHIR R4, section 5.1.0.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..issue import Issue
from ..schema import Property
from .rule import Check, Issues, Scope

if TYPE_CHECKING:
    from ..explainer import Explainer

__all__ = ["build"]


def build(found: Property, explainer: Explainer) -> Check | None:
    urls = found.type_ref.profiles
    if not urls or found.type == "Extension":  # extensions are found by their own url
        return None
    made: list[list[Check | None]] = []

    def checks() -> list[Check | None]:
        if not made:
            made.append([explainer.profile_check(url) for url in urls])
        return made[0]

    def check(value: Any, scope: Scope) -> Issues:
        best: Issues = None
        for one in checks():
            issues = one(value, scope) if one is not None else None
            if issues is None or not any(issue.fails for issue in issues):
                return issues
            best = issues if best is None else best
        if len(urls) > 1 and best is not None:
            best = [Issue("error", "structure", "type-profile", "", f"Unable to find a match for any of the profiles {', '.join(urls)}"), *best]
        return best

    return check
