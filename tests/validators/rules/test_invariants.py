"""Every invariant of base R4 says of small resources what HL7's validator says of them.

fixtures/invariants.ndjson: one line a case, ``{"key", "holds", "resource"}``; ``holds`` is the
verdict of HL7's validator (6.5.27) on that invariant.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bulkfhir.validators.definitions import core
from bulkfhir.validators.fhirpath import Hooks, Invariant, Scope, TypeModel, invariant
from bulkfhir.validators.schema import Constraint, Schema, UnknownType
from bulkfhir.validators.schema.errata import ERRATA, corrected

CASES = [
    json.loads(line)
    for line in (Path(__file__).resolve().parents[3] / "fixtures/invariants.ndjson")
    .read_text(encoding="utf-8")
    .splitlines()
]

SCHEMA = Schema(core())
MODEL = TypeModel(SCHEMA)

IN_CODE = {"ele-1", "dom-3", "txt-1", "txt-2"}
"""Checked by rules in code; their tests are with those rules."""
NEVER_FAIL = {"cid-0", "con-3", "eld-11"}
"""As HL7's validator reads them: ChargeItemDefinition has no name; exists() and select() make
booleans, which are never empty.
"""
CRASH = {"smp-1"}
"""HL7's validator crashes on whatever would fail it, before it comes to the invariant."""
ELSEWHERE = {"dom-6", "inv-0", "tst-11", "tst-13"}
"""Best practice, off; on an abstract type of later versions; on elements that refer to another,
whose invariants (tst-10, tst-12) HL7's validator checks.
"""


def elements(
    value: Any, type_name: str, constraints: tuple[Constraint, ...]
) -> Iterator[tuple[Any, str, Constraint]]:
    """Every invariant that applies to an element or to one below it, but not to contained
    resources.
    """
    try:
        root = SCHEMA.type(type_name).root.constraints
    except UnknownType:
        root = ()
    for constraint in {c.key: c for c in (*root, *constraints)}.values():
        yield value, type_name, constraint
    for key, child in value.items() if isinstance(value, dict) else ():
        found = MODEL.properties(type_name).get(key)
        for part in child if isinstance(child, list) else [child]:
            if found is not None and not (isinstance(part, dict) and "resourceType" in part):
                yield from elements(part, found.type, found.element.constraints)


HOOKS = Hooks(member_of=lambda value, name, url: MODEL.is_resource(value))


@cache
def published() -> tuple[dict[str, Any], ...]:
    """Every constraint that the types of R4 state."""
    definitions = (
        d for d in core().all("StructureDefinition") if d.get("derivation") != "constraint"
    )
    return tuple(
        constraint
        for d in definitions
        for element in d["snapshot"]["element"]
        for constraint in element.get("constraint", ())
    )


def answers(case: dict[str, Any]) -> Iterator[tuple[Invariant, Any, Scope]]:
    resource = case["resource"]
    scope = Scope(resource, resource, hooks=HOOKS)
    for value, type_name, constraint in elements(resource, resource["resourceType"], ()):
        expression = (
            corrected(constraint.key, constraint.expression)
            if constraint.key == case["key"]
            else ""
        )
        if expression:
            yield invariant(expression, type_name, MODEL), value, scope


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case['key']}-{number}" for number, case in enumerate(CASES, 1)]
)
def test_an_invariant_holds_exactly_where_hl7s_validator_says_so(case: dict[str, Any]) -> None:
    found = list(answers(case))
    assert found, "the invariant does not apply to this resource"
    assert all(made.holds(value, scope) for made, value, scope in found) is case["holds"]


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case['key']}-{number}" for number, case in enumerate(CASES, 1)]
)
def test_the_general_evaluation_says_the_same(case: dict[str, Any]) -> None:
    assert (
        all(made.expression.holds(value, scope) for made, value, scope in answers(case))
        is case["holds"]
    )


@pytest.mark.parametrize("holds", [True, False])
def test_every_error_of_base_r4_has_a_case_of_either_kind(holds: bool) -> None:
    known = IN_CODE | ELSEWHERE | (set() if holds else NEVER_FAIL | CRASH)
    errors = {constraint["key"] for constraint in published() if constraint["severity"] == "error"}
    assert errors - {case["key"] for case in CASES if case["holds"] is holds} - known == set()


def test_every_published_text_in_the_errata_stands_in_a_definition() -> None:
    texts = {constraint.get("expression") for constraint in published()}
    keys = {constraint["key"] for constraint in published()}
    elsewhere = [e.reason for e in ERRATA if e.published and e.published not in texts]
    assert all("published it" in reason or "US Core" in reason for reason in elsewhere)
    assert {e.key for e in ERRATA if e.key} <= keys


def test_an_erratum_that_names_no_text_replaces_every_expression_under_its_key() -> None:
    assert corrected("txt-2", "anything") == "htmlChecks2()"
    assert corrected("dom-3", "anything") == ""
    assert (
        corrected("obs-6", "dataAbsentReason.empty() or value.empty()")
        == "dataAbsentReason.empty() or value.empty()"
    )


@pytest.mark.parametrize(
    ("period", "holds"),
    [
        ("-1e-400", False),  # for a float it is zero
        ("-1E-310", False),  # and this is no number of its own
        ("-1e-5", False),
        ("1e-400", True),
        ("-0.0", True),
        ("0", True),
    ],
)
def test_a_number_too_near_to_zero_for_a_float_is_no_zero(
    judging: Callable[..., Any], period: str, holds: bool
) -> None:
    """tim-5: a period SHALL be a non-negative value."""
    line = (
        '{"resourceType":"MedicationRequest","id":"a","status":"active","intent":"order",'
        '"medicationCodeableConcept":{"text":"x"},"subject":{"reference":"Patient/1"},'
        f'"dosageInstruction":[{{"timing":{{"repeat":{{"period":{period},"periodUnit":"d"}}}}}}]}}'
    )
    issues = judging("structure-only").validate(line.encode()).issues
    assert ("tim-5" not in {issue.rule for issue in issues}) is holds
