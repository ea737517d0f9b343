"""Primitive formats (FHIR R4, section 2.24.0.1), by the table in ``primitives``."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any

from .. import primitives
from ..issue import Issue, Severity
from ..schema import Property
from .form import ANY_STRING
from .rule import Check, Issues, Scope

if TYPE_CHECKING:
    from ..explainer import Explainer

__all__ = ["build", "build_empty", "build_warnings", "proven_of"]


def _said_as(severity: Severity, prove: primitives.Check) -> Check:
    def check(value: Any, scope: Scope) -> Issues:
        finding = prove(value)
        return None if finding is None else [Issue(severity, "invalid", finding[0], "", finding[1])]

    return check


def proven_of(found: Property, explainer: Explainer, checks: int) -> Container[str]:
    """Strings that are certainly fine as values of a primitive property that has so many checks: its format, and perhaps a binding; else none."""
    element = found.element
    if checks == 1 and not _is_resource_id(found, explainer):
        return ANY_STRING if found.type == "string" else primitives.PROVEN.get(found.type, frozenset())
    if checks == 2 and element.binding is not None:
        binding = explainer.terminology.code_binding(element.binding.value_set or None, element.binding.strength, element.binding.max_value_set)
        return (binding.accepted if binding is not None else None) or frozenset()
    return frozenset()


def _is_resource_id(found: Property, explainer: Explainer) -> bool:
    return found.json_name == "id" and explainer.schema.kind(found.element.path.removesuffix(".id")) == "resource"


def format_of(found: Property, explainer: Explainer) -> primitives.Check:
    """The format that values of a primitive property have."""
    if _is_resource_id(found, explainer):
        return primitives.resource_id
    return primitives.CHECKS[found.type]


def build(found: Property, explainer: Explainer) -> Check | None:
    return _said_as("error", format_of(found, explainer)) if found.is_primitive else None


def build_empty(found: Property, explainer: Explainer) -> Check | None:
    """A resource's id has a value, if it is there at all."""
    if not _is_resource_id(found, explainer):
        return None
    return lambda value, scope: [Issue("error", "invalid", "id", "", "an id must have a value")]


def build_warnings(found: Property, explainer: Explainer) -> Check | None:
    if not explainer.warnings or found.type not in primitives.WARNINGS:
        return None
    return _said_as("warning", primitives.WARNINGS[found.type])
