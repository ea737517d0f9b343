"""Coded elements: what decides about the codes of one, and the check that this comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..economy.memory import Memory
from ..terminology import ConceptBinding, Findings, Terminology
from ..terminology.bindings import coded
from ..terminology.code_faults import CODE_SYSTEM_BOUND, UNDECIDED, UNEXPANDABLE
from ..verdicts.declaration import Violation
from ..verdicts.issue import Issue
from ..verdicts.undecided import UndecidedCode
from .check import Check, Issues, union
from .surroundings import Scope

__all__ = ["CODES", "BoundTo", "CodedElement", "code_system_bound", "codes_check", "said"]


class BoundTo(NamedTuple):
    """One binding: its strength, the canonical url of its value set, empty for none, and its
    maximum.
    """

    strength: str
    value_set: str
    max_value_set: str | None


class CodedElement(NamedTuple):
    """All that decides about the codes of an element, wherever it stands: its type, and what it is
    bound to, additional bindings included.
    """

    type: str
    bindings: Sequence[BoundTo]


CODES = frozenset({"code", "string", "uri", "url", "canonical", "id", "markdown", "oid", "uuid"})
"""The primitives that can be bound."""
_QUIET = 4096
_COUNTED = (UNDECIDED, UNEXPANDABLE)
_UNBOUND = BoundTo("example", "", None)


def codes_check(element: CodedElement, terminology: Terminology, *, warnings: bool) -> Check | None:
    """Return the check of a coded element (FHIR R4, section 4.1); None where no code can be found
    fault with.

    warnings   whether it also says what fails no resource
    """
    if not element.bindings:
        unbound = None if element.type in CODES else _UNBOUND
        return None if unbound is None else _check(element.type, unbound, terminology, warnings)
    checks = [_bound(element.type, one, terminology, warnings) for one in element.bindings]
    return union([check for check in checks if check is not None])


def _bound(kind: str, bound: BoundTo, terminology: Terminology, everything: bool) -> Check | None:
    if (fault := code_system_bound(bound.value_set, terminology)) is not None:
        return lambda value, scope: [Issue.of(fault)]
    return _check(kind, bound, terminology, everything)


def code_system_bound(url: str, terminology: Terminology) -> Violation | None:
    """Return the fault of whatever an element holds whose binding names a code system, as that of
    ExplanationOfBenefit.priority does in R4 itself; None for other bindings.
    """
    if not url or terminology.value_set(url) is not None or terminology.code_system(url) is None:
        return None
    return CODE_SYSTEM_BOUND(value_set=url)


def _check(kind: str, bound: BoundTo, terminology: Terminology, everything: bool) -> Check | None:
    url = bound.value_set or None
    if kind in CODES:
        return _code_check(
            terminology.code_binding(url, bound.strength, bound.max_value_set), everything
        )
    if kind in ("Coding", "Quantity"):
        coding = terminology.coding_binding(url, bound.strength, bound.max_value_set)

        def check_coding(value: Any, scope: Scope) -> Issues:
            if not isinstance(value, dict):
                return None
            findings = coding(value.get("system"), value.get("code"))
            return said(findings, (value,), scope, all_of_it=everything) if findings else None

        return check_coding
    if kind == "CodeableConcept":
        return _concept_check(
            terminology.concept_binding(url, bound.strength, bound.max_value_set), everything
        )
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
        issues = said(findings, codings, scope, all_of_it=everything) if findings else None
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
        return said(findings, value, scope, all_of_it=everything) if findings else None

    return check


def said(findings: Findings, coded_by: Any, scope: Scope, *, all_of_it: bool) -> Issues:
    """Return findings about a value as issues, and count what they leave undecided.

    coded_by    what has its codes: a string, or Codings
    all_of_it   whether what fails no resource is said, too
    """
    issues: list[Issue] = []
    for finding in findings:
        if finding.declaration in _COUNTED:
            value_set = str(finding.values["value_set"])
            scope.undecided[value_set] += 1
            for system, code in _meant(str(finding.values["codes"]), coded_by):
                scope.undecided[UndecidedCode(value_set, system, code)] += 1
        if finding.fails or all_of_it:
            issues.append(Issue.of(finding))
    return issues or None


def _meant(codes: str, coded_by: Any) -> Iterable[tuple[str | None, str | None]]:
    """Return (system, code) of the code that a finding names; of all codes where the finding, that
    the value set is not known, names none. A concept that is only text has none, nor has one with a
    code outside its Codings.
    """
    if isinstance(coded_by, str):
        return ((None, coded_by),)
    pairs = [
        (_text(one.get("system")), _text(one.get("code")))
        for one in coded_by
        if isinstance(one, dict)
    ]
    if codes:
        return [pair for pair in pairs if coded(*pair) == codes][:1]
    return [pair for pair in pairs if pair != (None, None)]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
