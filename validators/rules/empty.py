"""ele-1 (FHIR R4, section 2.24): every element has a value or children; an id alone is neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..issue import Issue
from ..schema import TypeSchema
from .rule import Check, Issues, Scope

if TYPE_CHECKING:
    from ..explainer import Explainer

__all__ = ["build"]

ELEMENT = "http://hl7.org/fhir/StructureDefinition/Element"


def build(schema: TypeSchema, explainer: Explainer) -> Check | None:
    if schema.kind == "resource":
        return None

    def check(value: Any, scope: Scope) -> Issues:
        if len(value) > 1 or (value and "id" not in value):
            return None
        return [Issue("error", "invariant", "ele-1", "", "Constraint failed: ele-1: 'All FHIR elements must have a @value or children'", ELEMENT)]

    return check
