"""Links inside narratives (FHIR R4, section 2.4): ``#anchor`` and ``#image`` lead somewhere in the resource. The XHTML itself is a primitive format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..narrative import resolve_anchors
from ..schema import TypeSchema
from .rule import Check, Issues, Scope

if TYPE_CHECKING:
    from ..explainer import Explainer

__all__ = ["build"]


def build(schema: TypeSchema, explainer: Explainer) -> Check | None:
    if schema.kind != "resource":
        return None
    start = len(schema.name) + 1

    def check(value: Any, scope: Scope) -> Issues:
        if scope.parent is not None:  # the line's own resource asks for all that is inside
            return None
        issues = resolve_anchors(value)
        for issue in issues:
            issue.location = issue.location[start:]
        return issues or None

    return check
