"""The memory of CodeableConcepts never answers for a concept that differs from the one it has
seen.
"""

from __future__ import annotations

import json
import tracemalloc

import pytest

from bulkfhir.validators import Validator
from bulkfhir.validators.checks.resolution import TYPES_KEPT
from bulkfhir.validators.explainer import remembered

GOOD = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus",
            "code": "M",
            "display": "Married",
        }
    ],
    "text": "married",
}
CODING = GOOD["coding"][0]


def failing(validator, concept):
    line = json.dumps({"resourceType": "Patient", "id": "p", "maritalStatus": concept}).encode()
    return {issue.rule for issue in validator.validate(line).issues if issue.fails}


@pytest.mark.parametrize(
    ("concept", "rule"),
    [
        (GOOD | {"text": None}, "json-type"),
        (GOOD | {"text": ""}, "empty-string"),
        (GOOD | {"text": 1}, "json-type"),
        (GOOD | {"coding": [CODING | {"userSelected": 1}]}, "json-type"),
        (GOOD | {"coding": [CODING | {"display": None}]}, "json-type"),
        (GOOD | {"coding": [CODING | {"code": "Q"}]}, "code-system"),
        (GOOD | {"coding": [CODING | {"code": ["M"]}]}, "json-type"),
        (GOOD | {"coding": CODING}, "json-form"),
        (GOOD | {"coding": []}, "empty-array"),
        (GOOD | {"nonsense": 1}, "unknown-element"),
    ],
)
def test_a_concept_that_differs_is_judged_itself(concept, rule):
    validator = Validator("structure-only")
    for seen in (
        GOOD,
        {"coding": GOOD["coding"]},
        GOOD | {"coding": [CODING | {"userSelected": True}]},
    ):
        assert failing(validator, seen) == set()
        assert failing(validator, seen) == set()
    assert rule in failing(validator, concept)


def test_codes_that_cannot_be_decided_are_counted_every_time():
    validator = Validator("structure-only", native=False)
    line = (
        b'{"resourceType":"MolecularSequence","id":"m","coordinateSystem":0,"structureVariant":['
        b'{"variantType":{"coding":[{"system":"http://loinc.org","code":"LA9658-1"}]}}]}'
    )  # bound, required, to a value set of LOINC that nobody publishes
    counts = []
    for _ in range(3):
        validator.validate(line)
        counts.append(validator.undecided.total())
    assert counts == [1, 2, 3]


def test_what_was_found_in_a_concept_is_found_again_wherever_it_stands():
    validator = Validator("structure-only", warnings=True)
    unknown = {"coding": [{"system": "http://example.org/own", "code": "x", "display": " x "}]}
    lines = [
        json.dumps(
            {
                "resourceType": "Patient",
                "id": "p",
                "communication": [{"language": unknown} for _ in range(count)],
            }
        ).encode()
        for count in (1, 2, 2, 1)
    ]
    places = [
        [
            issue.location
            for issue in validator.validate(line).issues
            if issue.rule == "string-whitespace"
        ]
        for line in lines
    ]
    one, two = (f"Patient.communication[{index}].language.coding[0].display" for index in (0, 1))
    assert places == [[one], [one, two], [one, two], [one]]


def test_types_of_contained_resources_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Watched(remembered._References):
        def __init__(self, *args) -> None:
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr(remembered, "_References", Watched)
    validator = Validator("structure-only", native=False)
    for number in range(TYPES_KEPT + 50):
        resource = {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "c"},
            "contained": [{"resourceType": f"Unknown{number}", "id": "a"}],
            "focus": [{"reference": "#a"}],
        }
        validator.validate(json.dumps(resource).encode())
    assert max(len(references._held) for references in made) == TYPES_KEPT


def test_a_concept_that_is_remembered_takes_no_more_than_what_it_says():
    validator = Validator("structure-only", native=False)

    def judge(first: int) -> None:
        for number in range(first, first + 1000):
            text = b'{"resourceType":"Basic","id":"b","code":{"text":"concept %d"}}' % number
            assert validator.validate(text).issues == []

    judge(0)
    tracemalloc.start()
    judge(1000)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 1000 * 1000
