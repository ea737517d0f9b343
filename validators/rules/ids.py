"""Ids that occur once: of elements within their resource, of contained resources within their container; and security labels as a set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..issue import Issue
from ..schema import Property, TypeSchema
from .rule import Check, Issues, Scope

if TYPE_CHECKING:
    from ..explainer import Explainer

__all__ = ["build", "build_element"]


def build_element(found: Property, explainer: Explainer) -> Check | None:
    """Element.id (FHIR R4, section 2.24.0.2). ElementDefinitions are excepted: a StructureDefinition has each id twice."""
    path = found.element.path
    if found.json_name != "id" or path == "ElementDefinition.id" or explainer.schema.kind(path.removesuffix(".id")) == "resource":
        return None

    def check(value: Any, scope: Scope) -> Issues:
        if type(value) is not str:
            return None
        seen = scope.memo.setdefault("ids", set())
        if value in seen:
            return [Issue("error", "business-rule", "duplicate-id", "", f"Duplicate id value '{value[:64]}'")]
        seen.add(value)
        return None

    return check


def build(schema: TypeSchema, explainer: Explainer) -> Check | None:
    """Contained resources (FHIR R4, section 2.3.3) and Resource.meta.security (section 2.24.5)."""
    if schema.kind != "resource":
        return None

    def check(value: Any, scope: Scope) -> Issues:
        issues: list[Issue] = []
        contained = value.get("contained")
        if type(contained) is list and len(contained) > 1:
            ids = [identity for r in contained if type(r) is dict and type(identity := r.get("id")) is str]
            issues += _repeated("contained", "duplicate-contained-id", ids)
        meta = value.get("meta")
        labels = meta.get("security") if type(meta) is dict else None
        if type(labels) is list and len(labels) > 1:
            issues += _repeated("meta.security", "duplicate-security", [f"{label.get('system')}#{label.get('code')}" for label in labels if type(label) is dict])
        return issues or None

    return check


def _repeated(location: str, rule: str, keys: list[str]) -> list[Issue]:
    return [Issue("error", "duplicate", rule, f"{location}[{n}]", f"Duplicate: '{key[:128]}'") for n, key in enumerate(keys) if key in keys[:n]]
