"""OperationDefinitions (FHIR R4, section 5.7): their profiles on Parameters are known, and are profiles on Parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..issue import Issue
from ..schema import TypeSchema
from .rule import Check, Issues, Scope

if TYPE_CHECKING:
    from ..explainer import Explainer

__all__ = ["build"]


def build(schema: TypeSchema, explainer: Explainer) -> Check | None:
    if schema.name != "OperationDefinition":
        return None
    definitions = explainer.definitions

    def check(value: Any, scope: Scope) -> Issues:
        issues: list[Issue] = []
        for name in ("inputProfile", "outputProfile"):
            url = value.get(name)
            if type(url) is not str:
                continue
            profile = definitions.fetch("StructureDefinition", url)
            if profile is None:
                issues.append(Issue("error", "unknown", "operation-profile", name, f"The profile '{url[:256]}' can not be resolved"))
            elif profile.get("type") != "Parameters":
                issues.append(Issue("error", "invalid", "operation-profile", name, f"The profile '{url[:256]}' is not a profile on Parameters"))
        return issues or None

    return check
