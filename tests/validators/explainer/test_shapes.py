"""Shapes and memories spare work, never a fault: an object is judged the same, whatever stood in
the lines before it.
"""

from __future__ import annotations

import json

import pytest

from bulkfhir.validators import Validator
from bulkfhir.validators.fhirpath import Scope
from bulkfhir.validators.fhirpath.lowered.condition import (
    And,
    Const,
    Contained,
    Count,
    Dates,
    Distinct,
    Each,
    Has,
    Is,
    Not,
    NotBlank,
    NumberIs,
    One,
    Or,
    Prefix,
    Shares,
    Some,
)
from bulkfhir.validators.fhirpath.lowered.ops import closure
from bulkfhir.validators.fhirpath.lowered.presence import decided

NAME = {"use": "official", "family": "Lovelace", "given": ["Ada"]}
PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "active": True,
    "name": [NAME],
    "birthDate": "1815-12-10",
    "deceasedBoolean": True,
    "managingOrganization": {"reference": "Organization/o", "display": "Society"},
    "contact": [{"name": NAME, "period": {"start": "2020-01-01", "end": "2021-01-01"}}],
}


def said(validator, resource):
    return [
        (issue.rule, issue.location, issue.diagnostics)
        for issue in validator.validate(json.dumps(resource).encode()).issues
    ]


@pytest.fixture
def experienced():
    """A validator that has seen the shapes and values of a good patient often enough."""
    validator = Validator("structure-only", native=False)
    for _ in range(4):
        assert said(validator, PATIENT) == []
    return validator


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "not an id"},
        {"active": "true"},
        {"active": 1},
        {"active": None},
        {"active": [True]},
        {"birthDate": "1815-02-30"},
        {"birthDate": {}},
        {"birthDate": ""},
        {"name": []},
        {"name": NAME},
        {"name": [NAME | {"use": "nonsense"}]},
        {"name": [NAME | {"use": ["official"]}]},
        {"name": [{}]},
        {"name": [{}], "contact": [{}]},
        {"name": [None]},
        {"contact": [{"period": {"start": "2021-01-01", "end": "2020-01-01"}}]},
        {"contact": [{"gender": "female"}]},
        {"deceasedBoolean": True, "deceasedDateTime": "1852-11-27"},
        {"managingOrganization": {"reference": "Patient/o"}},
        {"managingOrganization": {"reference": "Organization/o", "display": ""}},
        {"managingOrganization": {"reference": "Organization/o", "display": 1}},
        {"managingOrganization": {"reference": ["Organization/o"]}},
        {"managingOrganization": {"reference": "#o"}},
        {"managingOrganization": {"reference": "Organization/o", "type": "Patient"}},
        {"managingOrganization": {"display": "Society", "nonsense": 1}},
        {"managingOrganization": [{"reference": "Organization/o"}]},
        {"managingOrganization": "Organization/o"},
        {"nonsense": 1},
        {"_birthDate": {"id": "x"}},
        {"_birthDate": {"nonsense": 1}},
    ],
    ids=lambda changed: json.dumps(changed)[:40],
)
def test_experience_changes_no_verdict(experienced, changed):
    for _ in range(4):
        assert said(experienced, PATIENT | changed) == said(
            Validator("structure-only", native=False), PATIENT | changed
        )
    assert said(experienced, PATIENT) == []


def test_empty_objects_stay_faults_however_often_they_come(experienced):
    for _ in range(5):
        assert [rule for rule, _, _ in said(experienced, PATIENT | {"name": [{}]})] == ["ele-1"]


def test_a_missing_element_is_said_however_often_its_shape_comes():
    validator = Validator("structure-only", native=False)
    for _ in range(5):
        rules = [
            rule
            for rule, _, _ in said(validator, {"resourceType": "Observation", "status": "final"})
        ]
        assert rules == ["cardinality"]


def test_a_reference_that_was_fine_on_a_line_is_looked_up_in_a_bundle(experienced):
    entry = {"fullUrl": "http://example.org/Patient/p", "resource": PATIENT}
    other = {
        "fullUrl": "http://example.org/Organization/o",
        "resource": {"resourceType": "Patient", "id": "o"},
    }
    rules = [
        rule
        for rule, _, _ in said(
            experienced, {"resourceType": "Bundle", "type": "collection", "entry": [entry, other]}
        )
    ]
    assert "reference-target" in rules


def test_a_reference_to_a_contained_resource_asks_for_it_every_time(experienced):
    held = PATIENT | {
        "contained": [{"resourceType": "Organization", "id": "o", "name": "Society"}],
        "managingOrganization": {"reference": "#o"},
    }
    for _ in range(4):
        assert said(experienced, held) == []
    wrong = held | {"contained": [{"resourceType": "Patient", "id": "o"}]}
    assert "reference-target" in [rule for rule, _, _ in said(experienced, wrong)]
    assert "dom-3" in [
        rule
        for rule, _, _ in said(
            experienced, held | {"managingOrganization": {"reference": "Organization/o"}}
        )
    ]
    assert "reference-resolve" in [
        rule
        for rule, _, _ in said(experienced, PATIENT | {"managingOrganization": {"reference": "#o"}})
    ]


OPS = [
    Const(True),
    Not(Has(("a",))),
    And((Has(("a",)), Has(("b", "c")))),
    Or((Has(("a",)), Is(("b",), ("x",)))),
    Is(("a", "b"), ("x",)),
    NotBlank(("a",)),
    Each("a", ("x",)),
    NumberIs(("a",), ">", 1),
    Prefix(("a",), "x"),
    Dates(("a",), "<=", ("b",)),
    Count((("a",), ("b", "_b")), "<=", 1),
    Count((("a",), ("b", "_b")), ">", 0),
    One(("a",), Has(("b",))),
    Some(("a",), Has(("b",))),
    Contained(("a",)),
    Shares("a", ("b",)),
    Distinct(((("a",), Const(True)),), "b"),
]
VALUES = ["x", "", 2, "2020-01-01", ["x"], {"b": 1}, [{"b": 1}, {"b": 1}]]


@pytest.mark.parametrize("op", OPS, ids=str)
def test_what_names_decide_holds_for_every_value(op):
    check, scope = closure(op), Scope({}, {}, None)
    for names in ((), ("a",), ("b",), ("a", "b"), ("c",), ("_b",)):
        answer = decided(op, frozenset(names))
        for value in VALUES:
            found = check(dict.fromkeys(names, value), scope)
            assert answer is None or bool(found) is answer, (names, value)


def test_names_decide_most():
    assert decided(And((Has(("a",)), Is(("b",), ("x",)))), frozenset({"b"})) is False
    assert decided(Or((Not(Has(("a",))), Is(("a",), ("x",)))), frozenset()) is True
    assert decided(Is(("a",), ("x",)), frozenset({"a"})) is None
