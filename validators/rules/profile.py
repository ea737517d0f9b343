"""Profiles that a resource names in meta.profile (FHIR R4, section 5.1.0.4): each must be known, and hold. Level strict only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..issue import Issue
from ..schema import TypeSchema
from .rule import Check, Issues, Scope

if TYPE_CHECKING:
    from ..explainer import Explainer

__all__ = ["build"]

_ADVICE = "add its package, validate with --level structure-only, or say --unknown-profile warning|ignore"


def build(schema: TypeSchema, explainer: Explainer) -> Check | None:
    if explainer.unknown_profile is None or schema.kind != "resource":
        return None
    severity, kind = explainer.unknown_profile, schema.name

    def unknown(url: str, index: int) -> Issues:
        if severity == "ignore" or (severity == "warning" and not explainer.warnings):
            return None
        text = f"Profile reference '{url[:256]}' has not been checked because it is unknown: {_ADVICE}"
        return [Issue("error" if severity == "error" else "warning", "not-found", "profile-unknown", f"meta.profile[{index}]", text, url[:256])]

    def other_type(url: str, index: int, expected: str) -> Issues:
        text = f"Specified profile type was '{expected}' in profile '{url}', but found type '{kind}'"
        return [Issue("error", "structure", "profile-type", f"meta.profile[{index}]", text, url)]

    def check(value: Any, scope: Scope) -> Issues:
        meta = value.get("meta")
        profiles = meta.get("profile") if type(meta) is dict else None
        if type(profiles) is not list:
            return None
        issues: Issues = None
        for index, url in enumerate(profiles):
            if type(url) is not str or url in profiles[:index]:
                continue
            definition = explainer.definitions.fetch("StructureDefinition", url) if not url.endswith("|") else None
            if definition is None:
                found = unknown(url, index)
            elif definition["type"] not in (kind, "Resource", "DomainResource"):
                found = other_type(url, index, definition["type"])
            else:
                profile_check = explainer.profile_check(url)
                found = profile_check(value, scope) if profile_check is not None else None
            if found:
                issues = found if issues is None else issues + found
        return issues

    return check
