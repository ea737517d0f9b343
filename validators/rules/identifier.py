"""Identifier and Extension urls: absolute URIs, and a URI as the value where the system says so (FHIR R4, sections 2.24.0.10 and 2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..issue import Issue
from ..primitives import is_absolute_uri
from ..schema import TypeSchema
from .rule import Check, Issues, Scope

if TYPE_CHECKING:
    from ..explainer import Explainer

__all__ = ["build"]

_SCHEMES = ("http:", "https:", "urn:", "ldap:")
_URI_SYSTEM = "urn:ietf:rfc:3986"


def build(schema: TypeSchema, explainer: Explainer) -> Check | None:
    if schema.name != "Identifier":
        return None
    absolute: set[str] = set()

    def check(value: Any, scope: Scope) -> Issues:
        system = value.get("system")
        if system is None or type(system) is not str:
            return None
        issues: Issues = None
        if system not in absolute:
            if system.startswith(_SCHEMES):
                if len(absolute) < 1000:
                    absolute.add(system)
            elif system:
                issues = [Issue("error", "code-invalid", "identifier-system", "", "Identifier.system must be an absolute reference, not a local reference")]
        if system == _URI_SYSTEM:
            identifier = value.get("value")
            if type(identifier) is str and not is_absolute_uri(identifier):
                found = [Issue("error", "code-invalid", "identifier-uri", "", f"if identifier.system is '{_URI_SYSTEM}', then the identifier.value must be a full URI")]
                issues = found if issues is None else issues + found
        return issues

    return check
