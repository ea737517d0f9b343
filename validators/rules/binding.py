"""Codes (FHIR R4, section 4.1): required bindings, and codes that their own system does not have,
bound or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues, union
from ..checks.rule import Lowered, Reads, Rule, Unknown
from ..checks.surroundings import Scope
from ..declaration import Violation
from ..issue import Issue
from ..memory import Memory
from ..schema import Binding, Property
from ..terminology import ConceptBinding, Findings
from ..terminology.bindings import coded
from ..terminology.code_faults import BINDING_CODE_SYSTEM, UNDECIDED, UNEXPANDABLE
from ..undecided import UndecidedCode

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["EMPTY", "RULE", "UNBOUND", "code_system_bound"]

CODE_SYSTEM_BOUND = BINDING_CODE_SYSTEM.also(
    "Found a reference to a CodeSystem '{value_set}' where a ValueSet belongs",
    code="business-rule",
)

_QUIET = 4096
_COUNTED = (UNDECIDED, UNEXPANDABLE)
_CODES = frozenset({"code", "string", "uri", "url", "canonical", "id", "markdown", "oid", "uuid"})
_IN_CONCEPT = "CodeableConcept.coding"  # checked with their concept, not one by one


def _said(findings: Findings, value: Any, scope: Scope, *, all_of_it: bool) -> Issues:
    issues: list[Issue] = []
    for finding in findings:
        if finding.declaration in _COUNTED:
            value_set = str(finding.values["value_set"])
            scope.undecided[value_set] += 1
            for system, code in _meant(str(finding.values["codes"]), value):
                scope.undecided[UndecidedCode(value_set, system, code)] += 1
        if finding.fails or all_of_it:
            issues.append(Issue.of(finding))
    return issues or None


def _meant(codes: str, value: Any) -> Iterable[tuple[str | None, str | None]]:
    """Return (system, code) of the code that a finding about a value names; of all its codes where
    the finding, that the value set is not known, names none. A concept that is only text has none.
    """
    if isinstance(value, str):
        return ((None, value),)
    listed = value.get("coding", value)
    pairs = [
        (_text(one.get("system")), _text(one.get("code")))
        for one in (listed if isinstance(listed, list | tuple) else (listed,))
        if isinstance(one, dict)
    ]
    if codes:
        return [pair for pair in pairs if coded(*pair) == codes][:1]
    return [pair for pair in pairs if pair != (None, None)]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def build(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of a bound element, its additional bindings included (FHIR R4, section 4.1);
    None for an element without a binding, or where no code can be found fault with.
    """
    bound = prop.element.binding
    if bound is None:
        return None
    checks = [_bound(prop, compilation, one) for one in (bound, *bound.additional)]
    return union([check for check in checks if check is not None])


def _bound(prop: Property, compilation: Compilation, bound: Binding) -> Check | None:
    if (fault := code_system_bound(bound, compilation)) is not None:
        return lambda value, scope: [Issue.of(fault)]
    return _check(prop, compilation, bound)


def code_system_bound(bound: Binding, compilation: Compilation) -> Violation | None:
    """Return the fault of whatever an element holds whose binding names a code system, as that of
    ExplanationOfBenefit.priority does in R4 itself; None for other bindings.
    """
    if (
        not bound.value_set
        or compilation.terminology.value_set(bound.value_set) is not None
        or compilation.terminology.code_system(bound.value_set) is None
    ):
        return None
    return CODE_SYSTEM_BOUND(value_set=bound.value_set)


def build_unbound(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of a coded element without a binding, whose codes must be of their system
    all the same. None for a bound element, for a type without codes, and for the codings of a
    CodeableConcept, which are checked with their concept.
    """
    if prop.element.binding is not None or prop.element.path == _IN_CONCEPT:
        return None
    return _check(prop, compilation, None)


def build_empty(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of a primitive that has extensions and no value, where a required binding
    wants a code; None for any other binding or type.
    """
    bound = prop.element.binding
    if bound is None or prop.type not in _CODES:
        return None
    binding = compilation.terminology.code_binding(
        bound.value_set or None, bound.strength, bound.max_value_set
    )
    # No code is no code to the reference validator, though by R4 an extension may explain why there
    # is no value (docs/differences.md).
    if binding is None or not binding.no_code:
        return None
    return lambda value, scope: _said(binding.no_code, value, scope, all_of_it=False)


def _check(prop: Property, compilation: Compilation, bound: Binding | None) -> Check | None:
    url = (bound.value_set or None) if bound is not None else None
    strength = bound.strength if bound is not None else "example"
    maximum = bound.max_value_set if bound is not None else None
    terminology, everything = compilation.terminology, compilation.warnings
    if prop.type in _CODES:
        return (
            _code_check(terminology.code_binding(url, strength, maximum), everything)
            if bound is not None
            else None
        )
    if prop.type in ("Coding", "Quantity"):
        coding = terminology.coding_binding(url, strength, maximum)

        def check_coding(value: Any, scope: Scope) -> Issues:
            if not isinstance(value, dict):
                return None
            findings = coding(value.get("system"), value.get("code"))
            return _said(findings, value, scope, all_of_it=everything) if findings else None

        return check_coding
    if prop.type == "CodeableConcept":
        return _concept_check(terminology.concept_binding(url, strength, maximum), everything)
    return None


def _concept_check(concept: ConceptBinding, everything: bool) -> Check:
    memory = Memory(_QUIET)
    # (system, code) of which, alone, nothing is to be said or counted: nearly all there are
    quiet: dict[tuple[Any, Any], None] = memory.table()

    def check(value: Any, scope: Scope) -> Issues:
        codings = value.get("coding", ()) if isinstance(value, dict) else None
        if codings.__class__ is not list and codings.__class__ is not tuple:
            return None
        alone = codings[0] if len(codings) == 1 and codings[0].__class__ is dict else None
        if alone is not None:
            try:
                if (alone.get("system"), alone.get("code")) in quiet:
                    return None
            except TypeError:
                alone = None
        findings = concept(codings)
        issues = _said(findings, value, scope, all_of_it=everything) if findings else None
        if (
            alone is not None
            and issues is None
            and all(finding.severity == "warning" for finding in findings)
        ):
            memory.keep_early(quiet, (alone.get("system"), alone.get("code")), None)
        return issues

    return check


def _code_check(binding: Callable[[str], Findings] | None, everything: bool) -> Check | None:
    if binding is None:
        return None
    accepted = getattr(binding, "accepted", None) or frozenset()

    def check(value: Any, scope: Scope) -> Issues:
        if type(value) is not str or value in accepted:
            return None
        findings = binding(value)
        return _said(findings, value, scope, all_of_it=everything) if findings else None

    return check


_READS = Reads(("coding.system", "coding.code", "system", "code"))
UNBOUND = Rule("codes of their system", ("value",), build_unbound, Lowered("codes"), _READS)
RULE = Rule("bindings", ("value", "narrowed"), build, Lowered("codes"), _READS)
EMPTY = Rule("bindings without a code", ("empty",), build_empty, Unknown())
