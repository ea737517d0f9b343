"""Primitive formats (FHIR R4, section 2.24.0.1), by the table in ``primitives``."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.rule import Lowered, Rule, Unknown
from ..checks.surroundings import Scope
from ..schema import Property
from ..values import primitives
from ..values.format_faults import ID_MISSING
from ..verdicts.issue import Issue

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["EMPTY_IDS", "FORMATS", "Proof", "STYLE", "format_of", "proof_of", "style_of"]


Proof = tuple[Container[str], Callable[[object], object]]
"""Strings that are certainly fine, and a function that gives None for any other value that is."""

_NONE: Container[str] = frozenset()


def _said(prove: primitives.Check) -> Check:
    def check(value: Any, scope: Scope) -> Issues:
        found = prove(value)
        return None if found is None else [Issue.of(found)]

    return check


def proof_of(prop: Property, compilation: Compilation, checks: int) -> Proof | None:
    """Return the proof for a property of one primitive that has so many checks; None where they are
    more than format, style and a list of codes.
    """
    bound = prop.element.binding
    if style_of(prop, compilation) is not None:
        checks -= 1
        if checks == 1 and not _is_resource_id(prop, compilation):
            return primitives.QUIET[prop.type]
    if checks == 1:
        return (
            _NONE if _is_resource_id(prop, compilation) else primitives.PROVEN.get(prop.type, _NONE)
        ), format_of(prop, compilation)
    if checks == 2 and bound is not None and not bound.additional:
        binding = compilation.terminology.code_binding(
            bound.value_set or None, bound.strength, bound.max_value_set
        )
        if binding is not None and binding.accepted:
            return binding.accepted, lambda value: False  # none but those listed are fine
    return None


def style_of(prop: Property, compilation: Compilation) -> primitives.Check | None:
    """Return the check of the style of a primitive's values; None where warnings are not asked for
    or the type has none.
    """
    return primitives.WARNINGS.get(prop.type) if compilation.warnings else None


def _is_resource_id(prop: Property, compilation: Compilation) -> bool:
    return (
        prop.json_name == "id"
        and compilation.schema.kind(prop.element.path.removesuffix(".id")) == "resource"
    )


def format_of(prop: Property, compilation: Compilation) -> primitives.Check:
    """Return the check of the format that values of a primitive property have (FHIR R4, section
    2.24.0.1).
    """
    if _is_resource_id(prop, compilation):
        return primitives.resource_id
    return primitives.CHECKS[prop.type]


def build(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of a primitive's format (FHIR R4, section 2.24.0.1); None for properties
    that are no primitives.
    """
    return _said(format_of(prop, compilation)) if prop.is_primitive else None


def build_empty(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check that a resource's id has a value, if the id is there at all; None for any
    other property.
    """
    if not _is_resource_id(prop, compilation):
        return None
    return lambda value, scope: [Issue.of(ID_MISSING())]


def build_warnings(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of a primitive's style, which fails no resource; None where warnings are not
    asked for or the type has no style.
    """
    style = style_of(prop, compilation)
    return None if style is None else _said(style)


FORMATS = Rule("primitive formats", ("value",), build, Lowered("format"))
EMPTY_IDS = Rule("ids without a value", ("empty",), build_empty, Unknown())
STYLE = Rule("primitive style", ("value",), build_warnings, Lowered("format"))
