"""Programs in the native acceptor: what FHIRPath says of a resource, run over what was read, is
what the explainer's evaluation says, or a doubt.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bulkfhir.validators import Validator, fhirpath
from bulkfhir.validators.explainer import Explainer
from bulkfhir.validators.fhirpath import FhirPathError, Scope
from bulkfhir.validators.fhirpath.parser import parse
from bulkfhir.validators.native.acceptance import Acceptance
from bulkfhir.validators.native.conditions import Conditions
from bulkfhir.validators.native.records import u8, u32
from bulkfhir.validators.native.tags import OpTag
from bulkfhir.validators.native.type_records import Lowering
from bulkfhir.validators.schema import TypeSchema
from bulkfhir.validators.verdicts.block import Block
from bulkfhir.validators.verdicts.issue import Verdict
from tests.conformance.test_fhirpath_suite import CASES as SUITE
from tests.conformance.test_fhirpath_suite import examples
from tests.validators.rules.test_invariants import CASES as INVARIANTS

pytestmark = pytest.mark.native

Json = dict[str, Any]
Told = Callable[[str, Json], bool | None]
"""Tells of an expression and a resource whether it certainly holds; None where it has no program.
"""
NODE_QUESTION = 1
"""By which the acceptor has a node lowered: its second of all."""
_FIRST = "http://example.org/first"
PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p",
    "extension": [{"url": _FIRST, "valueBoolean": True}],
    "active": True,
    "name": [
        {
            "use": "official",
            "family": "Müller",
            "_family": {"extension": [{"url": _FIRST, "valueString": "Müller"}]},
            "given": ["Ada", "Eva"],
        },
        {"use": "usual", "given": ["Ada"]},
    ],
    "telecom": [{"system": "phone", "value": "1", "rank": 1}, {"system": "email", "value": "a"}],
    "birthDate": "2001-05-06",
    "multipleBirthInteger": 2,
    "contact": [
        {
            "extension": [{"url": _FIRST, "valueString": "a"}],
            "modifierExtension": [{"url": _FIRST, "valueString": "b"}],
            "name": {"text": "C"},
        }
    ],
    "managingOrganization": {"reference": "Organization/o"},
}
COLLECTION: Json = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"fullUrl": "http://example.org/fhir/Patient/p", "resource": PATIENT},
        {
            "fullUrl": "http://example.org/fhir/Organization/o",
            "resource": {"resourceType": "Organization", "id": "o", "name": "O"},
        },
    ],
}
TRUE = (
    "active",
    "name.exists()",
    "name.count() = 2",
    "name.given.count() = 3",
    "name.where(use = 'official').family = 'Müller'",
    "name.family.length() = 6",
    "name.first().given.first() = 'Ada'",
    "name[1].family.empty()",
    "name.all(given.exists())",
    "name.exists(use = 'usual')",
    "name.family.extension('http://example.org/first').value = name.family",
    "name.family.hasValue()",
    "name.select(given).count() = 3",
    "(name.use contains 'x').not() or true",
    "extension('http://example.org/first').value as boolean",
    "contact.extension('http://example.org/first').count() = 2",
    "(extension('http://example.org/first').value as boolean) = true implies name.exists()",
    "telecom.where(system = 'phone').rank < 2",
    "telecom.rank.toString().length() = 1",
    "telecom.system in ('phone' | 'email')",
    "telecom.where(system = 'phone').count() + name.count() = 3",
    "telecom.value.first() + 'b' = '1b'",
    "birthDate.toString().length() = 10",
    "birthDate = '2001-05-06'",
    "multiple.exists() or multipleBirth is integer",
    "multipleBirth.ofType(integer) = 2",
    "name.given.subsetOf(%context.name.given)",
    "name[0].given.intersect(%resource.name[1].given).count() = 1",
    "name.use.first().startsWith('off') and name.use.first().endsWith('al')",
    "active xor name.empty()",
    "managingOrganization.reference.contains('/')",
    "gender.empty()",
    "%resource.id = 'p'",
    "Patient.active",
)
FALSE = (
    "active.not()",
    "gender",
    "name.count() = 3",
    "name.family = 'x'",
    "name.given.first() != 'Ada'",
    "telecom.rank > 1",
    "telecom.all(rank.exists())",
    "name.all(family.hasValue())",
    "telecom.system in ('phone' | 'fax')",
    "multipleBirth is boolean",
    "name.given.subsetOf(%context.name[1].given)",
    "active implies gender.exists()",
    "contact.extension('http://example.org/first').empty()",
    "contact.extension('http://example.org/first').value.first() = 'b'",
)
DOUBTFUL = (
    "birthDate > @2000",
    "name.first() = name.first()",
    "telecom.rank / 2 = 1",
    "name.given.first().upper() = 'ADA'",
    "name.given = 1",
)
OF_BUNDLES = (
    "entry.count() = 2",
    "entry.where(resource is Patient).exists()",
    "entry.where(resource is Patient).resource.name.given.exists()",
    "entry.resource.ofType(Organization).name = 'O'",
    "entry.where(resource is Patient).resource.managingOrganization.resolve().name = 'O'",
    "entry.resource.where($this is Patient).managingOrganization.reference.resolve().exists()",
    "entry.where(resource is Group).exists().not()",
    "entry.where(resource is Resource).resource.name.exists()",
)


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    return Validator("strict", native=False)._errors


@pytest.fixture(scope="module")
def told(explainer: Explainer) -> Iterator[Told]:
    """Judge a resource as if the expression were all that its type has for conditions.

    There is one acceptor for each type that is asked about. Of an expression the node of that type
    is lowered again, as the acceptor asks for it; what it learned of others before stays.
    """
    trial = Lowering(explainer).conditions._programs
    acceptances: dict[str, Acceptance] = {}

    def told(expression: str, resource: Json) -> bool | None:
        kind, tree = resource["resourceType"], parse(expression)
        if trial.of(tree, kind) is None:
            return None

        def of_type(self: Conditions, schema: TypeSchema) -> tuple[list[bytes], bool]:
            made = self._programs.of(tree, kind) if schema.name == kind else None
            return ([] if made is None else [u8(OpTag.PROGRAM) + made + u8(OpTag.DOUBT)]), False

        patch.setattr(Conditions, "of_type", of_type)
        if kind not in acceptances:
            acceptances[kind] = Acceptance(
                lambda: explainer, lambda *_: Verdict(None, None, []), Counter()
            )
        acceptance = acceptances[kind]
        table = acceptance._hearing.table
        if kind in table.types:
            number = table.node(kind)
            table._done.remove(number)
            table.answer(NODE_QUESTION, u32(number))
        data = json.dumps(resource, ensure_ascii=False).encode()
        return not acceptance.validate_block(Block(data)).fallbacks

    with pytest.MonkeyPatch.context() as patch:
        yield told


def holds(expression: str, resource: Json) -> bool:
    bundle = resource if resource["resourceType"] == "Bundle" else None
    scope = Scope(resource, resource, bundle)
    return fhirpath.compile(expression, resource["resourceType"]).holds(resource, scope)


@pytest.mark.parametrize("expression", TRUE)
def test_what_holds_certainly_does(told: Told, expression: str) -> None:
    assert holds(expression, PATIENT)
    assert told(expression, PATIENT) is (None if "contains 'x'" in expression else True)


@pytest.mark.parametrize("expression", FALSE)
def test_what_does_not_hold_never_does(told: Told, expression: str) -> None:
    assert not holds(expression, PATIENT)
    assert told(expression, PATIENT) is False


@pytest.mark.parametrize("expression", DOUBTFUL)
def test_what_takes_more_than_texts_is_a_doubt(told: Told, expression: str) -> None:
    assert not told(expression, PATIENT)


@pytest.mark.parametrize("expression", OF_BUNDLES)
def test_entries_are_told_by_their_types_and_found_by_reference(
    told: Told, expression: str
) -> None:
    assert holds(expression, COLLECTION)
    assert told(expression, COLLECTION)


def test_a_program_of_too_many_steps_is_a_doubt(told: Told) -> None:
    many = {**PATIENT, "name": [{"given": [f"g{n}" for n in range(200)]}]}
    expression = "name.given.all($this in %resource.name.given)"
    assert holds(expression, many)
    assert told(expression, many) is False


@pytest.mark.parametrize(
    ("expressions", "resource", "operator", "wanted"),
    [
        pytest.param(TRUE, PATIENT, "and", True, id="what holds"),
        pytest.param(FALSE, PATIENT, "or", False, id="what does not hold"),
        pytest.param(OF_BUNDLES, COLLECTION, "and", True, id="of Bundles"),
    ],
)
def test_what_a_path_found_is_found_again(
    told: Told, expressions: tuple[str, ...], resource: Json, operator: str, wanted: bool
) -> None:
    for expression in expressions:
        if "contains 'x'" not in expression and expression != "gender":
            twice = f"({expression}) {operator} ({expression})"
            assert told(twice, resource) is wanted, expression


def test_what_is_found_again_takes_the_steps_that_finding_it_took(told: Told) -> None:
    many = {**PATIENT, "name": [{"given": [f"g{n}" for n in range(200)]}]}
    asked = "name.given.count() = 200"
    assert told(" and ".join([asked] * 5), many)
    assert told(" and ".join([asked] * 20), many) is False


def test_hl7s_suite_is_never_true_where_the_evaluation_is_not(told: Told) -> None:
    certain = 0
    for case in SUITE:
        resource = examples().get(case.input.rsplit(".", 1)[0]) if case.input else None
        if resource is None or case.invalid or resource.get("resourceType") == "Questionnaire":
            continue
        found = told(case.expression, resource)
        if found:
            certain += 1
            try:
                expected = holds(case.expression, resource)
            except FhirPathError:
                expected = False
            assert expected, case.name
    assert certain > 40


def test_invariants_of_r4_are_never_true_where_hl7s_validator_has_them_fail(
    told: Told, explainer: Explainer
) -> None:
    """Those of resources, each as a program, though most have a shorter form."""
    certain = 0
    for case in INVARIANTS:
        resource = case["resource"]
        for constraint in explainer.schema.type(resource["resourceType"]).root.constraints:
            if constraint.key == case["key"] and constraint.expression:
                found = told(constraint.expression, resource)
                certain += bool(found)
                assert not found or case["holds"], case
    assert certain > 20
