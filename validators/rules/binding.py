"""Codes (FHIR R4, section 4.1): required bindings, and codes that their own system does not have,
bound or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..checks.check import Check
from ..checks.coded_element import CODES, BoundTo, CodedElement, codes_check, said
from ..checks.rule import Lowered, Reads, Rule, Unknown
from ..schema import Property

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["EMPTY", "RULE", "UNBOUND", "coded_element"]

_IN_CONCEPT = "CodeableConcept.coding"  # checked with their concept, not one by one


def coded_element(prop: Property) -> CodedElement:
    """Return what decides about the codes of a property."""
    bound = prop.element.binding
    bindings = () if bound is None else (bound, *bound.additional)
    return CodedElement(
        prop.type,
        tuple(BoundTo(one.strength, one.value_set, one.max_value_set) for one in bindings),
    )


def build(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of a bound element, its additional bindings included (FHIR R4, section 4.1);
    None for an element without a binding, or where no code can be found fault with.
    """
    return None if prop.element.binding is None else _codes_check(prop, compilation)


def build_unbound(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of a coded element without a binding, whose codes must be of their system
    all the same (FHIR R4, section 4.1). None for a bound element, for a type without codes, and for
    the codings of a CodeableConcept, which are checked with their concept.
    """
    if prop.element.binding is not None or prop.element.path == _IN_CONCEPT:
        return None
    return _codes_check(prop, compilation)


def build_empty(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of a primitive that has extensions and no value, where a required binding
    wants a code (FHIR R4, section 4.1); None for any other binding or type.
    """
    bound = prop.element.binding
    if bound is None or prop.type not in CODES:
        return None
    binding = compilation.terminology.code_binding(
        bound.value_set or None, bound.strength, bound.max_value_set
    )
    # No code is no code to the reference validator, though by R4 an extension may explain why there
    # is no value (docs/differences.md).
    if binding is None or not binding.no_code:
        return None
    return lambda value, scope: said(binding.no_code, value, scope, all_of_it=False)


def _codes_check(prop: Property, compilation: Compilation) -> Check | None:
    return codes_check(coded_element(prop), compilation.terminology, warnings=compilation.warnings)


_READS = Reads(("coding.system", "coding.code", "system", "code"))
UNBOUND = Rule("codes of their system", ("value",), build_unbound, Lowered("codes"), _READS)
RULE = Rule("bindings", ("value", "narrowed"), build, Lowered("codes"), _READS)
EMPTY = Rule("bindings without a code", ("empty",), build_empty, Unknown())
